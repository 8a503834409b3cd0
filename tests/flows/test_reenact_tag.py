"""A render of a tag shows the avatar as it was, whatever was onboarded since."""

import hashlib

import av
import pytest

from data_catalog import Catalog
from data_catalog.upkeep.tags import make_tag
from flows.configuration.settings import Settings
from flows.intake.requests import check_reenactment
from flows.onboard_avatar import onboard_avatar
from flows.reenact import reenact
from tango_models.errors import InputError
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime.registry import ONBOARDING, stage_class
from tests.media_samples import write_sound
from tests.speaker import cut_speaker

pytestmark = [pytest.mark.integration, pytest.mark.soak]


def _frame_hash(path: str) -> str:
    state = hashlib.sha256()
    with av.open(path) as container:
        for frame in container.decode(video=0):
            state.update(frame.to_ndarray(format="rgb24").tobytes())
    return state.hexdigest()


def test_a_render_of_a_tag_is_the_same_after_the_avatar_was_made_anew(
    tmp_path, prefect_server, ray_cluster, monkeypatch
):
    video = cut_speaker(tmp_path / "talk.mp4", start=2.0, seconds=3.0, side=256)
    speech = write_sound(tmp_path / "speech.wav", read_audio(SPEECH)[: 2 * 16000])
    settings = Settings(catalog=str(tmp_path / "catalog"))
    onboard_avatar("ann", [str(video)], settings=settings)
    catalog = Catalog(settings.catalog)
    make_tag(catalog, "first")
    before = reenact("ann", str(speech), str(tmp_path / "before.mp4"), settings=settings)

    changed = settings.model_copy(deep=True)
    changed.stages.extract_frames.crf = 30
    onboard_avatar("ann", [], settings=changed)
    cut_speaker(video, start=6.0, seconds=3.0, side=256)
    onboard_avatar("ann", [str(video)], settings=changed)
    for name in ("frames", "clips", "units", "avatars"):
        catalog.table(name).rewrite(wait=1.0)
    now = reenact("ann", str(speech), str(tmp_path / "now.mp4"), settings=changed)
    then = reenact("ann", str(speech), str(tmp_path / "then.mp4"), settings=changed, tag="first")
    assert _frame_hash(then.video) == _frame_hash(before.video) != _frame_hash(now.video)
    assert not {stage.stage for stage in then.report.stages} & set(ONBOARDING)
    assert len(catalog.avatars()) == 1 and len(catalog.avatar_videos("ann")) == 1

    def check(tag: str) -> None:
        check_reenactment("ann", str(speech), str(tmp_path / "x.mp4"), "aumoclip", "auto", changed, "match", tag)

    with pytest.raises(ValueError, match=r"'second': unknown \(known: first\)"):
        check("second")
    monkeypatch.setattr(stage_class("create_clips"), "code_version", "0")
    with pytest.raises(InputError, match=r"tag 'first': what it holds of ann cannot be shown \(code: create_clips"):
        check("first")
