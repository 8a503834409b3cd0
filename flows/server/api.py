"""What `tango serve` and `tango work` ask of Prefect's server, without Prefect's client: that one tries again for
minutes while the server is down, and they have else to do meanwhile."""

import base64
import ssl
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import BaseModel, Field, TypeAdapter

from flows.server.lost_runs import RunState

if TYPE_CHECKING:
    from prefect.settings import Settings

_SECONDS = 10.0
_WORKER = "prefect.worker.name"
"""Label that Prefect's worker puts on a run that it takes."""


class _Run(BaseModel):
    id: str
    state_id: str
    state_type: str
    labels: dict[str, Any] = Field(default_factory=dict)


class _State(BaseModel):
    type: str
    timestamp: datetime


class PendingRun(BaseModel):
    """A run that some worker has taken, and that has not begun.

    Attributes:
        state: the id of the state that it is in;
        worker: the name of the worker that took it, or the time before; None when none has said so.
    """

    id: str
    state: str
    worker: str | None


_RUNS = TypeAdapter(list[_Run])
_STATES = TypeAdapter(list[_State])


class PrefectApi:
    """The API at an address, asked with the key, or the name and password, the certificates and the headers that
    Prefect's own clients take from their settings: environment, files and profile.

    Every method raises `httpx.HTTPError` when the server does not answer, or not with what was asked for, and
    `ValueError` when what answers is no Prefect.
    """

    def __init__(self, url: str) -> None:
        from prefect.settings import Settings

        settings = Settings()
        self._client = httpx.Client(
            base_url=url, timeout=_SECONDS, headers=_headers(settings), verify=_certificates(settings)
        )

    def run_states(self, ids: Iterable[str]) -> dict[str, RunState]:
        """See `lost_runs.Api`."""
        runs = self._runs({"id": {"any_": list(ids)}})
        return {run.id: RunState(id=run.state_id, type=run.state_type) for run in runs}

    def set_state(self, run_id: str, state: dict[str, Any]) -> None:
        """See `lost_runs.Api`."""
        self._post(f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})

    def was_cancelled(self, run_id: str) -> bool:
        """See `lost_runs.Api`."""
        reply = self._client.get("/flow_run_states/", params={"flow_run_id": run_id}).raise_for_status()
        states = sorted(_STATES.validate_json(reply.content), key=lambda state: state.timestamp)
        before = [state.type for state in states if state.type != "CRASHED"]
        return before[-1:] == ["CANCELLING"]

    def pending(self, pool: str) -> list[PendingRun]:
        """The runs of a work pool that are Pending."""
        runs = self._runs({"state": {"type": {"any_": ["PENDING"]}}}, work_pools={"name": {"any_": [pool]}})
        return [PendingRun(id=run.id, state=run.state_id, worker=run.labels.get(_WORKER)) for run in runs]

    def _runs(self, wanted: dict[str, Any], **more: Any) -> list[_Run]:
        return _RUNS.validate_json(self._post("/flow_runs/filter", {"flow_runs": wanted, **more}))

    def _post(self, path: str, body: dict[str, Any]) -> bytes:
        return self._client.post(path, json=body).raise_for_status().content


def _headers(settings: "Settings") -> dict[str, str]:
    headers = dict(settings.client.custom_headers)
    if settings.api.auth_string:
        given = settings.api.auth_string.get_secret_value().encode()
        headers["Authorization"] = f"Basic {base64.b64encode(given).decode()}"
    elif settings.api.key:
        headers["Authorization"] = f"Bearer {settings.api.key.get_secret_value()}"
    return headers


def _certificates(settings: "Settings") -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context(cafile=settings.api.ssl_cert_file or certifi.where())
    if settings.api.tls_insecure_skip_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
