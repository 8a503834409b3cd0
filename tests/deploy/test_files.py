"""The files in deploy/: versions that cannot drift, settings that exist, names that agree, no known password."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from flows.configuration.settings import Settings
from flows.intake.dataset import scan
from flows.server.deploy import POOL
from tasks.runtime.cluster.native_libraries import _PACKAGES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CLUSTER, *OTHERS = yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text())
LAUNCHER = yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
_VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")


def filled(value: str, given: dict[str, str]) -> str:
    """A value of the compose file with its variables filled in."""
    return _VARIABLE.sub(lambda found: given.get(found[1], found[3] if found[2] == "-" else ""), value)


def _kubernetes_worker() -> dict:
    (deployment,) = [part for part in OTHERS if part["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]["containers"][0]


def _pods() -> list[dict]:
    groups = [CLUSTER["spec"]["headGroupSpec"], *CLUSTER["spec"]["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


def test_the_image_installs_what_is_pinned_and_nothing_else():
    installs = [line for line in DOCKERFILE.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert all("-c constraints.txt -r /tmp/requirements.txt" in line or "--no-deps -e ." in line for line in installs)
    assert not re.search(r"[\w\]]\s*[=~<>]=\s*\d", DOCKERFILE), "a version of its own"
    python = re.search(r"^FROM python:(\d+\.\d+)-", DOCKERFILE, re.MULTILINE)[1]
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert wanted.startswith(f">={python},")
    for name in ("torch", "ray", "prefect", "pylance", "asyncpg", "mediapipe"):
        assert name in PINS


def test_the_image_has_the_system_libraries_that_are_missed_by_name():
    installed = set(re.search(r"apt-get install.*?\\\n|apt-get install[^\n]*", DOCKERFILE)[0].split())
    assert {"libgl1", "libegl1", "libgles2", "libglib2.0-0", "libgomp1"} <= installed
    assert installed & set(_PACKAGES.values()) == {p for p in installed if p.startswith("lib")}


def test_the_image_holds_the_whole_package_and_nothing_that_is_not_needed():
    kept = set(re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert kept >= {name.removesuffix("*") for name in packages} | {"pyproject.toml", "constraints.txt", "prefect.yaml"}
    assert all((ROOT / name).exists() for name in kept)


def test_every_image_is_ours_or_of_a_named_release():
    images = [service["image"] for service in COMPOSE["services"].values()]
    images += [container["image"] for pod in _pods() for container in pod["containers"]]
    images += [_kubernetes_worker()["image"], LAUNCHER["docker"]["image"]]
    for image in images:
        _, _, tag = filled(image, {}).rpartition(":")
        assert tag and tag != "latest", image
    assert CLUSTER["spec"]["rayVersion"] == PINS["ray"]


def test_no_password_is_known_and_no_port_is_open_to_the_network():
    text = (DEPLOY / "compose.yaml").read_text()
    secrets = re.findall(r"^\s*(\w*(?:PASSWORD|TOKEN|AUTH_STRING|SECRET)\w*):\s*(.+)$", text, re.MULTILINE)
    assert secrets
    for name, value in secrets:
        assert "${" in value or value.startswith("/run/secrets/"), f"{name} stands in the file"
    given = [found for found in _VARIABLE.findall(text) if re.search("PASSWORD|TOKEN", found[0])]
    assert given
    for name, kind, default in given:
        assert not default or default.startswith("write"), name
        assert "PASSWORD" not in name or kind == "?", name
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports and all(str(port).startswith("127.0.0.1:") for port in ports)
    kubernetes = (DEPLOY / "kuberay.yaml").read_text()
    assert "kind: Secret\n" not in kubernetes and "LoadBalancer" not in kubernetes and "NodePort" not in kubernetes
    for pod in _pods():
        names = {variable["name"]: variable for variable in pod["containers"][0]["env"]}
        assert names["RAY_AUTH_MODE"]["value"] == "token" and "secretKeyRef" in names["RAY_AUTH_TOKEN"]["valueFrom"]
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()


def _settings(environment: dict[str, str], monkeypatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_the_worker_of_compose_has_settings_that_exist_and_fit_the_other_services(monkeypatch):
    services, given = COMPOSE["services"], {"STORE_PASSWORD": "s3cret", "PREFECT_PASSWORD": "pass"}
    environment = {name: filled(value, given) for name, value in services["worker"]["environment"].items()}
    settings = _settings(environment, monkeypatch)
    assert settings.cluster.address == "ray://ray-head:10001"
    assert "--ray-client-server-port=10001" in services["ray-head"]["command"]
    (secret,) = services["worker"]["secrets"]
    assert settings.cluster.token_file == f"/run/secrets/{secret}" and secret in COMPOSE["secrets"]
    assert services["ray-head"]["environment"]["RAY_AUTH_TOKEN_PATH"] == settings.cluster.token_file
    assert settings.storage_options["aws_secret_access_key"] == "s3cret"
    assert settings.storage_options["aws_endpoint"] == "http://store:9000"
    assert f'.create_dir("{settings.catalog.split("/")[2]}")' in services["bucket"]["command"][-1]
    assert environment["PREFECT_API_URL"] == "http://server:4200/api"
    assert services["server"]["command"][-2:] == ["--port", "4200"]
    expected = filled(services["server"]["environment"]["PREFECT_SERVER_API_AUTH_STRING"], given)
    assert environment["PREFECT_API_AUTH_STRING"] == expected == "tango:pass"
    gpu = yaml.safe_load((DEPLOY / "compose.gpu.yaml").read_text())["services"]
    workers = _settings(gpu["worker"]["environment"], monkeypatch).cluster.workers
    assert workers["interpolate_seams"].num_gpus == 0.5
    assert set(gpu) <= set(services) and {part["image"] for part in gpu.values()} == {"tango:gpu"}


def test_the_dataset_of_compose_holds_a_folder_for_each_avatar_and_nothing_else(tmp_path):
    """Whatever stands in the README is put where it says: no folder of everybody's footage becomes an avatar."""
    environment = COMPOSE["services"]["worker"]["environment"]
    kubernetes = {v["name"]: v.get("value") for v in _kubernetes_worker()["env"]}
    text = (DEPLOY / "README.md").read_text()
    (made,) = re.findall(r"mkdir -p deploy/data/(\S+)", text)
    assert environment["TANGO_DATASET"] == kubernetes["TANGO_DATASET"] == f"/data/{made}"
    for path in re.findall(r"`/data/(\S+\.mp4)`", text):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    assert {path.name for path in tmp_path.iterdir()} == {made}
    assert list(scan(tmp_path / made).videos) == ["anna"]


