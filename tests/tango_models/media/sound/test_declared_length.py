"""W64, AIFF and CAF are read whole, whatever length their header says."""

import struct

import av
import numpy as np
import pytest

from tango_models.media.container import open_media
from tango_models.media.sound.audio import read_audio
from tango_models.media.sound_length import mended

RATE, SECONDS = 16000, 2
SOUND = {
    "w64": (b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a", "<Q", 24),
    "aiff": (b"SSND", ">I", 0),
    "caf": (b"data", ">q", 0),
}


def written(path, codec):
    noise = np.random.default_rng(0).normal(0, 0.1, RATE * SECONDS).clip(-1, 1).astype(np.float32)
    with av.open(str(path), "w", format=path.suffix[1:]) as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray((noise[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return noise


def declare(path, held):
    """Writes `held` (of the bytes that the sound has) as its length."""
    name, form, header = SOUND[path.suffix[1:]]
    data = bytearray(path.read_bytes())
    at = data.index(name) + len(name)
    whole = struct.unpack_from(form, data, at)[0] - header
    struct.pack_into(form, data, at, held(whole) + header)
    path.write_bytes(data)
    return whole


CODECS = [("w64", "pcm_s16le"), ("aiff", "pcm_s16be"), ("caf", "pcm_s16be")]


@pytest.mark.parametrize(("suffix", "codec"), CODECS)
@pytest.mark.parametrize("seed", range(8))
def test_what_declares_less_than_it_holds_is_read_whole(tmp_path, suffix, codec, seed):
    path = tmp_path / f"speech.{suffix}"
    noise = written(path, codec)
    random = np.random.default_rng(seed)
    declare(path, lambda whole: int(random.integers(16, whole - 400)) // 8 * 8 if seed else 0)
    found = read_audio(path)
    assert len(found) == pytest.approx(len(noise), abs=32)
    np.testing.assert_allclose(found[: len(noise)][:30000], noise[:30000], atol=1e-3)


@pytest.mark.parametrize(("suffix", "codec"), CODECS)
def test_one_that_says_the_truth_is_left_as_it_is(tmp_path, suffix, codec):
    path = tmp_path / f"speech.{suffix}"
    noise = written(path, codec)
    assert mended(path) is None and len(read_audio(path)) == len(noise)


@pytest.mark.parametrize(("suffix", "codec"), CODECS)
def test_a_chunk_behind_the_sound_is_no_sound(tmp_path, suffix, codec):
    path = tmp_path / f"speech.{suffix}"
    noise = written(path, codec)
    text = b"made for a test of what stands behind the sound."
    name, form, header = SOUND[suffix]
    chunk = b"note" + name[4:] + struct.pack(form, len(text) + header) + text
    path.write_bytes(path.read_bytes() + chunk)
    assert mended(path) is None and len(read_audio(path)) == len(noise)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_header_is_the_file_is_read_or_refused(tmp_path, seed):
    from tango_models.errors import InputError

    random = np.random.default_rng(seed)
    path = tmp_path / f"speech.{CODECS[seed % 3][0]}"
    written(path, CODECS[seed % 3][1])
    data = bytearray(path.read_bytes())
    for at in random.integers(0, 120, random.integers(1, 6)):
        data[at] = random.integers(256)
    path.write_bytes(data[: int(random.integers(10, len(data)))] if seed % 2 else data)
    try:
        with open_media(path) as container:
            assert len(container.streams) < 3
        read_audio(path, max_seconds=60)
    except InputError:
        pass
