"""What the pages and the REST API share: settings, models kept loaded, turns, uploads, jobs.

No web framework is imported here. A door makes one `Studio` and asks it everything:

>>> from genrescope.apps.serving import Question, Settings, Studio
>>> with Studio((), Settings()) as studio:  # doctest: +SKIP
...     answer = studio.classify("samples/jazz_vibe_ace.flac", Question(models=("all",)))
"""

from genrescope.apps.serving.questions import Answer, Progress, Question
from genrescope.apps.serving.settings import Settings
from genrescope.apps.serving.shelf import ShelfModel
from genrescope.apps.serving.studio import Studio
from genrescope.apps.serving.uploads import Upload, Uploads, label
from genrescope.apps.serving.watch import Watch

__all__ = [
    "Answer",
    "Progress",
    "Question",
    "Settings",
    "ShelfModel",
    "Studio",
    "Upload",
    "Uploads",
    "Watch",
    "label",
]
