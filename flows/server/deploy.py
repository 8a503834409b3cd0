"""Registers the deployments of prefect.yaml with the server at `PREFECT_API_URL`. `python -m flows.server.deploy`

`prefect deploy --all` does the same, but 3.8.8 sends its server a null that current FastAPI releases refuse (422).
"""

import os
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]


def deploy() -> list[str]:
    """Create or update every deployment; returns their names. The flows are found in the checkout by the worker."""
    from prefect.deployments.runner import RunnerDeployment

    os.chdir(PROJECT)  # entry points in prefect.yaml are relative to it
    names = []
    for entry in yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]:
        pool = entry["work_pool"]
        deployment = RunnerDeployment.from_entrypoint(
            entry["entrypoint"],
            name=entry["name"],
            description=entry.get("description"),
            tags=entry.get("tags"),
            concurrency_limit=entry.get("concurrency_limit"),
            work_pool_name=pool["name"],
            job_variables=pool.get("job_variables"),
        )
        deployment.apply()
        names.append(f"{deployment.flow_name}/{deployment.name}")
    return names


if __name__ == "__main__":
    print("\n".join(deploy()))
