"""When each picture is shown where its file says only when to decode it.

Containers that know one time for each packet (AVI; others when written carelessly) give pictures that are stored ahead
of those shown before them, as B-frames need it, the times of decoding. These are the right times in the wrong places:
decoders give the pictures in the order in which they are shown, so the first of them has the first time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

_IN_A_DECODER = 128  # packets of which pictures may still come


class PresentationTimes:
    """Gives the pictures of one stream their times. As soon as a packet's time goes back, the file knows how to say
    when a picture is shown, and each picture's own time counts.
    """

    def __init__(self) -> None:
        self._known = False
        self._packets = 0
        self._times: deque[tuple[Fraction, int]] = deque(maxlen=_IN_A_DECODER)  # of the last packets, with their number
        self._due: deque[tuple[int, Fraction]] = deque(maxlen=_IN_A_DECODER)  # those that no picture has yet

    def read(self, packet: av.Packet) -> None:
        """Take the next packet, before it is decoded."""
        if self._known or packet.time_base is None:
            return
        if packet.pts is None:
            packet.pts = packet.dts
        if packet.pts is None:
            return
        time = packet.pts * packet.time_base
        if self._times and time < self._times[-1][0]:
            self._known = True
        self._times.append((time, self._packets))
        if not packet.is_discard:
            self._due.append((self._packets, time))
        self._packets += 1

    def time(self, own: Fraction | None, *, key: bool, reordered: int) -> Fraction | None:
        """Seconds of the next picture that is decoded.

        Args:
            own: what it has from its packet.
            key: nothing that is stored behind it needs what is stored before it.
            reordered: how many pictures may be stored ahead of one that is shown before them.

        Returns:
            None where nothing says it.
        """
        if self._known or own is None or not self._due:
            return own
        place = bisect_left(self._times, (own, -1))
        if place == len(self._times) or self._times[place][0] != own:
            return own
        # No picture is shown earlier than this; what is still due before it belongs to packets without a picture.
        earliest = self._times[place][1] - (0 if key else reordered)
        while self._due and self._due[0][0] < earliest:
            self._due.popleft()
        return self._due.popleft()[1] if self._due else None
