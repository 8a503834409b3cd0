"""How much sooner two nodes of Ray are done than one, with stages that take a time and no processor.

The nodes are on this machine, with as many CPUs each as Ray is told; a unit of any stage waits so many seconds
(`benchmarks.artificial`). Timed is from the first unit's start to the last one's end.
"""

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks import footage
from benchmarks.artificial import make_dataset, preprocess
from benchmarks.commands import SAME_PRIORITY, Workplace, stage_times, workplace
from benchmarks.printing import heading, table

_NODES = """
import sys
from ray.cluster_utils import Cluster
options = {"num_cpus": int(sys.argv[2]), "object_store_memory": 80 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **options})
for _ in range(int(sys.argv[1]) - 1):
    cluster.add_node(**options)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""
_WANTED = 1.8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=120)
    parser.add_argument("--cpus", type=int, default=2, help="of a node, as Ray is told")
    parser.add_argument("--unit-seconds", type=float, default=1.0)
    given = parser.parse_args()
    heading("Two nodes against one", __doc__, "nodes")
    with workplace() as place:
        video = footage.make_video([footage.synthetic_speaker()], place.folder / "video.mp4", 0.5)
        make_dataset(place.folder / "dataset", given.videos, video)
        one, two = (_seconds(place, count, given.cpus, given.unit_seconds) for count in (1, 2))
    print(f"{given.videos} videos, units of {given.unit_seconds:g} s, {given.cpus} CPUs a node.\n")
    rows = [["one node", f"{one:.1f}", "", ""], ["two nodes", f"{two:.1f}", f"{one / two:.2f}", f"{_WANTED}"]]
    table(["", "seconds", "times as fast", "wanted at least"], rows)


def _seconds(place: Workplace, nodes: int, cpus: int, unit_seconds: float) -> float:
    catalog = place.folder / f"nodes{nodes}"
    with _cluster(nodes, cpus) as address:
        place.environment |= {"TANGO_CLUSTER__ADDRESS": address, "TANGO_CLUSTER__SHARED_DISK": "true"}
        preprocess(place, place.folder / "dataset", catalog, seconds=unit_seconds)
    found = stage_times(catalog)
    return max(stage.ended for stage in found) - min(stage.began for stage in found)


@contextlib.contextmanager
def _cluster(nodes: int, cpus: int) -> Iterator[str]:
    """The address of a cluster of nodes on this machine."""
    command = [sys.executable, "-c", _NODES, str(nodes), str(cpus)]
    environment = os.environ | SAME_PRIORITY
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


if __name__ == "__main__":
    main()
