"""Footage for tests, cut from the synthetic speaker that ships with the package."""

from pathlib import Path

import cv2


def cut_speaker(path: Path, *, start: float, seconds: float, side: int) -> Path:
    """A part of the shipped speaker, scaled to `side` pixels, with its sound."""
    from tango_models.media.pictures.frames import iter_frames
    from tango_models.media.sound.audio import read_audio
    from tango_models.media.sound.track import SoundArray
    from tango_models.media.video_writer import VideoWriter
    from tango_models.synthetic.speaker import SPEAKER_VIDEO

    source = SPEAKER_VIDEO
    first, count = round(start * 30), round(seconds * 30)
    audio = read_audio(source)[round(start * 16000) : round((start + seconds) * 16000)]
    with VideoWriter(path, width=side, height=side, sound=SoundArray(audio, 16000), crf=20) as writer:
        for index, frame in enumerate(iter_frames(source)):
            if index >= first + count:
                break
            if index >= first:
                writer.write(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA))
    return path
