"""Files whose bytes were flipped, cut, joined or renamed: used as far as they go or refused in a line, never a crash.

Over many more, each in a process of its own: `python -m tests.tasks.test_mutated_files SEED SECONDS`.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from flows.intake.dataset import is_video
from flows.intake.videos import check_speech, check_videos
from tango_models.errors import InputError
from tango_models.media.sound.speech_file import SpeechSound
from tango_models.media.video_writer import VideoWriter
from tasks.analyse_speech import AnalyseSpeech, AnalyseSpeechConfig
from tasks.extract_frames import ExtractFrames, ExtractFramesConfig
from tests.media_samples import coded_picture, has_encoder, tone, write_video

HANGS = 60.0  # seconds
BLACK = np.zeros((64, 64, 3), np.uint8)
WRITTEN = {
    "mp4": ("libx264", "yuv420p", "aac"),
    "mov": ("mpeg4", "yuv420p", "pcm_s16le"),
    "mkv": ("ffv1", "yuv420p", "flac"),
    "webm": ("libvpx", "yuv420p", "libopus"),
    "avi": ("mjpeg", "yuvj420p", "mp3"),
    "ts": ("libx264", "yuv420p", "ac3"),
    "mpg": ("mpeg2video", "yuv420p", "mp2"),
    "flv": ("flv", "yuv420p", "aac"),
    "mxf": ("mpeg2video", "yuv422p", "pcm_s16le"),
    "asf": ("msmpeg4", "yuv420p", "mp3"),
}
"""Of the files that are mutated, by suffix: codec and format of the picture, codec of the sound."""


class Rows:
    """Takes the rows of a stage and keeps the last."""

    def write(self, rows, table=None):
        self.last = rows[-1] if rows else None

    def progress(self, done, expected):
        pass


def written(folder):
    """A second of picture and sound in each container."""
    pictures = [coded_picture(number) for number in range(30)]
    files = []
    for suffix, (codec, pix_fmt, sound) in WRITTEN.items():
        if has_encoder(codec) and has_encoder(sound):
            files.append(
                write_video(
                    folder / f"whole.{suffix}", pictures, codec=codec, pix_fmt=pix_fmt, sound=tone(1.0, 48000),
                    sound_codec=sound, options={"g": "10"}, fps=25 if suffix == "mxf" else 30,
                )
            )  # fmt: skip
    return files


def mutate(data, others, random):
    """Bytes of `data` with one to three faults in them."""
    for _ in range(random.integers(1, 4)):
        # Headers lie at both ends, and what is in them steers the reader.
        reach = min(len(data), 2000) if random.random() < 0.4 else len(data)
        at = int(random.integers(0, reach))
        at = len(data) - 1 - at if random.random() < 0.3 else at
        length = int(2 ** random.uniform(0, 13))
        kind = random.choice(["flip", "noise", "zeros", "ones", "cut", "behead", "lose", "repeat", "join", "splice"])
        other = others[random.integers(len(others))]
        if kind == "flip":
            changed = bytearray(data)
            for place in random.integers(0, max(reach, 1), random.integers(1, 60)):
                changed[place] ^= 1 << random.integers(8)
            data = bytes(changed)
        elif kind in ("noise", "zeros", "ones"):
            filling = {"noise": random.bytes(length), "zeros": bytes(length), "ones": b"\xff" * length}[kind]
            data = data[:at] + filling + data[at + length :]
        else:
            data = {
                "cut": data[: at + 1], "behead": data[at:], "lose": data[:at] + data[at + length :],
                "repeat": data[: at + length] + data[at:], "join": data + other,
                "splice": data[:at] + other[len(other) // 2 :],
            }[kind]  # fmt: skip
        data = data[: 1 << 23] or b"\0"
    return data


def use(path):
    """What is done with a file that is given as footage, and as speech; the outcome of both in a word."""
    return f"footage {_outcome(_as_footage, path)}", f"speech {_outcome(_as_speech, path)}"


def _outcome(used, path):
    try:
        used(path)
    except InputError as error:
        assert "\n" not in str(error)
        return "refused"
    return "used"


def _as_footage(path):
    is_video(path)
    check_videos([str(path)], min_seconds=0.25)
    rows = Rows()
    ExtractFrames(ExtractFramesConfig())._extract(path, "0" * 32, path.name, rows)
    assert len(rows.last["taken"]) == 4 * rows.last["n_frames"]


def _as_speech(path):
    check_speech(str(path))
    rows = Rows()
    unit = SimpleNamespace(inputs={"speech_id": "0" * 32, "uri": str(path)})
    AnalyseSpeech(AnalyseSpeechConfig())._analyse(path, unit, rows)
    count = rows.last["n_frames"]
    assert len(rows.last["voice"]) == count and np.isfinite(rows.last["loudness"]).all()
    sound = SpeechSound(path, rows.last["track"])
    with sound, VideoWriter(path.with_name("result.mp4"), width=64, height=64, sound=sound) as writer:
        for _ in range(min(count, 3000)):
            writer.write(BLACK)


def mutated(files, folder, seed):
    """One of `files` with faults in it, and sometimes under another's suffix."""
    random = np.random.default_rng(seed)
    data = [file.read_bytes() for file in files]
    chosen = int(random.integers(len(files)))
    named = files[random.integers(len(files))] if random.random() < 0.2 else files[chosen]
    path = folder / f"mutated{named.suffix}"
    path.write_bytes(mutate(data[chosen], data, random))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return written(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("seed", range(12))
def test_a_mutated_file_is_used_or_refused(files, tmp_path, seed):
    use(mutated(files, tmp_path, seed))


def _in_a_child(path, answer):
    answer.send((use(path), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def main(first, seconds):
    counts, most, slowest, seed, end = Counter(), 0, 0.0, first, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        whole = written(Path(name))
        for file in whole:
            use(file)  # what children need is imported, then
        while time.monotonic() < end:
            path, begin = mutated(whole, Path(name), seed), time.monotonic()
            receive, send = multiprocessing.Pipe(duplex=False)
            child = multiprocessing.get_context("fork").Process(target=_in_a_child, args=(path, send))
            child.start()
            send.close()
            try:
                answer = receive.recv() if receive.poll(HANGS) else None
                fault = None if answer else "hangs"
            except EOFError:
                answer, fault = None, "uncaught exception"
            if fault:
                print(f"seed {seed} ({path.suffix}): {fault}", flush=True)
                child.kill()
            child.join()
            counts.update(answer[0] if answer else [fault])
            most, slowest = max(most, answer[1] if answer else 0), max(slowest, time.monotonic() - begin)
            seed += 1
    print(f"{seed - first} files: {dict(counts)}, at most {most} MB and {slowest:.1f} s each")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
