import errno
import os
import resource
import subprocess
import sys
import textwrap

import av
import numpy as np
import psutil
import pytest

from tango_models.errors import InputError
from tango_models.media.pictures.frames import iter_frames
from tango_models.media.sound.audio import read_audio
from tango_models.media.sound.track import SoundArray
from tango_models.media.video_writer import VideoWriter
from tests.media_samples import coded_picture, read_code
from tests.tango_models.media.sound.test_audio import chirp, delay_of


def render(path, count=47, **options):
    with VideoWriter(path, width=96, height=64, **options) as writer:
        for n in range(count):
            writer.write(coded_picture(n))
    return path


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_frames_are_exact_and_sound_begins_with_frame_zero(tmp_path, rate):
    count = 47
    path = render(tmp_path / "out.mp4", count, sound=SoundArray(chirp(count / 30, rate), rate))
    assert [read_code(frame) for frame in iter_frames(path)] == list(range(count))
    audio = read_audio(path)
    assert delay_of(audio, chirp(count / 30, 16000)) in (-1, 0, 1)
    assert abs(len(audio) - count / 30 * 16000) <= 1100
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.frames == count and stream.average_rate == 30 and stream.start_time == 0
        assert float(stream.duration * stream.time_base) == pytest.approx(count / 30)
        assert container.streams.audio[0].codec_context.name == "aac"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # faststart


def test_long_sound_is_cut_at_the_picture_and_none_is_needed(tmp_path):
    audio = read_audio(render(tmp_path / "a.mp4", 15, sound=SoundArray(chirp(5, 16000), 16000)))
    assert len(audio) <= 0.5 * 16000 + 1024
    with pytest.raises(InputError, match="no sound"):
        read_audio(render(tmp_path / "b.mp4", 15))


def test_colours_come_back_and_are_tagged(tmp_path):
    colours = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [128, 128, 128]], np.uint8)
    picture = np.repeat(np.repeat(colours[None], 64, 0), 24, 1)
    with VideoWriter(tmp_path / "c.mp4", width=96, height=64) as writer:
        writer.write(picture)
    frame = next(iter_frames(tmp_path / "c.mp4"))
    for i, colour in enumerate(colours):
        assert np.abs(frame[32, 24 * i + 12].astype(int) - colour).max() <= 5
    with av.open(str(tmp_path / "c.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range, context.color_primaries, context.color_trc) == (1, 1, 1, 1)


def test_same_frames_same_file(tmp_path):
    a = render(tmp_path / "a.mp4", 20, sound=SoundArray(chirp(1, 16000), 16000)).read_bytes()
    assert a == render(tmp_path / "b.mp4", 20, sound=SoundArray(chirp(1, 16000), 16000)).read_bytes()


def test_a_failure_leaves_nothing_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"the earlier render")
    with pytest.raises(RuntimeError, match="renderer"), VideoWriter(path, width=96, height=64) as writer:
        writer.write(coded_picture(0))
        raise RuntimeError("renderer broke")
    with pytest.raises(InputError, match="no frame"), VideoWriter(path, width=96, height=64):
        pass
    with pytest.raises(ValueError, match="uint8"), VideoWriter(path, width=96, height=64) as writer:
        writer.write(np.zeros((64, 96), np.uint8))
    assert path.read_bytes() == b"the earlier render" and os.listdir(tmp_path) == ["out.mp4"]


def test_missing_folder_and_folder_as_target_are_refused(tmp_path):
    with pytest.raises(InputError, match="not an existing folder"):
        render(tmp_path / "none" / "out.mp4")
    with pytest.raises(InputError, match="is a folder"):
        render(tmp_path)


def test_read_only_folder_is_one_clear_error(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    # A superuser may write anywhere, so the refusal is simulated.
    monkeypatch.setattr("tango_models.media.video_writer._new_file_beside", refuse)
    with pytest.raises(InputError, match="may not be written"):
        render(tmp_path / "out.mp4")


def test_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path):
    # A file-size limit makes the real writes of the real muxer fail in the middle, as a full disk does.
    script = textwrap.dedent(f"""
        import resource, signal, numpy as np
        from tango_models.errors import InputError
        from tango_models.media.video_writer import VideoWriter
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, {resource.RLIM_INFINITY}))
        rng = np.random.default_rng(0)
        try:
            with VideoWriter({str(tmp_path / "out.mp4")!r}, width=128, height=128) as writer:
                for _ in range(60):
                    writer.write(rng.integers(0, 255, (128, 128, 3), dtype=np.uint8))
        except InputError as error:
            print("REFUSED", error)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "REFUSED" in done.stdout and "disk is full" in done.stdout, done.stdout + done.stderr
    assert os.listdir(tmp_path) == []


def test_whoever_ends_the_process_sees_the_half_file_from_the_first_moment(tmp_path):
    """FFmpeg opens it with its first packet, seconds later."""
    process = psutil.Process()
    with VideoWriter(tmp_path / "out.mp4", width=96, height=64) as writer:
        (half,) = tmp_path.iterdir()
        assert str(half) in {file.path for file in process.open_files()}
        writer.write(coded_picture(0))
    assert str(tmp_path) not in {os.path.dirname(file.path) for file in process.open_files()}
