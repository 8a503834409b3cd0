"""Which processes live, with real ones."""

import os
import subprocess
import sys

import psutil

from data_catalog.living import started


def test_the_start_of_a_process_is_the_same_for_whoever_asks():
    mine = started(os.getpid())
    asked = f"from data_catalog.living import started; print(started({os.getpid()}))"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True).stdout.strip() == mine
    assert mine and abs(int(mine) / os.sysconf("SC_CLK_TCK") + psutil.boot_time() - psutil.Process().create_time()) < 2


def test_who_is_gone_or_only_not_let_go_lives_no_more():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert started(process.pid) not in (None, started(os.getpid()))
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert started(process.pid) is None
    process.wait()
    assert started(process.pid) is None
