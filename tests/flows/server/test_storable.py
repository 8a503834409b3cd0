"""What Prefect's server could store and never give out again is refused, and everything else goes through as it is."""

import asyncio
import json

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.server.storable import Storable, fault_of

TEXT = st.text(st.characters(exclude_categories=[]), max_size=6)
LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | TEXT
LEAVES |= st.integers(-(2**70), 2**70)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


@given(VALUES)
def test_what_is_let_through_can_be_given_out_again_and_nothing_else_is_refused(value):
    """`orjson` is what Prefect answers with."""
    try:
        orjson.dumps(value)
    except TypeError:
        can = False
    else:
        can = True
    found = fault_of(json.dumps({"parameters": {"p": value}}).encode())
    if can and not _between(value):
        assert not found
    elif not can:
        assert found and len(found) < 300


def _between(value) -> bool:
    """Whether it has whole numbers that orjson takes, but no table of ours."""
    if isinstance(value, dict):
        return any(map(_between, value.values()))
    if isinstance(value, list):
        return any(map(_between, value))
    return isinstance(value, int) and (value >= 2**63 or value == -(2**63))


def _asked(method: str, body: bytes) -> tuple[int, bytes]:
    async def echo(scope, receive, send):
        found, more = b"", True
        while more:
            message = await receive()
            found, more = found + message.get("body", b""), message.get("more_body", False)
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": found})

    async def ask():
        transport = httpx.ASGITransport(app=Storable(echo))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, "/", content=body)

    reply = asyncio.run(ask())
    return reply.status_code, reply.content


@pytest.mark.parametrize("value", [10**30, -(10**30), {"a": [2**63]}, "/data/\ud800.wav", {"\udcff": 1}])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_a_request_that_cannot_be_given_out_again_is_refused_with_why(method, value):
    status, said = _asked(method, json.dumps({"parameters": {"p": value}}).encode())
    assert status == 422 and json.loads(said)["detail"]


@given(st.binary(max_size=60) | st.text("0123456789[]{}", max_size=40).map(str.encode))
def test_any_other_request_goes_through_as_it_is(body):
    if not fault_of(body):
        assert _asked("POST", body) == (201, body)
    assert _asked("DELETE", body) == (201, body)


@pytest.mark.parametrize("text", ["\U0001f600", "\u5f20\u4f1f", "a \\ud800 that is written out", "1" * 40])
def test_text_of_any_script_and_long_numbers_in_text_are_no_fault(text):
    assert not fault_of(json.dumps({"p": text}).encode())
