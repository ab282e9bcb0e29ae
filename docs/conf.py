"""How Sphinx builds these pages: ``poe site``."""

from __future__ import annotations

from datetime import UTC, datetime

import genrescope

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
