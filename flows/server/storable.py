"""Prefect's server stores whole numbers of any size, and text that is half of a character, but cannot give them out
again: one run with such a parameter, and it answers 500 whenever runs are asked for. The worker starts none then, and
those that were killed stay as they are. Here requests with such values are refused before they are stored."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from flows.configuration.bounds import LARGEST_INTEGER

_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|[0-9]{19}")
"""Hardly a request has any of these, so hardly one is read here."""
_REFUSED = 422
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class Storable:
    """An ASGI application that refuses requests with values which could be stored and never given out again."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PATCH", "PUT"):
            await self._app(scope, receive, send)
            return
        asked = [await receive()]
        while asked[-1].get("more_body"):
            asked.append(await receive())
        if why := fault_of(b"".join(message.get("body", b"") for message in asked)):
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": _REFUSED, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps({"detail": why}).encode()})
            return

        async def again() -> Message:
            return asked.pop(0) if asked else await receive()

        await self._app(scope, again, send)


def fault_of(body: bytes) -> str:
    """Why what a request holds could not be given out again; "" when it could, or is no JSON."""
    if not _SUSPECT.search(body):
        return ""
    try:
        return _fault(json.loads(body))
    except (ValueError, RecursionError):  # Prefect says what is wrong with it
        return ""


def _fault(value: Any) -> str:
    if isinstance(value, dict):
        return next((why for name, inner in value.items() if (why := _fault(name) or _fault(inner))), "")
    if isinstance(value, list):
        return next((why for inner in value if (why := _fault(inner))), "")
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return f"{str(value)[:20]}… is out of bounds; whole numbers go up to {LARGEST_INTEGER}"
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        return f"{value[:100]!r} is no text; give names and paths that are UTF-8"
    return ""
