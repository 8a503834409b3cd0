"""What `tango serve` asks of Prefect's server, without Prefect: it goes on while the server is down."""

import os
from collections.abc import Iterable
from typing import Any

import httpx

from flows.server.lost_runs import RunState

_SECONDS = 10.0


class PrefectApi:
    """The API at an address, asked with the name and password that Prefect's own clients use
    (`PREFECT_API_AUTH_STRING`).

    Every method raises `httpx.HTTPError` when the server does not answer, or not with what was asked for.
    """

    def __init__(self, url: str) -> None:
        name, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
        self._client = httpx.Client(base_url=url, timeout=_SECONDS, auth=(name, password) if name else None)

    def run_states(self, ids: Iterable[str]) -> dict[str, RunState]:
        """See `lost_runs.Api`."""
        body = {"flow_runs": {"id": {"any_": list(ids)}}}
        runs = self._post("/flow_runs/filter", body)
        return {run["id"]: RunState(id=run["state_id"], type=run["state_type"]) for run in runs}

    def set_state(self, run_id: str, state: dict[str, Any]) -> None:
        """See `lost_runs.Api`."""
        self._post(f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()
