"""Stopwatches: CPU seconds first, because wall time on a machine that does other work means
little.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Self


@dataclass(frozen=True)
class Lap:
    """What something took; CPU seconds count every thread."""

    cpu: float
    wall: float


class Stopwatch:
    """Measures a `with` block of this process: `lap` is filled in at its end."""

    lap: Lap

    def __enter__(self) -> Self:
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.lap = Lap(time.process_time() - self._cpu, time.perf_counter() - self._wall)


@dataclass(frozen=True)
class Laps:
    """The same thing measured several times."""

    laps: tuple[Lap, ...]

    @property
    def cpu(self) -> float:
        """The least CPU seconds."""
        return min(lap.cpu for lap in self.laps)

    @property
    def wall(self) -> float:
        """The least wall seconds."""
        return min(lap.wall for lap in self.laps)

    @property
    def median_cpu(self) -> float:
        """The middle of the CPU seconds."""
        return median(lap.cpu for lap in self.laps)

    @property
    def median_wall(self) -> float:
        """The middle of the wall seconds."""
        return median(lap.wall for lap in self.laps)


def peak_megabytes() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_process(command: Sequence[str]) -> Lap:
    """Run a command to its end; CPU seconds of the child alone. Its failure is ours."""
    wall = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(
            f"{' '.join(command)} ended with {process.returncode}: "
            f"{complaint.decode(errors='replace')}"
        )
    return Lap(usage.ru_utime + usage.ru_stime, time.perf_counter() - wall)


def repeated(command: Sequence[str], times: int) -> Laps:
    """The same command, several times."""
    return Laps(tuple(run_process(command) for _ in range(times)))


def in_child(module: str, *arguments: str) -> Any:
    """Run a module of this package in a fresh process, whose peak memory is then its own, and read
    its JSON.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
