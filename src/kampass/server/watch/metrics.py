"""What Prometheus reads: how this process answers, and how the workspace stands.

Requests and questions are counted in the memory of a process. Loads, jobs and events are counted
in the database each time, so several processes that share a workspace say the same. No label holds
what somebody typed, and none an id.
"""

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kampass.server.watch.requests import Answered
from kampass.version import VERSION
from kampass.workspace import Workspace
from kampass.workspace.counts import Counts, counted

if TYPE_CHECKING:
    from prometheus_client import Metric

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The measures of one process and of its workspace."""

    def __init__(self, workspace: Workspace) -> None:
        # 26 ms that only a server pays.
        from prometheus_client import (
            CollectorRegistry,
            Histogram,
            ProcessCollector,
            disable_created_metrics,
        )

        # A second series for each would say when it began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "kampass_http_request_duration_seconds",
            "Seconds from a request to the end of its answer, in this process.",
            ("method", "route", "status"),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(WorkspaceMeasures(workspace))

    def hear(self, answered: Answered) -> None:
        """Count a request."""
        self._seconds.labels(answered.method, answered.route, str(answered.status)).observe(
            answered.seconds
        )

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)


class WorkspaceMeasures:
    """What a workspace says of itself, asked each time that somebody reads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def collect(self) -> "Iterator[Metric]":
        """The measures; where the database cannot be reached, those that need none."""
        from prometheus_client.core import CounterMetricFamily

        yield _gauge("kampass_build_info", "The version.", {VERSION: 1}, "version")
        yield CounterMetricFamily(
            "kampass_questions",
            "Questions for figures that people asked of this process.",
            value=self._workspace.sights.asked,
        )
        free = shutil.disk_usage(self._workspace.folder).free
        yield _gauge("kampass_disk_free_bytes", "Bytes free where the workspace is.", free)
        try:
            counts = counted(self._workspace)
        # Whatever keeps it from counting, a reader must not be left without the rest.
        except Exception:  # noqa: BLE001
            counts = None
        up = int(counts is not None)
        yield _gauge("kampass_database_up", "Whether the database could be read.", up)
        if counts is not None:
            yield from _of_database(counts)


def _of_database(counts: Counts) -> "Iterator[Metric]":
    from prometheus_client.core import CounterMetricFamily

    yield _gauge("kampass_loads", "Loads by state.", counts.loads, "state")
    yield _gauge("kampass_jobs", "Jobs by state, of the last 500.", counts.jobs, "state")
    events = CounterMetricFamily("kampass_events", "What happened, by kind.", labels=["kind"])
    for kind, count in counts.events.items():
        events.add_metric([kind], count)
    yield events
    for name, about, at in (
        ("kampass_snapshot_age_seconds", "Since the latest load that answers.", counts.known_at),
        (
            "kampass_publication_age_seconds",
            "Since what answers was published.",
            counts.published_at,
        ),
    ):
        if at is not None:
            yield _gauge(name, about, (datetime.now(UTC) - at).total_seconds())


def _gauge(name: str, about: str, values: "float | Mapping[str, int]", label: str = "") -> "Metric":
    """A gauge with one value, or with one for each value of a label."""
    from prometheus_client.core import GaugeMetricFamily

    if isinstance(values, Mapping):
        found = GaugeMetricFamily(name, about, labels=[label])
        for key, value in values.items():
            found.add_metric([key], value)
        return found
    return GaugeMetricFamily(name, about, value=values)
