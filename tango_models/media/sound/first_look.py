"""What is known of a speech recording within seconds: whether it can be used at all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tango_models.errors import InputError
from tango_models.media.container import MAX_SECONDS, check_seconds, container_seconds, open_media
from tango_models.media.packets import Packets
from tango_models.media.sound.audio import RATE, audio_blocks, check_speech_length
from tango_models.media.sound.pieces import LOUDEST, REMEDY, UNKNOWN, decodable_tracks, sound_pieces

if TYPE_CHECKING:
    import av

_COUNTING, _LISTENING = 1.0, 2.0
"""Seconds for what grows with the length of a file; what is not found until then is found by who reads it all."""
_BELIEVED = 0.5
"""Share of the limit: some readers guess a length from the first packets."""
_STORED = {
    f"pcm_f{bits}{order}": f"{mark}f{bits // 8}" for bits in (32, 64) for order, mark in (("le", "<"), ("be", ">"))
}


def look_at_speech(path: Path, *, max_seconds: float) -> None:
    """Refuse a recording that cannot be used. Only its beginning is decoded; where samples may be no numbers, and that
    costs little (they are stored as they are), all that can be in 2 s.

    Raises InputError: no sound, none that can be decoded, shorter than 0.2 s, longer than `max_seconds`, or samples
    that are not numbers.
    """
    tracks, count = decodable_tracks(path)
    if not count:
        raise InputError(str(path), "has no sound", "give a file with an audio track")
    if not tracks:
        raise InputError(str(path), UNKNOWN, REMEDY)
    faults = []
    for track in tracks:  # one that can be used is enough
        try:
            _check_beginning(path, track)
            _check_length(path, track, max_seconds)
            _check_numbers(path, track)
        except InputError as error:
            faults.append(error)
        else:
            return
    raise faults[0]


def _check_beginning(path: Path, track: int) -> None:
    samples = 0
    for block in audio_blocks(path, track=track):
        samples += len(block)
        if samples >= RATE:
            return
    check_speech_length(path, samples / RATE)


def _check_length(path: Path, track: int, max_seconds: float) -> None:
    """By the packets, of which none is decoded. Where they are many, by the header, if what the bytes so far last says
    the same of the whole file; of what is declared to be far shorter they are not counted."""
    with open_media(path) as container:
        declared = container_seconds(container)
        if declared is not None and declared <= _BELIEVED * max_seconds:
            return
        stream = container.streams.audio[track]
        packets, first = Packets(container), None
        deadline = time.monotonic() + _COUNTING
        for packet in packets:
            if packet.stream.index != stream.index or packet.pts is None:
                continue
            begin = float(packet.pts * packet.time_base)
            first = begin if first is None else first
            filled = begin - first + float((packet.duration or 0) * packet.time_base)
            surely = filled > max_seconds
            if surely or time.monotonic() > deadline:
                likely = filled * path.stat().st_size / ((packet.pos or 0) + packet.size)
                if surely or min(declared or 0.0, likely) > max_seconds:
                    check_seconds(path, max(filled, declared or 0.0), max_seconds)
                return


def _check_numbers(path: Path, track: int) -> None:
    deadline = time.monotonic() + _LISTENING
    with open_media(path) as container:
        stream = container.streams.audio[track]
        context = stream.codec_context
        if not context.codec.lossless or not context.format.name.startswith(("flt", "dbl")):
            return
        if stored := _STORED.get(context.name):
            for packet in Packets(container):
                if packet.stream.index == stream.index and not _are_numbers(packet, stored):
                    raise InputError(str(path), "holds samples that are not numbers", REMEDY)
                if time.monotonic() > deadline:
                    return
            return
    for _ in sound_pieces(path, track, max_seconds=MAX_SECONDS):
        if time.monotonic() > deadline:
            return


def _are_numbers(packet: av.Packet, kind: str) -> bool:
    samples = np.frombuffer(bytes(packet), kind, packet.size // np.dtype(kind).itemsize)
    return bool((np.abs(samples) <= LOUDEST).all())
