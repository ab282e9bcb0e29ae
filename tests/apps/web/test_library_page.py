"""The page Library in a real browser, over a store of made-up songs and some real files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytest.importorskip("gradio", reason="the extra 'web' is not installed")

from genrescope.apps.web.pages.library import ROWS
from genrescope.classification import taxonomies
from genrescope.collection.stores import open_store
from genrescope.collection.tagging.formats import read_genres
from genrescope.collection.values import Analysis, FileState, Seat
from genrescope.types import Failure
from tests.apps.web import test_browser
from tests.apps.web.accessibility import serious
from tests.apps.web.test_browser import CHROMIUM, SAMPLES, Visit, everywhere, serve

browser, visit = test_browser.browser, test_browser.visit
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.slow,
]

LABELS = taxonomies.load("genres16").labels
SEATS = [Seat(name, "0" * 64, "{}", LABELS) for name in ("one", "two")]
FAKES = 120
REAL = {
    "jazz.flac": ("jazz_vibe_ace.flac", "Blues"),
    "=1+1 <b>disco.mp3": ("disco_con_tutti.mp3", "Disco"),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store: real songs, made-up ones, and one that failed."""
    folder = tmp_path_factory.mktemp("library")
    rng = np.random.default_rng(7)
    with open_store(folder / "store.sqlite") as store:
        for number in range(FAKES):
            path = folder / "fake" / f"{number:03}.mp3"
            keep(store, path, rng.dirichlet(np.full(16, 0.2)), number)
        for number, (name, (sample, genre)) in enumerate(REAL.items(), FAKES):
            shutil.copy(SAMPLES / sample, folder / name)
            row = np.full(16, 0.01)
            row[LABELS.index(genre)] = 0.85
            keep(store, folder / name, row, number)
        keep(store, Path(os.fsdecode(bytes(folder) + b"/st\xffray.ogg")), np.eye(16)[3], 999)
        bad = FileState(bytes(folder / "bad.mp3"), 1, 1)
        store.keep_failure(bad, Failure("bad.mp3", "decode", "<i>no</i> sound"))
    return folder


def keep(store: Any, path: Path, row: Any, number: int) -> None:
    state = path.stat() if path.exists() else None
    file = FileState(os.fsencode(path), state.st_size if state else 1, 1)
    rows = [row.astype(np.float32), np.roll(row, number % 5 == 2).astype(np.float32)]
    analyses = [Analysis(seat, one, 30.0, None) for seat, one in zip(SEATS, rows, strict=True)]
    store.keep(file, f"{number:032}".encode(), analyses)


