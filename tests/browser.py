"""A real browser without a window: Debian's Chromium, spoken to by its DevTools protocol."""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FIND = """
(words => {
  const own = node => [...node.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('').trim();
  const shown = node => { const b = node.getBoundingClientRect(); return b.width > 0 && b.height > 0; };
  const found = [...document.querySelectorAll('*')].filter(node => own(node) === words && shown(node)).pop();
  if (!found) return null;
  found.scrollIntoView({block: 'center'});
  const box = found.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})
"""
"""The middle of the last element that shows exactly these words: what opened last is in front."""


class Page:
    """One page. A click is a click of the mouse where the words are, as a person's."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=120))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def leave(self) -> None:
        """Show nothing: a page of Prefect's asks its server, and paints what moves, for as long as it is open."""
        self.open("about:blank")

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    @property
    def text(self) -> str:
        """All that the page shows."""
        return self.evaluate("document.body ? document.body.innerText : ''")

    def wait_for(self, words: str, *, within: float = 120) -> str:
        """Wait until the page shows some words; the whole text then."""
        deadline = time.monotonic() + within
        while words not in (text := self.text):
            assert time.monotonic() < deadline, f"{words!r} is nowhere in:\n{text}"
            time.sleep(0.2)
        return text

    def click(self, words: str, *, within: float = 120) -> None:
        """Press what shows exactly these words, as soon as it is there and stands still."""
        deadline, before = time.monotonic() + within, None
        while (place := self.evaluate(f"{_FIND}({json.dumps(words)})")) is None or place != before:
            assert time.monotonic() < deadline, f"no {words!r} to press in:\n{self.text}"
            before = place
            time.sleep(0.3)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            x, y = place
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def browser_page(*, width: int = 1400, height: int = 1000) -> Iterator[Page]:
    """A page of a fresh browser."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(prefix="tango-browser-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [
                CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--force-prefers-reduced-motion",  # every frame of an animation is painted by a core of the processor
                f"--user-data-dir={folder}", "--remote-debugging-port=0", f"--window-size={width},{height}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            note = Path(folder, "DevToolsActivePort")
            deadline = time.monotonic() + 120
            while not (note.exists() and note.read_text().count("\n")):
                assert process.poll() is None and time.monotonic() < deadline, "Chromium does not start"
                time.sleep(0.1)
            port = note.read_text().split()[0]
            targets = httpx.get(f"http://127.0.0.1:{port}/json", timeout=30).json()
            (address,) = [target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"]
            with connect(address, max_size=None) as connection:
                page = Page(connection)
                page.call("Page.enable")
                yield page
        finally:
            process.kill()
            process.wait()
