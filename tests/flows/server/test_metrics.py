"""What Prometheus is given."""

import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.fleet.figures import FleetFigures
from flows.server import metrics as module
from flows.server.metrics import FleetCollector, listening
from flows.server.worker import Work
from tango_models.errors import InputError
from tests.flows.server.served import free_port, serving, until

FAILED_AT = datetime(2026, 1, 1, tzinfo=UTC)
SEEN = FleetFigures(
    avatars={"failed": 2, "complete": 5},
    units={("extract_frames", "ok"): 7, ("fit_smplx", "failed"): 2, ("render_video", "ok"): 3},
    leased=4,
    oldest_failure=FAILED_AT,
)


def _asked(port: int) -> dict[tuple[str, ...], float]:
    reply = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).raise_for_status()
    families = text_string_to_metric_families(reply.text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_every_state_of_every_stage_is_there_also_when_it_is_none():
    with listening(FleetCollector(lambda: SEEN, seconds=60), host="127.0.0.1", port=0) as port:
        before = datetime.now(UTC)
        found = _asked(port)
        after = datetime.now(UTC)
    assert found["tango_avatars", "failed"] == 2 and found["tango_avatars", "stale"] == 0
    assert found["tango_units", "fit_smplx", "failed"] == 2 and found["tango_units", "fit_smplx", "ok"] == 0
    assert found["tango_units", "render_video", "ok"] == 3 and ("tango_units", "render_video", "stale") not in found
    assert found["tango_units_leased",] == 4 and found["tango_catalog_up",] == 1
    age = timedelta(seconds=found["tango_oldest_failure_age_seconds",])
    assert before <= FAILED_AT + age <= after


def test_a_catalog_is_looked_at_when_somebody_asks_and_not_too_often(monkeypatch):
    now, looks = [100.0], []

    def look() -> FleetFigures:
        looks.append(now[0])
        now[0] += 3.0
        return SEEN

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    collector = FleetCollector(look, seconds=15)
    assert not looks and collector.describe() == []
    for _ in range(3):
        list(collector.collect())
    assert looks == [100.0]
    now[0] += 29.0  # ten times what a look took
    list(collector.collect())
    assert looks == [100.0]
    now[0] += 2.0
    list(collector.collect())
    assert len(looks) == 2


def test_a_look_that_fails_is_said_once_and_nothing_old_is_shown():
    faults, said = [OSError("gone"), OSError("gone"), None], []

    def look() -> FleetFigures:
        if fault := faults.pop(0):
            raise fault
        return SEEN

    collector = FleetCollector(look, seconds=0, say=said.append)
    found = []
    for _ in range(3):
        collector._looked = -1e9
        found.append({family.name: family.samples[0].value for family in collector.collect()})
    assert [names["tango_catalog_up"] for names in found] == [0, 0, 1]
    assert "tango_units" not in found[1] and "tango_units" in found[2]
    assert said == ["the catalog cannot be looked at (gone)"]


@pytest.mark.parametrize("host", ["127.0.0.1", "203.0.113.7"])
def test_an_address_that_cannot_be_used_is_named_before_anything_starts(tmp_path, host):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"metrics at {host}:{port}: cannot be used"):
            Work("/catalog", metrics=(host, port)).beside(tmp_path)
        collector = FleetCollector(lambda: SEEN, seconds=1)
        with pytest.raises(InputError, match=f"metrics at {host}:{port}"), listening(collector, host=host, port=port):
            pass
    assert Work("/catalog").beside(tmp_path) == []


@pytest.mark.integration
def test_beside_the_server_they_are_there_on_this_machine_alone_and_come_back(tmp_path):
    import psutil

    port = free_port()
    with serving(tmp_path / "catalog", TANGO_METRICS__PORT=str(port), PREFECT_SERVER_METRICS_ENABLED="true") as served:
        assert f"metrics at http://127.0.0.1:{port}/metrics" in served.said()

        def found() -> dict | None:
            try:
                return _asked(port)
            except httpx.HTTPError:
                return None

        assert until(found, within=120, what="the metrics")["tango_catalog_up",] == 1
        (process,) = [
            child
            for child in psutil.Process(served.process.pid).children(recursive=True)
            if "metrics" in child.cmdline()
        ]
        places = {
            connection.laddr.ip for connection in process.net_connections("inet") if connection.status == "LISTEN"
        }
        assert places == {"127.0.0.1"}
        process.kill()
        until(lambda: "the metrics ended" in served.said(), within=30, what="that it is noticed")
        assert until(found, within=120, what="the metrics again")["tango_catalog_up",] == 1
        assert "python_info" in httpx.get(f"{served.api}/metrics", timeout=30).raise_for_status().text
