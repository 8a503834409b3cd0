"""Colours and shapes as displayed: HDR, wide gamuts, matrices by lines, alpha, interlaced fields, sizes that change."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from tango_models.media.pictures.colour import BT709, matrix_of, on_black, to_rgb
from tango_models.media.pictures.deinterlace import deinterlaced
from tango_models.media.pictures.frames import FrameReader
from tango_models.media.pictures.geometry import Geometry
from tango_models.media.pictures.wide_colour import HLG, PQ, hlg_light, pq_light, wide
from tests.media_samples import write_video

PATCHES = np.array([[255, 255, 255], [128, 128, 128], [200, 40, 40], [40, 160, 60], [50, 70, 190], [224, 172, 140]])
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.2087


def signal_of(light, transfer):
    """The signal of linear light (1: white of SDR), by looking it up."""
    signal = np.linspace(0, 1, 20001)
    if transfer == PQ:
        known = pq_light(signal) / 203
    elif transfer == HLG:
        known = hlg_light(signal) / hlg_light(np.array(0.75))
    else:
        known = signal**2.4
    return np.interp(light, known, signal)


def frame_of(patches, transfer, *, side=32):
    """A 10 bit BT.2020 frame of SDR patches side by side, limited range."""
    light = (patches / 255.0) ** 2.4 @ TO_BT2020.T
    e = np.repeat(signal_of(light, transfer), side, axis=0)[None].repeat(side, axis=0)
    y = e @ np.array([0.2627, 0.6780, 0.0593])
    chroma = (e[..., 2] - y) / 1.8814, (e[..., 0] - y) / 1.4746
    frame = av.VideoFrame(e.shape[1], side, "yuv420p10le")
    for plane, values in zip(frame.planes, (64 + 876 * y, *(512 + 896 * c[::2, ::2] for c in chroma)), strict=True):
        stored = np.zeros((plane.height, plane.line_size // 2), "<u2")
        stored[:, : values.shape[1]] = np.round(values)
        plane.update(stored.tobytes())
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = 9, 1, 9, transfer
    return frame


@pytest.mark.parametrize("transfer", [HLG, PQ, 14])
def test_wide_and_hdr_pictures_look_as_in_sdr(transfer):
    frame = frame_of(PATCHES, transfer)
    rgb = to_rgb(frame, VideoReformatter(), frame.width, frame.height)
    assert rgb.dtype == np.uint8 and rgb.shape == (32, 192, 3)
    for k, patch in enumerate(PATCHES):
        assert np.abs(rgb[16, 32 * k + 16].astype(int) - patch).max() <= 3, (k, rgb[16, 32 * k + 16])


@pytest.mark.parametrize("colour_range", [1, 2])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv444p10le"])
def test_ycgco_has_its_colours(colour_range, pix_fmt):
    red, green, blue = np.moveaxis(np.repeat(PATCHES / 255, 32, axis=0)[None].repeat(32, axis=0), -1, 0)
    luma = (red + 2 * green + blue) / 4
    chroma = (2 * green - red - blue) / 4, (red - blue) / 2
    full = colour_range == 2
    levels = [luma * 255 if full else 16 + 219 * luma, *(128 + c * (255 if full else 224) for c in chroma)]
    frame = av.VideoFrame(192, 32, pix_fmt)
    deep = pix_fmt.endswith("le")
    for plane, values in zip(frame.planes, levels, strict=True):
        stored = np.zeros((plane.height, plane.line_size // (2 if deep else 1)), "<u2" if deep else np.uint8)
        shown = values if plane.width == 192 else values[::2, ::2]
        stored[:, : plane.width] = np.round(shown * 4 if deep else np.clip(shown, 0, 255)).clip(0, 1023)
        plane.update(stored.tobytes())
    frame.colorspace, frame.color_range = 8, colour_range
    rgb = to_rgb(frame, VideoReformatter(), 192, 32)
    for k, patch in enumerate(PATCHES):
        assert np.abs(rgb[16, 32 * k + 16].astype(int) - patch).max() <= 3, (k, rgb[16, 32 * k + 16])


def test_colours_that_are_not_known_are_said(tmp_path):
    pictures = [np.full((64, 96, 3), 100, np.uint8)] * 8
    known = FrameReader(write_video(tmp_path / "a.mp4", pictures, colourspace=1))
    assert list(known) and not known.notes
    path = write_video(tmp_path / "b.mp4", pictures, options={"x264-params": "colormatrix=ictcp"})
    reader = FrameReader(path)
    assert list(reader) and "ICtCp" in reader.notes[0]


def test_light_above_the_white_of_sdr_is_white():
    frame = frame_of(np.array([[255, 255, 255]]) * 1.5, PQ)
    assert (to_rgb(frame, VideoReformatter(), 32, 32)[16, 16] == 255).all()


def test_the_curves_meet_their_standards():
    assert pq_light(np.array([0.58, 1.0])) == pytest.approx([203, 10000], rel=0.02)  # BT.2408 table 1
    assert hlg_light(np.array([0.5, 0.75, 1.0])) == pytest.approx([1 / 12, 0.265, 1.0], rel=0.01)


def test_ordinary_frames_are_not_wide():
    frame = av.VideoFrame(64, 64, "yuv420p")
    for primaries in (1, 2, 5, 6):
        frame.color_primaries = primaries
        assert wide(frame) is None


@pytest.mark.parametrize(("size", "matrix"), [
    ((640, 480), 5), ((854, 480), 5), ((720, 576), 5), ((1024, 576), 5), ((1280, 720), BT709), ((406, 720), BT709),
])  # fmt: skip
def test_a_missing_matrix_is_guessed_by_lines(size, matrix):
    assert matrix_of(av.VideoFrame(*size, "yuv420p")) == matrix


@pytest.mark.parametrize("format_", ["rgba", "bgra", "yuva420p", "gbrap", "ya8"])
def test_what_is_transparent_shows_black(format_):
    rgba = np.zeros((32, 64, 4), np.uint8)
    rgba[:, :32] = (200, 200, 200, 255)
    rgba[:, 32:] = (200, 200, 200, 0)  # a colour that nobody is to see
    frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=format_)
    rgb = to_rgb(frame, VideoReformatter(), 64, 32)
    assert np.abs(rgb[16, 8].astype(int) - 200).max() <= 4 and rgb[16, 56].max() <= 2
    assert on_black(np.full((1, 1, 4), 128, np.uint8)).ravel().tolist() == [64] * 3


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_the_alpha_of_a_browsers_video_is_read(tmp_path, codec):
    rgba = np.tile(np.array([200, 200, 200, 255], np.uint8), (64, 96, 1))
    rgba[:, 48:, 3] = 0
    with av.open(str(tmp_path / "a.webm"), "w") as container:
        stream = container.add_stream(codec, rate=30, options={"auto-alt-ref": "0", "b": "4M", "crf": "5"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuva420p"
        for k in range(6):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="yuva420p")
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    frames = list(FrameReader(tmp_path / "a.webm"))
    assert len(frames) == 6
    assert frames[3][32, 20].min() > 180 and frames[3][32, 80].max() < 10


def comb(pictures):
    """Mean energy between neighbouring lines."""
    pictures = np.asarray(pictures, np.float64).mean(axis=3)
    return np.abs(2 * pictures[:, 1:-1] - pictures[:, :-2] - pictures[:, 2:]).mean()


@pytest.mark.parametrize(("name", "codec", "options"), [
    ("a.mp4", "libx264", {"flags": "+ildct+ilme", "x264-params": "tff=1"}),
    ("a.mpg", "mpeg2video", {"b": "12M", "flags": "+ildct+ilme"}),
])  # fmt: skip
def test_interlaced_frames_are_made_whole_and_none_is_lost(tmp_path, name, codec, options):
    y, x = np.mgrid[:96, :128]
    room = np.kron(np.random.default_rng(0).uniform(60, 180, (6, 8)), np.ones((16, 16)))
    moving = []
    for k in range(41):
        hand = (x - 30 - 3 * k / 2) ** 2 + (y - 48) ** 2 < 20**2
        grey = np.where(hand, 215, room).astype(np.uint8)
        moving.append(np.repeat(grey[..., None], 3, axis=2))
    even = (np.arange(96) % 2 == 0)[:, None, None]
    woven = [np.where(even, moving[k], moving[k + 1]) for k in range(40)]
    found = list(FrameReader(write_video(tmp_path / name, woven, codec=codec, options=options)))
    assert len(found) == 40
    assert comb(found) <= 1.05 * comb(moving[:40]) and comb(woven) > 1.15 * comb(moving[:40])
    for k in range(5, 35):  # each in its place, of the first field or the second
        far = [np.abs(found[k].astype(int) - moving[n]).mean() for n in range(40)]
        assert np.argmin(far) in (k, k + 1)


def test_frames_not_marked_as_interlaced_pass_untouched():
    frames = [(Fraction(k, 30), None, av.VideoFrame(64, 64, "yuv420p")) for k in range(5)]
    assert [timed for timed in deinterlaced(frames)] == frames


def test_a_picture_that_changes_its_size_is_fitted_into_the_first(tmp_path):
    wide_, tall = np.full((64, 96, 3), 200, np.uint8), np.full((96, 64, 3), 200, np.uint8)
    data = b"".join(
        write_video(tmp_path / f"{k}.ts", [picture] * 20).read_bytes() for k, picture in enumerate((wide_, tall))
    )
    (tmp_path / "joined.ts").write_bytes(data)
    reader = FrameReader(tmp_path / "joined.ts")
    frames = list(reader)
    assert len(frames) >= 38 and {frame.shape for frame in frames} == {(64, 96, 3)}
    last = frames[-1]
    assert last[32, 48].min() > 180 and last[32, 5].max() < 20 and last[32, 90].max() < 20
    assert any("another size" in note for note in reader.notes)


def test_fitting_keeps_the_shape():
    fitted = Geometry(96, 64, 0, False).fit(np.full((200, 100, 3), 255, np.uint8))
    assert fitted.shape == (64, 96, 3)
    lit = fitted[..., 0] > 0
    assert lit.any(axis=1).all() and lit.any(axis=0).sum() == 32
