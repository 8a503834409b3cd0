"""Damaged pictures, and those made from them: none is taken for footage, and how many is said."""

import itertools
import random

import av
import numpy as np
import pytest

from tango_models.media.pictures.decoding import Pictures
from tango_models.media.pictures.frames import FrameReader
from tests.media_samples import coded_picture, cut_off, read_code, write_video

KEYS = 20
H264 = {"g": str(KEYS), "sc_threshold": "0", "threads": "3"}  # the same file on every machine
ENCODERS = {
    "a.mp4": ("libx264", H264),
    "a.mkv": ("libx264", {**H264, "bf": "2", "preset": "veryfast"}),
    "a.ts": ("libx264", H264),
    "a.avi": ("mpeg4", {"g": str(KEYS), "b": "2000000"}),
}


def _noisy(count: int) -> list[np.ndarray]:
    """Pictures that tell their number, with something in them that damage can be seen in."""
    noise = np.random.default_rng(0).integers(0, 60, (128, 192, 3), dtype=np.uint8)
    return [np.maximum(coded_picture(number, 192, 128), np.roll(noise, number, axis=1)) for number in range(count)]


def _packets(path) -> list[tuple[int, int]]:
    """Where the pictures lie in the file, and how long they are."""
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def _frames(path) -> tuple[list[np.ndarray], FrameReader]:
    reader = FrameReader(path)
    return list(reader), reader


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("hit", [0, 7, KEYS, 2 * KEYS + 5])
def test_no_picture_shows_the_damage_of_one_before_it(tmp_path, name, hit):
    codec, options = ENCODERS[name]
    whole = write_video(tmp_path / name, _noisy(4 * KEYS), codec=codec, options=options)
    good, _ = _frames(whole)
    place, size = _packets(whole)[hit]
    data, generator = bytearray(whole.read_bytes()), random.Random(hit)
    begin = place + size // 3
    for at in range(begin, begin + min(60, size // 3)):
        if not name.endswith(".ts") or at % 188 >= 4:  # the headers of a stream's packets stay
            data[at] = generator.randrange(256)
    (tmp_path / f"damaged_{name}").write_bytes(data)
    shown, reader = _frames(tmp_path / f"damaged_{name}")
    nearest = [min(float(np.abs(frame.astype(int) - other).mean()) for other in good) for frame in shown]
    assert max(nearest) < 4
    assert len(shown) >= 2 * KEYS
    if len(shown) < len(good):
        assert any("left out" in note for note in reader.notes)


def test_damage_is_known_before_a_picture_is_given_whatever_the_number_of_cores(tmp_path):
    whole = write_video(tmp_path / "a.mkv", _noisy(KEYS), codec="libx264", options=ENCODERS["a.mkv"][1])
    with av.open(str(whole)) as container:
        stream = container.streams.video[0]
        list(Pictures(container, stream))
        assert stream.codec_context.thread_count == 1


@pytest.mark.parametrize("lost", [1, 5, KEYS - 1])
def test_a_recording_that_begins_between_key_pictures_says_what_is_not_seen(tmp_path, lost):
    whole = write_video(tmp_path / "a.ts", _noisy(3 * KEYS), options=ENCODERS["a.ts"][1])
    begin = _packets(whole)[lost][0]
    (tmp_path / "b.ts").write_bytes(whole.read_bytes()[begin // 188 * 188 :])
    shown, reader = _frames(tmp_path / "b.ts")
    assert read_code(shown[0]) == KEYS
    assert reader.notes == [f"its first {KEYS - lost} pictures cannot be decoded and were left out"]


def test_where_no_key_picture_comes_pictures_are_used_again_after_a_while(tmp_path, monkeypatch):
    from tango_models.media.pictures import decoding

    monkeypatch.setattr(decoding, "_REACH", 12)
    whole = write_video(tmp_path / "a.mkv", _noisy(60), options={"g": "600", "sc_threshold": "0"})
    place, size = _packets(whole)[10]
    data = bytearray(whole.read_bytes())
    data[place + size // 3 : place + size // 2] = bytes(range(1, 200))[: size // 2 - size // 3].ljust(
        size // 2 - size // 3, b"\7"
    )
    (tmp_path / "b.mkv").write_bytes(data)
    shown, reader = _frames(tmp_path / "b.mkv")
    assert len(shown) == 60  # the last good one stands in the hole
    assert any("12 of its pictures are damaged" in note for note in reader.notes)


def test_a_whole_file_says_nothing_of_the_kind(tmp_path):
    for (name, (codec, options)), flags in itertools.product(ENCODERS.items(), (None, "frag_keyframe+empty_moov")):
        if flags and not name.endswith("mp4"):
            continue
        path = write_video(tmp_path / name, _noisy(50), codec=codec, options=options, movflags=flags)
        shown, reader = _frames(path)
        assert len(shown) == 50 and not reader.truncated and not reader.notes, (name, flags)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_a_fragmented_file_that_is_cut_off_in_a_picture_says_so(tmp_path, share):
    whole = write_video(
        tmp_path / "a.mp4",
        _noisy(60),
        options={"g": "10", "sc_threshold": "0"},
        movflags="frag_keyframe+empty_moov+default_base_moof",
    )
    _, reader = _frames(cut_off(tmp_path / "b.mp4", whole, share))
    assert reader.truncated