@pytest.fixture(scope="module")
def served(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("uploads")
    yield from serve(folder, "--store", str(library / "store.sqlite"), "--allow-tagging")
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def width_of(visit: Visit) -> str:
    return "phone" if visit.page.viewport_size["width"] < 500 else "desktop"


@everywhere(("en", "desktop"), ("zh", "phone"), ("en", "phone"))
def test_songs_are_shown_a_page_at_a_time(visit: Visit) -> None:
    page, told = visit.page, visit.texts
    visit.tab("library")
    page.wait_for_selector("#gs-library-songs tbody tr")
    assert page.locator("#gs-library-songs tbody tr").count() == ROWS
    assert "123" in page.inner_text("#gs-library-said")
    assert page.get_by_role("button", name=told("library.before", count=ROWS)).is_disabled()
    assert page.locator("#gs-library-map circle").count() == FAKES + 3
    assert visit.fits()
    visit.shoot(f"library-{told.language[:2]}-{width_of(visit)}")
    everything = FAKES + 3
    for first in range(ROWS + 1, everything + 1, ROWS):
        page.get_by_role("button", name=told("library.after", count=ROWS)).click()
        last = min(everything, first + ROWS - 1)
        said = told("library.found", found=everything, all=everything, first=first, last=last)
        page.wait_for_selector(f"#gs-library-said >> text={said}")
    rest = f"document.querySelectorAll('#gs-library-songs tbody tr').length === {everything % ROWS}"
    page.wait_for_function(rest)
    assert page.get_by_role("button", name=told("library.after", count=ROWS)).is_disabled()
    assert r"st\udcffray.ogg" in page.inner_text("#gs-library-songs")


@everywhere(("en", "desktop"))
def test_a_question_by_keyboard(visit: Visit) -> None:
    page = visit.page
    visit.tab("library")
    page.wait_for_selector("#gs-library-songs tbody tr")
    box = page.locator("#gs-library-question textarea, #gs-library-question input").first
    box.focus()
    page.keyboard.type("path ~ '=1+1'")
    page.keyboard.press("Enter")
    page.wait_for_selector("#gs-library-said >> text=1 of 123 songs")
    assert "=1+1 <b>disco.mp3" in page.inner_text("#gs-library-songs")
    page.wait_for_function(
        "document.querySelectorAll('#gs-library-map circle[r=\"3.6\"]').length === 1"
    )
    box.fill("polka > 1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#gs-library-said .gs-error >> text=no field 'polka'")
    assert page.locator("#gs-library-songs table").count() == 0
    box.fill("jazz > 2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#gs-library-said >> text=None of 123 songs")


@everywhere(("en", "desktop"))
def test_tags_are_planned_looked_at_written_and_undone(visit: Visit, library: Path) -> None:
    page, told = visit.page, visit.texts
    visit.tab("library")
    page.wait_for_selector("#gs-library-songs tbody tr")
    box = page.locator("#gs-library-question textarea, #gs-library-question input").first
    box.fill("path ~ 'jazz.flac' or path ~ disco")
    page.keyboard.press("Enter")
    page.wait_for_selector("#gs-library-said >> text=2 of 123 songs")
    before = {name: read_genres(library / name).values for name in REAL}
    page.get_by_role("radio", name=told("library.replace")).check()
    words = page.locator("#gs-library-words textarea")
    words.fill("Polka = x")
    page.locator("#gs-library-plan").click()
    page.wait_for_selector("#gs-library-preview .gs-error >> text=Polka")
    words.fill("Blues = Blue & Sad")
    page.locator("#gs-library-apply").click()
    page.wait_for_selector(f"#gs-library-result >> text={told('library.plan_first')}")
    page.locator("#gs-library-plan").click()
    page.wait_for_selector("#gs-library-preview tbody tr")
    assert page.locator("#gs-library-preview tbody tr").count() == 2
    page.locator("#gs-library-apply").click()
    page.wait_for_selector(f"#gs-library-result >> text={told('library.look_first')}")
    assert {name: read_genres(library / name).values for name in REAL} == before
    page.get_by_label(told("library.looked")).check()
    page.locator("#gs-library-apply").click()
    page.wait_for_selector("#gs-library-result >> text=2 written")
    assert {n: read_genres(library / n).values for n in REAL} == {
        name: ("Blue & Sad" if genre == "Blues" else genre,) for name, (_, genre) in REAL.items()
    }
    page.wait_for_selector("#gs-library-journal >> text=2 files of writing")
    assert visit.fits()
    words.fill("Blues = Sad")
    page.locator("#gs-library-plan").click()
    page.wait_for_selector("#gs-library-preview >> text=1 of 2 files would change")
    page.get_by_label(told("library.looked")).check()
    page.locator("#gs-library-apply").click()
    page.wait_for_selector("#gs-library-result >> text=1 written")
    page.wait_for_selector("#gs-library-journal >> text=1 files of writing 2")
    visit.shoot("library-tags")
    which = page.locator("#gs-library-which input")
    which.click()
    page.get_by_role("option", name="1: 2 files").click()
    page.wait_for_selector("#gs-library-journal >> text=2 files of writing 1")
    page.get_by_label(told("library.undo_only")).fill("DISCO")
    page.locator("#gs-library-undo").click()
    page.wait_for_selector("#gs-library-result >> text=1 put back")
    page.get_by_label(told("library.undo_only")).fill("")
    for left in (2, 1):
        page.wait_for_selector(f"#gs-library-journal >> text=1 files of writing {left}")
        page.locator("#gs-library-undo").click()
    page.wait_for_selector(f"#gs-library-journal >> text={told('library.undo_none')}")
    assert {name: read_genres(library / name).values for name in REAL} == before


def test_what_was_found_can_be_saved(served: str, library: Path) -> None:
    with httpx.Client(base_url=served, trust_env=False, timeout=240) as http:
        wanted = {"question": "path ~ fake", "sort": "entropy"}
        table = http.get("web/library/songs.csv", params=wanted)
        assert table.headers["content-disposition"].startswith("attachment")
        assert len(table.text.splitlines()) == 1 + FAKES
        playlist = http.get("web/library/songs.m3u").content
        assert b"/st\xffray.ogg" in playlist
        report = http.get("web/library/songs.html", params={"language": "zh"}).text
        assert "&lt;i&gt;no&lt;/i&gt; sound" in report
        assert 'lang="zh-CN"' in report
        assert http.get("web/library/songs.csv", params={"question": "("}).status_code == 422
        for path in ("web/library/songs.doc", "web/library/songs.html?language=..%2Fen"):
            assert http.get(path).status_code == 404
        other = {"origin": "http://example.org"}
        answer = http.post("en/gradio_api/queue/join", json={}, headers=other)
        assert answer.status_code == 403


@everywhere(("en", "desktop"), ("zh", "desktop"))
def test_accessible(visit: Visit) -> None:
    visit.tab("library")
    visit.page.wait_for_selector("#gs-library-songs tbody tr")
    visit.page.locator("#gs-library-plan").click()
    visit.page.wait_for_selector("#gs-library-preview [role=status]")
    assert serious(visit.page) == []


@pytest.mark.parametrize("visit", [("en", "desktop")], indirect=True, ids=["no-store"])
class TestWithoutACollection:
    @pytest.fixture
    def served(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("empty")
        yield from serve(folder, "--store", str(folder / "absent.sqlite"))
        assert not (folder / "absent.sqlite").exists()

    def test_the_page_says_what_to_do(self, visit: Visit) -> None:
        visit.tab("library")
        visit.page.wait_for_selector("#gs-library-said >> text=genrescope scan FOLDER")
        assert re.search("--allow-tagging", visit.page.inner_text("body"))
        assert visit.page.locator("#gs-library-apply").count() == 0
        assert serious(visit.page) == []
