"""A worker whose writes fail as on a full disk: the system refuses, not a mock."""

import resource

from data_catalog import Unit
from tasks.runtime.cluster.workers import Outcome, StageWorker


class FullDiskWorker(StageWorker):
    """No file may grow beyond 8 kB while a unit of `STAGES` is done; the ledger's small files still fit."""

    STAGES = ("extract_frames", "render_video")
    BYTES = 8_000

    def process(self, unit: Unit) -> Outcome:
        if unit.stage not in self.STAGES:
            return super().process(unit)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.BYTES, limits[1]))
        try:
            return super().process(unit)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
