"""What axe-core finds on a page, less what lies in Gradio's own components."""

from __future__ import annotations

from typing import Any

import pytest

EXCUSED = {
    "label-title-only": "Gradio names the filter above a table by its title alone: it is named, "
    "and gr.Dataframe takes no label for it",
}
"""Rules that Gradio's own components break, each with the reason why we cannot mend it.

Nothing of ours is excused: a node with ``gs-`` in it, or in the way to it, always counts.
"""


def serious(page: Any) -> list[str]:
    """Serious and critical findings, a line each with rule and node."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core here")
    page.wait_for_timeout(500)
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} at {node['target']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
        if one["id"] not in EXCUSED or "gs-" in node["html"] or "gs-" in str(node["target"])
    ]
