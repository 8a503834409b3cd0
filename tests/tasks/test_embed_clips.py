"""A model of the licensed body's joints on clips of one body and of the other."""

import numpy as np
import pytest

from data_catalog import Catalog, clip_id
from data_catalog.tables.sizes import CLIP_FRAMES
from flows.configuration.settings import Settings
from flows.onboard_avatar import onboard_avatar
from tango_models.aumoclip.checkpoints import load, save
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.aumoclip.processing import MotionEncoder
from tango_models.body.motion_features import motion_representation
from tango_models.body.smplx_body import OPEN_BODY, Body
from tango_models.errors import InputError
from tasks.embed_clips import EmbedClips
from tasks.views.columns import matrix, vectors
from tasks.views.embedding_model import EmbeddingModelConfig, check_body
from tests.stages import do
from tests.tango_models.aumoclip import tiny

CLIPS = 20  # less than a window


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(save(AuMoClip(tiny.paper()), tmp_path_factory.mktemp("model") / "paper.safetensors"))


@pytest.fixture
def catalog(tmp_path):
    """Two videos, of the open body and of the other."""
    catalog = Catalog(tmp_path / "catalog")
    for video, body in (("open", Body.load()), ("licensed", tiny.licensed_body())):
        motion = vectors(motion_representation(tiny.poses(CLIPS * CLIP_FRAMES), body).reshape(CLIPS, -1))
        catalog.table("clips").upsert(
            {"clip_id": clip_id(video, k), "track_id": video, "unit": video, "index": k, "shot": 0, "usable": True,
             "representation": motion[k]}
            for k in range(CLIPS)
        )  # fmt: skip
    return catalog


def embed(catalog: Catalog, checkpoint: str, video: str) -> np.ndarray:
    stage = EmbedClips(EmbeddingModelConfig(checkpoint=checkpoint))
    stage.setup()
    unit = stage.unit(f"{video}:m", subject=video, of={"create_clips": [video]}, track=video, model_id="m")
    do(catalog, stage, unit)
    return matrix(catalog.table("embeddings").read()["motion_low"]).reshape(CLIPS * CLIP_FRAMES, -1)


@pytest.mark.integration
def test_paper_embeds_clips_of_the_licensed_body_and_refuses_the_open_ones(catalog, checkpoint):
    found = embed(catalog, checkpoint, "licensed")
    motion = motion_representation(tiny.poses(CLIPS * CLIP_FRAMES), tiny.licensed_body())
    np.testing.assert_allclose(found, MotionEncoder(load(checkpoint)).encode(motion).low, atol=1e-3)
    with pytest.raises(InputError, match=r"licensed SMPL-X body.*set `body`"):
        embed(catalog, checkpoint, "open")


def test_paper_without_a_body_is_refused_before_anything_is_computed(checkpoint, tmp_path):
    model = EmbeddingModelConfig(checkpoint=checkpoint)
    with pytest.raises(InputError, match=r"paper\.safetensors.*set `body`"):
        check_body(model, None)
    check_body(model, str(OPEN_BODY))  # whoever names a body may use it
    with pytest.raises(InputError, match="there is no such body file"):
        check_body(model, "SMPLX_NEUTRAL_2020.npz")
    check_body(EmbeddingModelConfig(), None)
    own = save(AuMoClip(tiny.paper(joint_frame="any")), tmp_path / "own.safetensors")
    check_body(EmbeddingModelConfig(checkpoint=str(own)), None)
    with pytest.raises(InputError, match="set `body`"):
        settings = Settings(catalog=str(tmp_path / "catalog"), aumoclip=model)
        onboard_avatar.fn("ann", ["talk.mp4"], settings=settings)
    assert not (tmp_path / "catalog").exists()
