"""Pictures of any size and shape pass whatever looks at them, interlaced or not, or are refused in one line."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tango_models.errors import InputError
from tango_models.media.pictures.cadence import ChangeMeter
from tango_models.media.pictures.frames import FrameReader
from tango_models.media.pictures.jumps import JumpMeter
from tango_models.media.pictures.shots import ShotMeter
from tango_models.media.pictures.small_grey import small_grey
from tango_models.media.probe import probe_video
from tests.media_samples import write_video

COUNT = 9
SIDES = st.one_of(st.integers(2, 20), st.integers(2, 400))


def looked_at(path):
    """Frames of a file that passed all meters, and their shape."""
    changes, shots, jumps = ChangeMeter(), ShotMeter(), JumpMeter()
    shapes = []
    for frame in FrameReader(path):
        grey = small_grey(frame)
        jumps.see(frame, changes.see(grey))
        shots.see(grey)
        shapes.append(frame.shape)
    assert len(jumps.jumps()) == len(shots.loss) == len(shapes)
    return len(shapes), set(shapes)


@settings(deadline=None, max_examples=15)
@given(
    width=SIDES,
    height=SIDES,
    pix_fmt=st.sampled_from(["yuv420p", "yuv422p", "yuv444p", "gray", "bgr0"]),
    interlaced=st.booleans(),
    aspect=st.sampled_from([None, Fraction(16, 11), Fraction(1, 2), Fraction(2)]),
)
@example(width=640, height=64, pix_fmt="yuv420p", interlaced=False, aspect=None)
@example(width=2000, height=16, pix_fmt="yuv420p", interlaced=False, aspect=None)
@example(width=16, height=2000, pix_fmt="yuv420p", interlaced=False, aspect=None)
@example(width=16, height=2, pix_fmt="yuv420p", interlaced=True, aspect=None)
@example(width=5, height=4, pix_fmt="yuv420p", interlaced=True, aspect=None)
def test_every_shape_is_read(tmp_path_factory, width, height, pix_fmt, interlaced, aspect):
    path = tmp_path_factory.mktemp("s") / "a.mkv"
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.options = {"level": "1"}  # which knows the smallest
        if interlaced:
            stream.codec_context.options |= {"flags": "+ildct+ilme", "field_order": "tt"}
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for number in range(COUNT):
            frame = av.VideoFrame(width, height, pix_fmt)
            for plane in frame.planes:
                plane.update(rng.integers(0, 255, plane.buffer_size, dtype=np.uint8).tobytes())
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    probe = probe_video(path)
    assert looked_at(path) == (COUNT, {(probe.height, probe.width, 3)})


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 64), (300, 1)])
def test_a_side_of_one_pixel_is_refused(tmp_path, width, height):
    path = write_video(
        tmp_path / "a.nut", [np.zeros((height, width, 3), np.uint8)] * 9, codec="rawvideo", pix_fmt="bgr24"
    )
    for use in (probe_video, looked_at):
        with pytest.raises(InputError, match=f"{width} x {height}"):
            use(path)
