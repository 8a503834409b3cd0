"""Makes the files that ship with the demo: the speaker's video, its exact motion, another speech, the sounds of both.

    python -m tango_models.synthetic.build_assets

needs the optional extra ``synth``; takes some minutes. The texts are this project's own and, like the body's CC0
meshes, free for any use (CC0).
"""

import sys
from dataclasses import replace

import numpy as np

from tango_models.synthetic.known_sounds import write_known_sounds
from tango_models.synthetic.speaker import SPEAKER_MOTION, SPEAKER_VIDEO, SPEECH, synthesize, voice_text
from tango_models.synthetic.voice import RATE, Phoneme, speak

_SILENCE = 0.25  # seconds before and after the other speech

SPEAKER_TEXT = """
Hello, and welcome. Today I want to show you something I built on an ordinary roof: a garden.

Why would you carry heavy soil up five flights of stairs? For three good reasons. One, the summer is cooler. Two, the
rain stays where it falls. And three, the neighbours finally talk to each other.

Look at the bees. They arrived within a single week, and they never left.

So start with one pot, and see what happens.
"""

SPEECH_TEXT = """
The library by the river opens early on Sunday. Children read aloud to a very patient dog.

He never corrects their grammar, and he always asks for another chapter.
"""


def build() -> None:
    """Writes the files of `tango_models/synthetic/assets`."""

    def progress(done: int, total: int) -> None:
        if done % 150 == 0 or done == total:
            print(f"{done} of {total} frames", file=sys.stderr, flush=True)

    synthesize(SPEAKER_TEXT, SPEAKER_VIDEO, seed=3, identity="ada", voice="en-us+f3", rate=168, pause=2.1, crf=20,
               motion_npz=SPEAKER_MOTION, progress=progress)  # fmt: skip
    import soundfile

    spoken = speak(SPEECH_TEXT, voice="en+m3", rate=160, pitch=40, pause=1.0).audio
    silence = np.zeros(int(_SILENCE * RATE), np.float32)
    soundfile.write(SPEECH, np.concatenate([silence, spoken, silence]), RATE, subtype="PCM_16")
    write_known_sounds(spoken_sounds())


def spoken_sounds() -> dict[str, tuple[Phoneme, ...]]:
    """The phonemes of the two files with speech, by name, in their own seconds."""
    speaker = voice_text(SPEAKER_TEXT, voice="en-us+f3", rate=168, pause=2.1).phonemes
    speech = speak(SPEECH_TEXT, voice="en+m3", rate=160, pitch=40, pause=1.0).phonemes
    later = tuple(replace(p, start=p.start + _SILENCE, end=p.end + _SILENCE) for p in speech)
    return {SPEAKER_VIDEO.name: speaker, SPEECH.name: later}


if __name__ == "__main__":
    build()
