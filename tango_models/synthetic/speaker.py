"""The synthetic speaker: text in, a video of somebody saying it with gestures out, and the exact motion beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from tango_models.body.motion_io import Motion, save_motion
from tango_models.body.smplx_body import Body
from tango_models.errors import InputError
from tango_models.synthetic.figure import identity_betas
from tango_models.synthetic.gestures import FPS, Style, perform
from tango_models.synthetic.identity import Identity, find_identity
from tango_models.synthetic.voice import RATE, Utterance, speak

SPEAKER_VIDEO = Path(__file__).parent / "assets" / "speaker.mp4"
SPEAKER_MOTION = Path(__file__).parent / "assets" / "speaker.npz"
SPEECH = Path(__file__).parent / "assets" / "speech.wav"


def voice_text(
    text: str, *, voice: str = "en-us", rate: int = 150, pitch: int = 50, pause: float = 1.5, lead: float = 1.0,
    tail: float = 1.0,
) -> Utterance:  # fmt: skip
    """`voice.speak` between two silences, so that the speaker starts and ends at rest. Seconds; rate: words/min."""
    spoken = speak(text, voice=voice, rate=rate, pitch=pitch, pause=pause)
    audio = np.concatenate([np.zeros(int(lead * RATE), np.float32), spoken.audio,
                            np.zeros(int(tail * RATE), np.float32)])  # fmt: skip
    shift = int(lead * RATE) / RATE
    words = tuple(replace(w, start=w.start + shift, end=w.end + shift) for w in spoken.words)
    phonemes = tuple(replace(p, start=p.start + shift, end=p.end + shift) for p in spoken.phonemes)
    return Utterance(audio, words, phonemes)


def synthesize(
    text: str,
    out_mp4: str | Path,
    *,
    seed: int = 0,
    identity: str | Identity = "ada",
    voice: str = "en-us+f3",
    rate: int = 150,
    pause: float = 1.5,
    size: int = 768,
    crf: int = 18,
    body_shape: np.ndarray | None = None,
    motion_npz: str | Path | None = None,
    style: Style | None = None,
    max_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Motion:
    """Writes a square H.264 video of a synthetic person speaking `text`, and its ground-truth motion.

    text: plain; a blank line is a pause of `pause` seconds with the hands at rest. size: pixels, even, 64..2160; small
    ones are quick enough for tests. crf: of H.264, lower is better. body_shape: (10,) coefficients of the
    open body instead of the identity's own.
    motion_npz: where the motion goes, default the video's name with .npz. max_seconds cuts the performance short.
    progress(done, total) is called after every frame. Frames are streamed; the same arguments give the same frames.
    Raises InputError for an empty text, an unknown identity or voice, a bad size, or without espeakng-loader.
    """
    from tango_models.media.sound.track import SoundArray
    from tango_models.media.video_writer import VideoWriter
    from tango_models.synthetic.renderer import Renderer

    if size % 2 or not 64 <= size <= 2160:
        raise InputError(f"size {size}", "is not an even number from 64 to 2160", "use for example 768")
    person = find_identity(identity) if isinstance(identity, str) else identity
    if body_shape is not None:
        person = replace(person, betas=tuple(float(b) for b in np.resize(np.asarray(body_shape, float), 10)))
    utterance = voice_text(text, voice=voice, rate=rate, pause=pause)
    if max_seconds is not None:
        utterance = replace(utterance, audio=utterance.audio[: int(max_seconds * RATE)])
    body = Body.load()
    betas = identity_betas(person, body)
    joints = body.rest_joints(betas).numpy().astype(float)
    motion = perform(utterance, joints=joints, betas=betas, seed=seed, style=style)
    renderer = Renderer(person, size=size, body=body)
    total = len(motion.poses)
    writer = VideoWriter(out_mp4, width=size, height=size, fps=FPS, crf=crf, sound=SoundArray(utterance.audio, RATE))
    with writer as video:
        pictures = renderer.frames(motion.poses, motion.trans, motion.expressions)
        for done, picture in enumerate(pictures, start=1):
            video.write(picture)
            if progress is not None:
                progress(done, total)
    save_motion(Path(motion_npz) if motion_npz is not None else Path(out_mp4).with_suffix(".npz"), motion)
    return motion
