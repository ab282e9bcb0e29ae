"""How Sphinx builds these pages: ``poe site``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import genrescope
from genrescope.apps.card_page import write_card
from genrescope.models import find, list_models

project = "Genrescope"
author = "The Genrescope founders"
copyright = f"{datetime.now(tz=UTC).year}, {author}"  # noqa: A001
release = version = genrescope.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
myst_enable_extensions = ["fieldlist"]
exclude_patterns = ["pictures", "notebook.ipynb"]
suppress_warnings = ["myst.header", "ref.python"]  # several values have a field `bands`

autodoc_typehints = "none"  # docstrings say them, with shapes and units
autodoc_member_order = "alphabetical"
napoleon_google_docstring = False

html_theme = "furo"
html_title = "Genrescope"
html_show_sphinx = False
linkcheck_ignore = [r"http://127\.0\.0\.1.*", r"https://doi\.org/.*"]


def _lay_cards(_: Any, name: str, source: list[str]) -> None:
    """Put the cards of our model files where their page wants them."""
    if name == "model-cards":
        ours = [one.name for one in list_models() if one.place in ("checkout", "built in")]
        lines = [line for model in sorted(ours) for line in write_card(find(model).card)]
        source[0] = source[0].replace("<!-- cards -->", "\n".join(lines))


def setup(app: Any) -> None:
    """What Sphinx calls first."""
    app.connect("source-read", _lay_cards)
