"""Pictures that are stored ahead of those shown before them come in order and in step, whatever their file knows."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tango_models.media.pictures.frames import FrameReader
from tango_models.media.pictures.presentation import PresentationTimes
from tests.media_samples import coded_picture, read_code

COUNT = 36


def write(path, codec, fps, options, *, stamps):
    """`COUNT` coded pictures; with `stamps` "of decoding" no packet says when it is shown."""
    base = 1 / Fraction(fps).limit_denominator(1001)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1 / base)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.time_base = stream.codec_context.time_base = base
        stream.codec_context.options = options
        packets = []
        for number in range(COUNT):
            frame = av.VideoFrame.from_ndarray(coded_picture(number), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, base
            packets += stream.encode(frame)
        packets += stream.encode(None)
        first = min(packet.dts for packet in packets)
        for packet in packets:
            if stamps == "of decoding":
                packet.dts -= first  # else an MP4 leaves out what is decoded before 0
                packet.pts = packet.dts
            container.mux(packet)
    return path


@settings(deadline=None, max_examples=12)
@given(
    kind=st.sampled_from(["avi", "mp4", "mkv", "ts", "nut", "flv", "asf"]),
    stamps=st.sampled_from(["of decoding", "of showing"]),
    fps=st.sampled_from([1, 3, 10, 25, 30, 60, 97.3]),
    ahead=st.sampled_from([0, 1, 3, 16]),
    pyramid=st.sampled_from(["none", "normal"]),
    keys=st.sampled_from([8, 20, 250]),
    open_groups=st.booleans(),
)
@example(kind="avi", stamps="of decoding", fps=30, ahead=3, pyramid="normal", keys=250, open_groups=False)
@example(kind="mkv", stamps="of showing", fps=10, ahead=3, pyramid="normal", keys=250, open_groups=False)
@example(kind="mkv", stamps="of showing", fps=1, ahead=16, pyramid="none", keys=250, open_groups=False)
def test_all_pictures_are_shown_in_order(tmp_path_factory, kind, stamps, fps, ahead, pyramid, keys, open_groups):
    options = {"preset": "ultrafast", "crf": "12", "bf": str(ahead), "g": str(keys)}
    options["x264-params"] = f"b-adapt=0:b-pyramid={pyramid}:open-gop={int(open_groups)}"
    path = write(tmp_path_factory.mktemp("b") / f"a.{kind}", "libx264", fps, options, stamps=stamps)
    reader = FrameReader(path)
    codes = np.array([read_code(frame) for frame in reader])
    assert (np.diff(codes) >= 0).all() and not reader.breaks and not reader.truncated
    assert len(codes) == pytest.approx(COUNT * 30 / fps, abs=1 if fps > 1 else 30)
    assert fps > 30 or set(codes) == set(range(COUNT))
    due = np.floor(np.arange(len(codes)) * fps / 30 + 0.3)
    assert np.abs(codes - due)[: len(codes) - round(45 / fps)].max() <= 1  # the last one may be held for less


@settings(deadline=None, max_examples=100)
@given(
    groups=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    lost=st.sets(st.integers(1, 40), max_size=4),
    known=st.booleans(),
)
def test_packets_without_a_picture_move_no_other_by_more(groups, lost, known):
    order: list[int] = []  # places in the order of showing, in the order of the file
    keys = set()
    for ahead in groups:  # a picture that others need, and those that are stored behind it and shown before it
        if not ahead and len(order) % 3 == 0:
            keys.add(len(order))
        order += [len(order) + ahead, *range(len(order), len(order) + ahead)]
    stamps = order if known else range(len(order))
    times, given_times, decoded = PresentationTimes(), {}, {}
    gone = {order[number] for number in lost if number < len(order)}
    due = 0
    for number, place in enumerate(order):
        packet = av.Packet(b"x")
        packet.pts = packet.dts = stamps[number]
        packet.time_base = Fraction(1, 25)
        times.read(packet)
        if place not in gone:
            decoded[place] = stamps[number]
        while due in decoded or (due in gone and due in order[: number + 1]):
            if due in decoded:
                own = Fraction(decoded[due], 25)
                given_times[due] = times.time(own, key=due in keys, reordered=int(any(groups)))
            due += 1
    assert given_times.keys() == set(order) - gone
    allowed = 0 if known or not gone else 1 + len(gone)
    assert all(time is not None and abs(time * 25 - place) <= allowed for place, time in given_times.items())
