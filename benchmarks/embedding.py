"""AuMoCLIP, the size in the package: seconds for motion and for speech of a minute, after a first run of each."""

import argparse
import time
from collections.abc import Callable

import numpy as np

from benchmarks import footage
from benchmarks.printing import heading, median_seconds, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="of motion and of speech")
    arguments = parser.parse_args()
    heading("Embedding motion and speech", __doc__, "embedding")
    from tango_models.aumoclip import EMBEDDED
    from tango_models.aumoclip.backbones import load_backbones
    from tango_models.aumoclip.checkpoints import load
    from tango_models.aumoclip.processing import MotionEncoder, SpeechEncoder
    from tango_models.media.sound.audio import read_audio

    began = time.perf_counter()
    model = load(EMBEDDED)
    speech_encoder = SpeechEncoder(model, load_backbones(model.config))
    loading = time.perf_counter() - began
    samples = np.resize(read_audio(footage.speech()), round(arguments.seconds * footage.AUDIO_RATE)).astype(np.float32)
    frames = round(arguments.seconds * footage.FPS)
    motion = np.random.default_rng(0).normal(size=(frames, model.config.motion_dim)).astype(np.float32)
    motion_encoder = MotionEncoder(model)
    rows = [
        ["motion", f"{_warm(lambda: motion_encoder.encode(motion), arguments.runs):.2f}", "2"],
        ["speech, words recognised", f"{_warm(lambda: speech_encoder.encode(samples), arguments.runs):.2f}", "10"],
        ["loading the model, the recogniser and the text encoder, once", f"{loading:.2f}", "–"],
    ]
    print(f"{arguments.seconds:g} s of each, median of {arguments.runs} runs.\n")
    table(["", "seconds", "wanted at most, of a minute"], rows)


def _warm(work: Callable[[], object], runs: int) -> float:
    work()
    return median_seconds(work, runs)[0]


if __name__ == "__main__":
    main()
