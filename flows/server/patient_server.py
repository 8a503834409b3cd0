"""Prefect's server, which answers 503 where of SQLite's writers another came between a request's first look and its own
write; no time to wait helps there. Prefect's clients ask again then, but a browser does not, and whoever pressed *Run*
is told `Service Unavailable`. Here a request that may write waits for its turn before it looks; what is sent away all
the same is done again. What could not be given out again is not stored (`storable.py`).

Whose turn it is is decided before SQLite is asked. Within SQLite, who waits keeps trying and holds his connection all
the while: if then the server's one thread frees an older cursor of that connection, it waits for it, and with it the
one for whom all wait, until SQLite gives up after a minute (of 26 bursts of 80 requests, by 8 clients on busy cores,
four stood still so; the slowest answer took 187 s). And it was the first to come that was served last.
`python -m flows.server.patient_server prefect server start ...`"""

import asyncio
import runpy
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from flows.server.storable import Storable

_TRIES = 8
_PAUSE_SECONDS = 0.1
"""After the first; the others are a little longer each. Together some three seconds."""
_writes: ContextVar[bool] = ContextVar("writes", default=False)
_READS = ("GET", "HEAD", "OPTIONS")
_LATER = 503
Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class _Turn:
    """Of a transaction. Another within it waits for none of its own, but what goes on when it is over does."""

    over = False


_in_turn: ContextVar[_Turn | None] = ContextVar("in_turn", default=None)


class Patient:
    """An ASGI application that does requests which write again while another answers that they may be asked later. What
    they did was rolled back."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _READS:
            await self._app(scope, receive, send)
            return
        _writes.set(True)  # for this request alone: each is a task of its own
        asked = await _all_of(receive)
        for tries in range(1, _TRIES + 1):
            answer, fault = await self._try(scope, asked, receive)
            if tries == _TRIES or not any(message.get("status") == _LATER for message in answer):
                break
            await asyncio.sleep(_PAUSE_SECONDS * tries)
        for message in answer:
            await send(message)
        if fault:
            raise fault

    async def _try(
        self, scope: Scope, asked: list[Message], receive: Receive
    ) -> tuple[list[Message], Exception | None]:
        """What it answers, and the error that it raises after its answer."""
        left, answer = list(asked), list[Message]()

        async def again() -> Message:
            return left.pop(0) if left else await receive()

        async def keep(message: Message) -> None:
            answer.append(message)

        try:
            await self._app(dict(scope), again, keep)
        except Exception as fault:
            return answer, fault
        return answer, None


async def _all_of(receive: Receive) -> list[Message]:
    """The messages of a request, or until its client has gone."""
    found = [await receive()]
    while found[-1].get("more_body"):
        found.append(await receive())
    return found


@asynccontextmanager
async def _turn(turns: asyncio.Lock) -> AsyncIterator[None]:
    if (around := _in_turn.get()) and not around.over:
        yield
        return
    async with turns:
        own = _Turn()
        before = _in_turn.set(own)
        try:
            yield
        finally:
            own.over = True
            _in_turn.reset(before)


def be_patient() -> None:
    """Have the servers of this process wait for their turn, and do again what may be asked again."""
    from prefect.server.api import server
    from prefect.server.database.configurations import AioSqliteConfiguration

    create, begin = server.create_app, AioSqliteConfiguration.begin_transaction
    turns = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()

    @asynccontextmanager
    async def begin_in_turn(self: Any, session: Any, with_for_update: bool = False) -> AsyncIterator[Any]:
        async with (
            _turn(turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())),
            begin(self, session, with_for_update=with_for_update or _writes.get()) as transaction,
        ):
            yield transaction

    def create_patient(*given: Any, **more: Any) -> Any:
        app = create(*given, **more)
        app.add_middleware(Patient)
        app.add_middleware(Storable)
        return app

    server.create_app = create_patient
    AioSqliteConfiguration.begin_transaction = begin_in_turn  # type: ignore[method-assign]


if __name__ == "__main__":
    be_patient()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
