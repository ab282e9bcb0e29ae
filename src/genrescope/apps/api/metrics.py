"""Figures for Prometheus: `Metrics`."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from genrescope.apps.serving.jobs import Jobs
from genrescope.apps.serving.studio import Studio

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counts of one server, kept apart from any other in the process.

    Parameters
    ----------
    studio : Studio
    jobs : Jobs
    """

    def __init__(self, studio: Studio, jobs: Jobs) -> None:
        self._registry = CollectorRegistry()
        own = self._registry
        self.requests = Counter(
            "genrescope_requests", "Answers, by route.", ("method", "route", "status"), registry=own
        )
        self.seconds = Histogram(
            "genrescope_request_seconds",
            "From a request's first byte to its answer's last.",
            ("route",),
            buckets=SECONDS,
            registry=own,
        )
        self.received = Counter("genrescope_received_bytes", "Bytes of requests.", registry=own)
        self.heard = Counter("genrescope_heard_seconds", "Sound that was classified.", registry=own)
        gauges = {
            "genrescope_turns_working": ("Recordings at work.", lambda: studio.turns.working),
            "genrescope_turns_waiting": ("Recordings that wait.", lambda: studio.turns.waiting),
            "genrescope_uploads_open": ("Uploads on disk.", lambda: studio.uploads.count),
            "genrescope_jobs_active": ("Jobs at work.", lambda: jobs.active),
            "genrescope_models_loaded": ("Networks loaded.", lambda: len(studio.shelf.loaded)),
        }
        for name, (text, read) in gauges.items():
            Gauge(name, text, registry=own).set_function(read)
        ProcessCollector(registry=own)

    def page(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self._registry)
