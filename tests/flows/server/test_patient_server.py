"""Requests that SQLite's other writers come in between of: whoever asks, a browser too, is answered as if alone."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.server import patient_server
from flows.server.patient_server import Patient
from tests.flows.server.served import free_port, until


class Busy:
    """Answers that it is busy so many times, and raises after that as Prefect's does; then with what it was sent."""

    def __init__(self, times: int, status: int = 503) -> None:
        self.times, self.status, self.asked = times, status, 0

    async def __call__(self, scope, receive, send):
        self.asked += 1
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        busy = self.asked <= self.times
        await send({"type": "http.response.start", "status": self.status if busy else 201, "headers": []})
        await send({"type": "http.response.body", "body": b"busy" if busy else body})
        if busy:
            raise OSError("database is locked")


def _ask(app, method: str, parts: list[bytes]):
    """Status and body of the answer, and the error after it."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    async def ask():
        await app({"type": "http", "method": method}, receive, send)

    error = None
    try:
        asyncio.run(ask())
    except OSError as raised:
        error = raised
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent), error


@given(st.integers(0, 30), st.sampled_from(["POST", "PATCH", "DELETE", "GET"]), st.lists(st.binary(), max_size=3))
def test_a_request_that_writes_is_done_again_and_ends_with_one_answer(times, method, parts):
    busy = Busy(times)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient_server, "_PAUSE_SECONDS", 0.0)
        status, body, error = _ask(Patient(busy), method, parts)
    tries = 1 if method == "GET" else patient_server._TRIES
    if times < tries:
        assert (status, body, error, busy.asked) == (201, b"".join(parts), None, times + 1)
    else:
        assert (status, body, busy.asked) == (503, b"busy", tries) and error


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_one_at_a_time_has_its_turn_first_come_first_served_and_within_it_nobody_waits(asked):
    """Each rests so many times within its turn, fails or not, and has a transaction within its own or not."""
    served = []

    async def one(number, turns, rests, fails, nested):
        async with patient_server._turn(turns):
            served.append(number)
            for _ in range(rests):
                await asyncio.sleep(0)
            if nested:
                async with patient_server._turn(turns):
                    await asyncio.sleep(0)
            served.append(number)
            if fails:
                raise OSError

    async def all_of_them():
        turns = asyncio.Lock()
        tasks = [asyncio.create_task(one(number, turns, *how)) for number, how in enumerate(asked)]
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)

    ends = asyncio.run(all_of_them())
    assert served == [number for number in range(len(asked)) for _ in range(2)]
    assert [isinstance(end, OSError) for end in ends] == [fails for _, fails, _ in asked]


def test_what_was_begun_within_a_turn_and_goes_on_after_it_waits_for_its_own():
    async def later(turns, end, served):
        async with patient_server._turn(turns):
            served.append("within")
        await end.wait()
        async with patient_server._turn(turns):
            served.append("after")

    async def both():
        turns, end, served = asyncio.Lock(), asyncio.Event(), []
        async with patient_server._turn(turns):
            task = asyncio.create_task(later(turns, end, served))
            await asyncio.sleep(0.01)
            assert served == ["within"]
        async with turns:
            end.set()
            await asyncio.sleep(0.01)
            assert served == ["within"]
        await task
        return served

    assert asyncio.run(both()) == ["within", "after"]


@pytest.mark.parametrize("status", [200, 404, 409, 422, 500])
def test_any_other_answer_is_the_answer(status):
    busy = Busy(1, status)
    assert _ask(Patient(busy), "POST", [b"x"])[0] == status and busy.asked == 1


@pytest.mark.integration
def test_of_many_who_ask_prefects_server_at_once_nobody_is_sent_away(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "flows.server.patient_server", "prefect", "server", "start", "--port", str(port)]
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, env=kept | {"PREFECT_HOME": str(tmp_path)}, stdout=log, stderr=log)
    try:
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=120, limits=limits) as client:

            def lives():
                assert server.poll() is None, (tmp_path / "log").read_text()
                try:
                    return client.get("/health").status_code == 200
                except httpx.TransportError:
                    return False

            until(lives, within=300, what="the server")
            flow = client.post("/flows/", json={"name": "f"}).raise_for_status().json()["id"]
            found = client.post("/deployments/", json={"name": "d", "flow_id": flow}).raise_for_status().json()["id"]

            def run(_) -> int:
                return client.post(f"/deployments/{found}/create_flow_run", json={}).status_code

            with ThreadPoolExecutor(8) as threads:
                answers = Counter(threads.map(run, range(80)))
        assert answers == {201: 80}
    finally:
        server.terminate()
        server.wait(60)
