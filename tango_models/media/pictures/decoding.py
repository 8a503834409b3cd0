"""The pictures of a stream on the file's one clock, as far as they can be decoded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from tango_models.media.container import MAX_SIDE, checked_path, open_media
from tango_models.media.packets import Packets
from tango_models.media.pictures.presentation import PresentationTimes
from tango_models.media.pictures.track import moving_picture

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

    Timed = tuple[Fraction | None, Fraction | None, av.VideoFrame]

_REACH = 300
"""Pictures after damage that may still show it where no key picture comes: encoders place one at least as often."""
_MEASURED_PICTURES = 300
_MEASURED_PACKETS = 3000


class Pictures:
    """Iterates over (time, duration, frame) in presentation order, seconds on the file's one clock.

    Damage is noted, never raised: a packet that cannot be decoded and a picture that is known to be damaged are left
    out, and so are the pictures made from those, up to the next key picture.

    packets    the file's packets and their clock
    jumped     times of the first picture behind each jump of the clock
    damaged    packets that could not be decoded, and damaged pictures, behind the first that is given
    unseen     pictures of the file before the first that is given: damaged, or made from one that is not in it
    """

    def __init__(self, container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> None:
        self._stream = stream
        self.packets = Packets(container)
        self.jumped: list[Fraction] = []
        self.damaged = self.unseen = 0
        self._spoilt = 0  # pictures that may still show damage
        self._before: list[int] | None = []  # times of packets, until a picture is given
        self._shown = PresentationTimes()

    def __iter__(self) -> Iterator[Timed]:
        import av

        self._decoder = decoder = _decoder(self._stream)
        for packet in self._read():
            frames: list[av.VideoFrame] = []
            try:
                frames = decoder.decode(packet)
            except av.error.EOFError:  # the decoder was flushed already
                return
            except (av.error.FFmpegError, ValueError):
                self.damaged += 1
                self._spoilt = _REACH
            for frame in frames:
                timed = self._timed(frame)
                if self._is_whole(frame):
                    yield timed
                else:
                    self.damaged += 1

    def _is_whole(self, frame: av.VideoFrame) -> bool:
        """Whether a picture shows no damage, as far as its decoder tells: its own, or that of those it is made from."""
        if frame.is_corrupt:
            self._spoilt = _REACH
        elif frame.key_frame:
            self._spoilt = 0
        elif self._spoilt:
            self._spoilt -= 1
        if self._spoilt:
            return False
        if self._before is not None:
            self.unseen = sum(time < frame.pts for time in self._before) if frame.pts is not None else self.damaged
            self.damaged, self._before = 0, None
        return True

    def _read(self) -> Iterator[av.Packet | None]:
        """The stream's packets on the clock; None, which empties the decoder, at the end."""
        for packet in self.packets:
            if packet.stream.index != self._stream.index:
                continue
            if self.packets.jumped and packet.pts is not None:
                self.jumped.append(packet.pts * packet.time_base)
            self._shown.read(packet)
            if self._before is not None and packet.pts is not None and not packet.is_discard:
                self._before.append(packet.pts)
            yield packet
        yield None

    def _timed(self, frame: av.VideoFrame) -> Timed:
        """A picture's time is not believed where it lies behind everything that the file has delivered."""
        base = frame.time_base or self._stream.time_base  # those that the emptied decoder gives have none
        if base is None:
            return None, None, frame
        time = None if frame.pts is None else frame.pts * base
        time = self._shown.time(time, key=frame.key_frame, reordered=self._decoder.reorder_depth)
        end, hole = self.packets.clock.end, self.packets.clock.hole(self._stream.index, reordered=True)
        if time is not None and end is not None and time > end + hole:
            time = None
        duration = frame.duration * base if frame.duration else None
        return time, duration, frame


def _decoder(stream: av.video.stream.VideoStream) -> av.VideoCodecContext:
    """The stream's decoder; it refuses pictures larger than a header may declare.

    It decodes one picture after another: where FFmpeg decodes several side by side it may give one away before its
    damage is known (h264 with B pictures, 4 and 16 threads: 10 of 94 damaged files showed it; one thread: none of 96).
    What that costs, 15 instead of 11 ms of a picture of 3840 x 2160 and none at 1280 x 720, is less than a tenth of
    what looking for people in it takes; and a worker keeps to its cores.
    """
    import av

    decoder = stream.codec_context
    # FFmpeg's own decoders of VP8 and VP9 leave the alpha out, and what is behind it is whatever was encoded there
    alpha = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(decoder.name)
    if alpha in av.codecs_available and stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) == "1":
        decoder = av.VideoCodecContext.create(alpha, "r")  # type: ignore[assignment]
        decoder.extradata = stream.codec_context.extradata
    if not decoder.is_open:
        decoder.thread_count = 1
        decoder.options = {"max_pixels": str(MAX_SIDE * MAX_SIDE)}
    return decoder


def first_times(path: str | os.PathLike[str]) -> list[float]:
    """Presentation times (seconds, in file order) of the first pictures, up to the first jump of the clock.

    Nothing is decoded. Raises InputError as `open_media`.
    """
    times: list[float] = []
    with open_media(path) as container:
        stream, packets = moving_picture(container, checked_path(path)), Packets(container)
        if stream is None:
            return times
        for packet in islice(packets, _MEASURED_PACKETS):
            if packets.clock.jumps or len(times) == _MEASURED_PICTURES:
                break
            stamp = packet.dts if packet.pts is None else packet.pts
            if packet.stream.index == stream.index and stamp is not None:
                times.append(float(stamp * packet.time_base))
    return times


def first_picture_time(path: str | os.PathLike[str]) -> float | None:
    """Seconds, on the file's one clock, of the first picture that can be decoded: what `FrameReader` shows first.

    None for a file without a picture, and when the picture has no time. Raises InputError as `open_media`.
    """
    with open_media(path) as container:
        stream = moving_picture(container, checked_path(path))
        if stream is None:
            return None
        first = next(iter(Pictures(container, stream)), None)
        return None if first is None or first[0] is None else float(first[0])
