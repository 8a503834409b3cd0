"""A Ray head as a person starts it by `ray start`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def ray_head(folder: Path, token: Path, cpus: int = 3) -> Iterator[list[int]]:
    """A real head that asks for the token in a file; yields its port and that for clients.

    Args:
        folder: for its sockets; its name must be short.
    """
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--port={ports[0]}"]
    start += [f"--ray-client-server-port={ports[1]}", f"--temp-dir={folder}", f"--num-cpus={cpus}", "--num-gpus=0"]
    start += ["--node-ip-address=127.0.0.1", "--include-dashboard=false", "--disable-usage-stats"]
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_TMPDIR": "/tmp"}
    environment.pop("RAY_AUTH_TOKEN", None)
    log = folder / "said"
    with log.open("wb") as said:
        head = subprocess.Popen(start, env=environment, stdout=said, stderr=said)
    try:
        for _ in range(600):
            if (folder / "ray_current_cluster").exists() or head.poll() is not None:
                break
            time.sleep(0.2)
        assert head.poll() is None, log.read_text()
        yield ports
    finally:
        head.terminate()
        head.wait(60)