def test_the_worker_of_kubernetes_has_settings_that_exist_and_fit_the_cluster(monkeypatch):
    worker = _kubernetes_worker()
    given = {v["name"]: v["value"] for v in worker["env"] if "value" in v}
    given |= {"TANGO_CATALOG": "s3://bucket/catalog", "TANGO_STORAGE_OPTIONS": "{}"}
    settings = _settings(given, monkeypatch)
    head = CLUSTER["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in head["ports"]}
    assert settings.cluster.address == f"ray://{CLUSTER['metadata']['name']}-head-svc:{ports['client']}"
    (mount,) = [mount for mount in worker["volumeMounts"] if settings.cluster.token_file.startswith(mount["mountPath"])]
    assert mount["name"] == "token"
    assert CLUSTER["spec"]["headGroupSpec"]["rayStartParams"]["include-dashboard"] == "false"


@pytest.mark.parametrize("command", [COMPOSE["services"]["worker"]["command"], _kubernetes_worker()["command"]])
def test_the_workers_run_the_pool_of_prefect_yaml(command):
    # `tango work` applies prefect.yaml and runs a worker of this pool, with the environment that its entries name.
    assert command == ["tango", "work"]
    entries = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert {entry["work_pool"]["name"] for entry in entries} == {POOL}
    hidden = {"PREFECT_API_URL", "PREFECT_API_AUTH_STRING"}
    names = {name for entry in entries for name in entry["work_pool"]["job_variables"]["env"]}
    assert not names & (hidden | set(COMPOSE["services"]["worker"]["environment"]))


def test_the_kuberay_file_has_the_fields_that_its_documentation_names():
    assert (CLUSTER["apiVersion"], CLUSTER["kind"]) == ("ray.io/v1", "RayCluster")
    assert set(CLUSTER["spec"]) <= {"rayVersion", "headGroupSpec", "workerGroupSpecs", "authOptions"}
    groups = {group["groupName"]: group for group in CLUSTER["spec"]["workerGroupSpecs"]}
    assert set(groups) == {"cpu", "gpu"}
    for group in groups.values():
        assert set(group) == {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"}
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    gpus = {name: _first(group)["resources"]["limits"].get("nvidia.com/gpu") for name, group in groups.items()}
    assert gpus == {"cpu": None, "gpu": "1"}
    volumes = {volume["name"] for pod in _pods()[1:] for volume in pod["volumes"]}
    mounted = {mount["name"] for group in groups.values() for mount in _first(group)["volumeMounts"]}
    assert mounted == volumes
    claims = {part["metadata"]["name"] for part in OTHERS if part["kind"] == "PersistentVolumeClaim"}
    used = re.findall(r"claimName: ([\w-]+)", (DEPLOY / "kuberay.yaml").read_text())
    assert set(used) == claims


def _first(group: dict) -> dict:
    return group["template"]["spec"]["containers"][0]


def test_the_launcher_file_passes_rays_own_schema():
    import ray.autoscaler

    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    jsonschema.validate(LAUNCHER, schema)
    assert "RAY_AUTH_MODE=token" in " ".join(LAUNCHER["docker"]["run_options"])
    assert list(LAUNCHER["file_mounts"]) == ["/home/tango/.ray/auth_token"]


def test_compose_services_wait_for_one_another_and_name_what_is_there():
    services = COMPOSE["services"]
    assert set(services) == {"postgres", "store", "bucket", "server", "ray-head", "worker"}
    for service in services.values():
        waits = service.get("depends_on", [])
        assert set(waits) <= set(services)
        for name, how in waits.items() if isinstance(waits, dict) else ():
            assert how["condition"] != "service_healthy" or "healthcheck" in services[name]
        named = [volume.partition(":")[0] for volume in service.get("volumes", [])]
        assert all(name in COMPOSE["volumes"] for name in named if re.fullmatch(r"\w+", name))
