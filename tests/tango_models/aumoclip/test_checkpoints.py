"""Saving, loading and every fault of a file."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from tango_models.aumoclip import checkpoints
from tango_models.aumoclip.modeling import AuMoClip, AuMoClipConfig
from tango_models.errors import InputError
from tests.tango_models.aumoclip import tiny


@pytest.fixture(scope="module")
def model() -> AuMoClip:
    torch.manual_seed(0)
    model = AuMoClip(tiny.embedded())
    model.motion_tower.set_statistics(torch.randn(825), torch.rand(825) + 0.5)
    return model


@pytest.fixture
def file(model, tmp_path):
    return checkpoints.save(model, tmp_path / "model.safetensors", notes={"recall": "0.3"})


def rewrite(file, change, metadata=None):
    from safetensors import safe_open

    with safe_open(str(file), framework="pt") as opened:
        header = opened.metadata()
    state = load_file(str(file))
    change(state)
    save_file(state, str(file), metadata=header if metadata is None else metadata)


def test_a_model_survives_its_file(model, file):
    loaded = checkpoints.load(file)
    assert loaded.config == model.config and not loaded.training
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())
    assert checkpoints.read_notes(file) == {"recall": "0.3"}


def test_folders_hold_a_named_file_and_nothing_else(model, tmp_path):
    path = checkpoints.save(model, tmp_path / "new" / "run")
    assert path == tmp_path / "new" / "run" / "aumoclip.safetensors"
    assert list(path.parent.iterdir()) == [path]
    checkpoints.load(tmp_path / "new" / "run")


def test_half_precision_files_are_half_the_size_and_give_nearly_the_same(model, file, tmp_path):
    half = checkpoints.save(model, tmp_path / "half.safetensors", half=True)
    assert half.stat().st_size < 0.55 * file.stat().st_size
    loaded, motion = checkpoints.load(half), torch.randn(2, 128, 825)
    assert all(value.dtype == torch.float32 for value in loaded.state_dict().values())
    with torch.no_grad():
        expected, found = (m.eval().encode_motion(motion).low for m in (model, loaded))
    assert torch.nn.functional.cosine_similarity(expected, found, dim=-1).min() > 0.999


def test_the_embedded_size_fits_into_12_megabytes(tmp_path):
    path = checkpoints.save(AuMoClip(AuMoClipConfig.embedded()), tmp_path, half=True)
    assert path.stat().st_size <= 12_000_000


@pytest.mark.parametrize("only", ["audio", "motion"])
def test_a_tower_alone_is_that_of_the_whole(model, file, only):
    alone = checkpoints.load(file, only=only).state_dict()
    own = {name: value for name, value in model.state_dict().items() if name.startswith(f"{only}_tower.")}
    assert alone.keys() == own.keys() and all(torch.equal(alone[name], value) for name, value in own.items())


def test_where_speech_is_not_embedded_its_network_is_not_imported():
    code = (
        "import sys; from tango_models.aumoclip.checkpoints import load; from tango_models.aumoclip import EMBEDDED; "
        "load(EMBEDDED, only='motion'); assert 'transformers' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_missing_extra_and_misshapen_tensors_are_named(file):
    def change(state):
        del state["audio_tower.low_mapping.mlp.0.weight"]
        state["surplus"] = torch.zeros(1)
        state["motion_tower.low_mapping.mlp.0.bias"] = torch.zeros(3)

    rewrite(file, change)
    with pytest.raises(InputError) as caught:
        checkpoints.load(file)
    message = str(caught.value)
    assert "lacks audio_tower.low_mapping.mlp.0.weight" in message and "unknown surplus" in message
    assert "motion_tower.low_mapping.mlp.0.bias (3,) instead of (256,)" in message


def test_values_that_are_not_numbers_are_refused(file):
    rewrite(file, lambda state: state["motion_tower.mean"].fill_(float("nan")))
    with pytest.raises(InputError, match=r"not numbers in motion_tower\.mean"):
        checkpoints.load(file)


def test_other_files_are_refused(file, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        checkpoints.load(tmp_path / "nowhere")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="no readable safetensors"):
        checkpoints.load(cut)
    cut.write_bytes(b"")
    with pytest.raises(InputError, match="no readable safetensors"):
        checkpoints.load(cut)
    rewrite(file, lambda state: None, metadata={"format": "pt"})
    with pytest.raises(InputError, match="not of the format"):
        checkpoints.load(file)
    config = {**tiny.embedded().to_dict(), "flavour": 1}
    rewrite(file, lambda state: None, metadata={"format": "tango-aumoclip-1", "config": json.dumps(config)})
    with pytest.raises(InputError, match="flavour"):
        checkpoints.load(file)
