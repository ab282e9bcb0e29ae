"""Here: files are decoded and drawn in worker processes, networks run in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genrescope.collection.crew import Crew
from genrescope.collection.drawing import Task
from genrescope.collection.engines import Finding, Job
from genrescope.collection.engines._gathering import Gathering


def work(job: Job, tasks: Iterable[Task]) -> Iterator[Finding]:
    """See `genrescope.collection.engines.Engine`."""
    gathering = Gathering(job.classifier)
    with Crew(job.order, job.workers, job.limit_seconds) as crew:
        for task, piece in crew.draw(tasks):
            finding = gathering.take(task.file, piece)
            if finding is not None:
                yield finding
