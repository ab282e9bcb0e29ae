"""The documentation builds without a warning, and its notebook runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAIRS = ("tutorial", "spectrograms", "disagreement", "probability", "splits")


@pytest.mark.slow
def test_every_page_builds_and_every_link_within_leads_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="Sphinx is not installed (dev group)")
    pytest.importorskip("myst_parser")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    pages = {page.relative_to(tmp_path).as_posix() for page in tmp_path.rglob("*.html")}
    assert {"index.html", "tutorial.html", "reference.html", "zh/splits.html"} <= pages
    assert "genrescope.classify" in (tmp_path / "reference.html").read_text(encoding="utf-8")
    cards = (tmp_path / "model-cards.html").read_text(encoding="utf-8")
    assert "mobilenetv3_cqt" in cards
    assert "densenet121_mel" in cards


def test_the_notebook_runs(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed (dev group)")
    pytest.importorskip("ipykernel")
    code = (
        "import nbformat, nbclient, sys\n"
        "notebook = nbformat.read(sys.argv[1], 4)\n"
        "nbclient.NotebookClient(notebook, timeout=600).execute()\n"
        "print(sum(len(c.get('outputs', [])) for c in notebook.cells))\n"
    )
    assert nbclient
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "docs" / "notebook.ipynb")],
        cwd=ROOT,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 5


def test_concepts_and_tutorial_exist_in_both_languages() -> None:
    for name in PAIRS:
        english = ROOT / "docs" / ("tutorial.md" if name == "tutorial" else f"concepts/{name}.md")
        for page in (english, ROOT / "docs" / "zh" / f"{name}.md"):
            assert page.read_text(encoding="utf-8").startswith("# "), page
        for text in (english.read_text("utf-8"), (ROOT / f"docs/zh/{name}.md").read_text("utf-8")):
            assert text.count("\n## ") >= 2


def test_what_the_tutorial_prints_is_what_the_chinese_one_prints() -> None:
    def printed(page: Path) -> list[str]:
        return [part.split("```")[0] for part in page.read_text("utf-8").split("```text")[1:]]

    english = printed(ROOT / "docs" / "tutorial.md")
    assert english == printed(ROOT / "docs" / "zh" / "tutorial.md")
    assert len(english) == 2


def test_cards_stand_on_their_page_as_they_are_in_the_files() -> None:
    from genrescope.apps.card_page import write_card
    from genrescope.models import find

    card = find("mobilenetv3_mel").card
    text = "\n".join(write_card(card))
    assert text.startswith("## mobilenetv3_mel\n")
    assert card.licence in text
    assert all(label in text for label in card.labels)
    assert all(f"> {warning}" in text for warning in card.warnings)
    first = card.scores[0]
    assert f"| {first.dataset} | {first.split} | {first.metric} | {first.value:.3f} |" in text
    assert all(f"- {source.name}: {source.excerpts} excerpts" in text for source in card.training)
