"""Real signals to real commands: how they end, and what they leave."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import soundfile

from data_catalog import Catalog
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEECH

TANGO = Path(sys.executable).parent / "tango"
PATIENCE = 60  # s, for what the test waits for; how fast it is stands in no assertion


def _descendants(process: subprocess.Popen) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _interrupt(command: list, when: Callable[[], bool], number: int, **environment: str) -> tuple[int, str]:
    """Start a command, wait for a moment, send a signal to it and all it started, as a terminal does, and see to it
    that nothing it started is left."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=kept | environment,
        start_new_session=True,
    )
    deadline = time.monotonic() + 10 * PATIENCE
    while not when() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None and when(), process.communicate(timeout=PATIENCE)[0]
    started = _descendants(process)
    os.killpg(process.pid, number)
    output = process.communicate(timeout=PATIENCE)[0]
    alive = [child for child in started if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert alive == []
    return process.returncode, output


# Commands that hang in ways that hold up a handler of Python's.
STUCK = {
    "in Python": "while True: time.sleep(0.1)",
    "in a C call": "import ctypes; ctypes.CDLL(None).sleep(600)",
    "in its own tidying up": "try:\n    time.sleep(600)\nfinally:\n    time.sleep(600)",
    "in code that never ends": "while True:\n    try:\n        time.sleep(600)\n    except BaseException: pass",
}


@pytest.mark.parametrize(
    ("stuck", "number"), [("in Python", signal.SIGTERM), *((stuck, signal.SIGINT) for stuck in STUCK)]
)
def test_a_command_ends_wherever_it_hangs_with_all_that_it_started(tmp_path, stuck, number):
    there = tmp_path / "there"
    code = "import subprocess, sys, time, pathlib\nfrom flows.command_line.interrupts import interruptible\n"
    code += "with interruptible():\n    subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    code += f"    pathlib.Path({str(there)!r}).touch()\n" + textwrap.indent(STUCK[stuck], "    ")
    code, output = _interrupt([sys.executable, "-c", code], there.exists, number)
    assert code == 128 + number
    assert output == "interrupted; the same command goes on where this one stopped\n"


def test_the_time_is_up_though_looking_around_takes_longer(tmp_path):
    """As on a machine that is busy with others."""
    there = tmp_path / "there"
    code = "import pathlib, time\nfrom flows.command_line import interrupts\nlooked = []\n"
    code += "def look(processes):\n    looked.append(1)\n    time.sleep(600 if len(looked) == 1 else 0)\n"
    code += "    return set()\ninterrupts._half_files = look\nwith interrupts.interruptible():\n"
    code += f"    pathlib.Path({str(there)!r}).touch()\n"
    code += textwrap.indent(STUCK["in code that never ends"], "    ")
    assert _interrupt([sys.executable, "-c", code], there.exists, signal.SIGINT)[0] == 130


def test_without_a_signal_the_handlers_are_as_they_were():
    from flows.command_line.interrupts import interruptible

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruptible():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.integration
def test_an_interrupted_render_leaves_no_half_file_and_counts_no_attempt(onboarded, tmp_path):
    speech = tmp_path / "speech.wav"
    soundfile.write(speech, read_audio(SPEECH)[: 12 * 16000], 16000)
    target = tmp_path / "out" / "ann.mp4"
    target.parent.mkdir()
    command = [TANGO, "reenact", "ann", speech, "--out", target, "--scorer", "prosody", "--catalog", onboarded.catalog]
    command += ["--interpolator", "none", "--lips", "off"]  # there sooner
    catalog = Catalog(onboarded.catalog)
    before = set(catalog.records("render_video"))
    for number in (signal.SIGINT, signal.SIGTERM):
        code, output = _interrupt(command, lambda: any(target.parent.iterdir()), number, PREFECT_HOME=str(tmp_path))
        assert code == 128 + number
        assert output.strip() == "interrupted; the same command goes on where this one stopped"
        assert list(target.parent.iterdir()) == []
    assert set(catalog.records("render_video")) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_has_hardly_begun_ends_without_a_trace(tmp_path, number, code):
    """In the middle of its imports, where an exception would be shown as theirs."""
    (tmp_path / "typer.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    command = [sys.executable, "-c", "from flows.command_line.start import main; main()"]
    begun = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that is none of a terminal lets what it starts behind it ignore interrupts, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert begun.stdout.readline() == "importing\n"
    begun.send_signal(number)
    assert begun.communicate(timeout=PATIENCE) == ("", "") and begun.returncode == code
