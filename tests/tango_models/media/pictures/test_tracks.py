"""Of several picture tracks the one with most pictures is shown, wherever it stands, and it is said."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.errors import InputError
from tango_models.media.pictures.decoding import first_picture_time
from tango_models.media.pictures.frames import FrameReader
from tango_models.media.probe import probe_video
from tests.media_samples import coded_picture, read_code, tone, write_sound, write_video

CODECS = {"mjpeg": "yuvj420p", "libx264": "yuv420p", "mpeg4": "yuv420p"}


def write_tracks(path, tracks):
    """`tracks`: (codec, fps, pictures, number of the first); each as wide as its place says."""
    with av.open(str(path), "w") as container:
        streams = []
        for place, (codec, fps, _, _) in enumerate(tracks):
            stream = container.add_stream(codec, rate=fps)
            stream.width, stream.height, stream.pix_fmt = 96 + 16 * place, 64, CODECS[codec]
            stream.codec_context.options = {"preset": "ultrafast"} if codec == "libx264" else {}
            streams.append(stream)
        packets = []
        for stream, (_, fps, count, first) in zip(streams, tracks, strict=True):
            for number in range(count):
                picture = coded_picture(first + number, stream.width)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = number, Fraction(1, fps)
                packets += stream.encode(frame)
            packets += stream.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


@settings(deadline=None, max_examples=15)
@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=3),
    codecs=st.lists(st.sampled_from(sorted(CODECS)), min_size=3, max_size=3),
    kind=st.sampled_from(["mkv", "mp4"]),
    fps=st.sampled_from([10, 30]),
)
def test_the_track_with_most_pictures_is_shown_and_said(tmp_path_factory, counts, codecs, kind, fps):
    path = tmp_path_factory.mktemp("t") / f"a.{kind}"
    write_tracks(
        path, [(codec, fps, count, 100 * k) for k, (codec, count) in enumerate(zip(codecs, counts, strict=False))]
    )
    most = int(np.argmax(counts))
    reader = FrameReader(path)
    codes = [read_code(frame) for frame in reader]
    assert set(codes) == set(range(100 * most, 100 * most + counts[most]))
    assert probe_video(path).width == 96 + 16 * most
    assert f"picture track {most + 1} of {len(counts)} has" in reader.notes[0]
    assert reader.notes[0].endswith(f"track {most + 1} is used")


def test_a_track_that_cannot_be_decoded_is_passed_over(tmp_path):
    path = write_tracks(tmp_path / "a.mov", [("mjpeg", 30, 40, 0), ("libx264", 30, 20, 100)])
    path.write_bytes(path.read_bytes().replace(b"jpeg", b"zzz9"))
    reader = FrameReader(path)
    assert {read_code(frame) for frame in reader} == set(range(100, 120))
    assert "picture track 1 of 2 cannot be decoded" in reader.notes[0]


def test_a_single_track_is_not_talked_about_and_sound_alone_is_no_video(tmp_path):
    reader = FrameReader(write_video(tmp_path / "a.mp4", [coded_picture(0)] * 8))
    assert list(reader) and not reader.notes
    sound = write_sound(tmp_path / "a.m4a", tone(1, 16000), codec="aac")
    assert first_picture_time(sound) is None
    with pytest.raises(InputError, match="no picture"):
        probe_video(sound)
