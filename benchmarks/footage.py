"""Videos and speech to measure with: real clips when they are there, else the synthetic speaker in the package."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

FPS = 30
AUDIO_RATE = 16000
_PAUSE = 1.2  # seconds between sentences
SENTENCES = (
    "Good evening everybody, and thank you very much for coming all the way out here tonight.",
    "I want to tell you about something that really changed the way I work.",
    "A few years ago I was sure that a good plan was the most important thing of all.",
    "I wrote long lists, I drew big diagrams, and I followed every single step.",
    "And do you know what happened?",
    "Nothing at all. Not one of those plans ever survived the first week.",
    "So I started again, with something small, something that I could show to people on the very first day.",
    "They laughed, they asked questions, they pointed at the parts that did not work.",
    "That was exactly what I needed.",
    "Because every question told me where to go next, and every mistake was cheap.",
    "Now, when somebody asks me how to begin, I always say the same thing.",
    "Make it small, make it real, and put it in front of somebody tonight.",
    "Thank you.",
)
REAL = Path(os.environ.get("TANGO_FOOTAGE", Path(__file__).parents[2] / "shared" / "data"))


def speaker_videos() -> list[Path]:
    """Two takes of one real speaker, or the synthetic speaker; all 768 x 768."""
    real = [REAL / "speakers" / f"speaker9_{part}.mp4" for part in "ab"]
    return real if all(path.is_file() for path in real) else [synthetic_speaker()]


def synthetic_speaker() -> Path:
    """The speaker in the package: 33 s, 768 x 768."""
    from tango_models.synthetic.speaker import SPEAKER_VIDEO

    return SPEAKER_VIDEO


def speech() -> Path:
    """A recording of 9 s or so by somebody else."""
    real = REAL / "speech" / "female_9s.wav"
    if real.is_file():
        return real
    from tango_models.synthetic.speaker import SPEECH

    return SPEECH


def long_speech() -> Path:
    """A minute by somebody else with pauses, or the speech of the package."""
    real = REAL / "speech" / "english_60s.wav"
    return real if real.is_file() else speech()


def a_minute() -> np.ndarray:
    """60 s of eSpeak with pauses, 16 kHz."""
    from tango_models.synthetic.voice import speak

    audio = speak("\n\n".join(SENTENCES), voice="en-us+f3", rate=155, pause=_PAUSE).audio
    return np.pad(audio, (0, max(60 * 16_000 - len(audio), 0)))[: 60 * 16_000]


def frame_count(video: Path) -> int:
    """Frames at 30 fps."""
    return sum(1 for _ in pictures([video]))


def cut_speech(source: Path, target: Path, seconds: float, *, start: float = 0.0) -> Path:
    """So many seconds of a speech as WAV, from `start` on, going on at its beginning where it ends."""
    import soundfile

    from tango_models.media.sound.audio import read_audio

    samples = np.roll(read_audio(source), -round(start * AUDIO_RATE))
    soundfile.write(target, np.resize(samples, round(seconds * AUDIO_RATE)), AUDIO_RATE)
    return target


def make_video(sources: list[Path], target: Path, seconds: float, *, side: int | None = None) -> Path:
    """One video of exactly this length: the sources one after the other, again from the start until it is full.

    Streams, so that a long video costs no memory here either. The sources must be of one size.

    Args:
        side: scale the pictures to a square of so many pixels.
    """
    from tango_models.media.sound.audio import read_audio
    from tango_models.media.sound.track import SoundArray
    from tango_models.media.video_writer import VideoWriter

    count = round(seconds * FPS)
    lengths = [frame_count(source) for source in sources]
    sound = [
        np.resize(np.append(read_audio(source), np.zeros(AUDIO_RATE, np.float32)), round(n * AUDIO_RATE / FPS))
        for source, n in zip(sources, lengths, strict=True)
    ]
    audio = np.resize(np.concatenate(sound), round(seconds * AUDIO_RATE))
    frames = chain.from_iterable(pictures(sources, side) for _ in range(-(-count // sum(lengths))))
    first = next(frames)
    size = {"width": first.shape[1], "height": first.shape[0]}
    with VideoWriter(target, **size, sound=SoundArray(audio, AUDIO_RATE), preset="ultrafast") as writer:
        writer.write(first)
        for _, picture in zip(range(count - 1), frames, strict=False):
            writer.write(picture)
    return target


def pictures(sources: list[Path], side: int | None = None) -> Iterator[np.ndarray]:
    """The frames of videos in a row, (H, W, 3) uint8 RGB at 30 fps, scaled to a square where `side` is given."""
    import cv2

    from tango_models.media.pictures.frames import iter_frames

    for source in sources:
        for picture in iter_frames(source):
            yield cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) if side else picture
