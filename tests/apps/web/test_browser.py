"""The pages in a real browser: both languages, desktop and phone, by pointer and by keyboard.

With ``GENRESCOPE_SCREENSHOTS`` naming a folder, pictures of the pages are written there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytest.importorskip("gradio", reason="the extra 'web' is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.slow,
]

from genrescope.apps.web import texts  # noqa: E402
from genrescope.models import own_models  # noqa: E402
from tests.apps.web.accessibility import serious  # noqa: E402

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
JAZZ, POP = SAMPLES / "jazz_vibe_ace.flac", SAMPLES / "pop_hyde_acoustic.ogg"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--use-fake-device-for-media-stream",  # a microphone that beeps
]
WAIT_MS = 300_000
"""Nothing takes so long but on a machine that others keep busy; a fault shows itself later."""
WIDTHS = {"desktop": 1280, "phone": 390}


def serve(folder: Path, *options: str) -> Iterator[str]:
    """The address of ``genrescope serve``, as people start it, until the test is done."""
    command = [sys.executable, "-m", "genrescope", "serve", "--port", "0", "--time-limit", "600"]
    server = subprocess.Popen(
        [*command, *options, "--model", "mobilenetv3_mel"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )
    assert server.stdout is not None
    told: list[str] = []
    for line in server.stdout:
        told.append(line)
        if "Genrescope is at" in line:
            break
    else:
        pytest.fail("".join(told))
    address = told[-1].split()[-1]
    rest = threading.Thread(target=told.extend, args=[server.stdout], daemon=True)
    rest.start()
    yield address
    server.send_signal(signal.SIGINT)
    assert server.wait(240) in (0, 130)
    rest.join(240)
    server.stdout.close()
    assert "Traceback" not in "".join(told)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that leaves no file behind."""
    folder = tmp_path_factory.mktemp("uploads")
    yield from serve(folder, "--limit-mb", "3")
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """One open page, and what it did behind our back."""

    page: Any
    texts: texts.Texts
    abroad: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def tab(self, key: str) -> None:
        self.page.get_by_role("tab", name=self.texts(f"tab.{key}")).click()

    def choose(self, page: str, *files: Path) -> None:
        self.page.wait_for_selector(f"#gs-{page}-drop .gs-drop")
        self.page.set_input_files(f"#gs-{page}-drop input.gs-file", [str(f) for f in files])

    def shoot(self, name: str) -> None:
        folder = os.environ.get("GENRESCOPE_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def fits(self) -> bool:
        """Whether nothing needs scrolling sideways."""
        script = "document.documentElement.scrollWidth <= window.innerWidth + 1"
        return bool(self.page.evaluate(script))


@pytest.fixture
def visit(served: str, browser: Any, request: pytest.FixtureRequest) -> Iterator[Visit]:
    language, width = request.param
    locale = "zh-CN" if language == "zh" else "en-GB"
    context = browser.new_context(locale=locale, viewport={"width": WIDTHS[width], "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    made = Visit(page, texts.load(language))

    def ask(asked: Any) -> None:
        if urlsplit(asked.url).hostname not in ("127.0.0.1", None, ""):
            made.abroad.append(asked.url)

    page.on("request", ask)
    page.on("pageerror", lambda error: made.faults.append(str(error)))
    page.goto(served)
    page.wait_for_selector("#gs-analyse-drop .gs-drop")
    yield made
    context.close()
    assert made.abroad == []
    assert made.faults == []


def everywhere(*pairs: tuple[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("visit", pairs, indirect=True, ids="-".join)


ALL = [(language, width) for language in ("en", "zh") for width in WIDTHS]


def test_gradio_keeps_no_files(served: str) -> None:
    with httpx.Client(base_url=served, trust_env=False, timeout=240) as http:
        for path in ("en/gradio_api/upload", "zh/gradio_api/upload?upload_id=1"):
            assert http.post(path, files={"files": ("a.wav", b"RIFF")}).status_code == 404
        for path in ("en/gradio_api/file=/etc/passwd", "zh/gradio_api/proxy=http://example.org/"):
            assert http.get(path).status_code == 404
        playlist = ("a.mp4", b"#EXTM3U\n#EXTINF:3.0,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n")
        for path in ("en/gradio_api/process_recording", "zh/gradio_api/vibe-edit"):
            assert http.post(path, files={"video": playlist}).status_code == 404
        for path in ("en/gradio_api/deep_link", "en/gradio_api/runs", "zh/monitoring/summary"):
            assert http.get(path).status_code == 404
        assert http.get("en/gradio_api/startup-events").status_code < 500
        first = http.get("", headers={"accept-language": "zh-CN"})
        assert (first.status_code, first.headers["location"]) == (307, "/zh/")
        assert http.get("web/samples/..%2Fpyproject.toml").status_code == 404
        assert http.get("web/assets/nothing.js").status_code == 404


@everywhere(("en", "desktop"))
def test_a_second_sound_while_the_first_is_looked_at(visit: Visit) -> None:
    page = visit.page
    visit.choose("analyse", JAZZ)
    page.wait_for_function("document.querySelector('#gs-analyse-drop .gs-status').textContent")
    visit.choose("analyse", POP)
    page.wait_for_selector(f"#gs-verdict :text('{POP.name}')")
    assert page.evaluate("Genrescope.sound.name") == POP.name


@everywhere(("en", "desktop"))
def test_players_play_what_their_picture_is_of(visit: Visit) -> None:
    page = visit.page
    visit.tab("compare")
    visit.choose("compare", POP)
    page.wait_for_selector("#gs-compare-drop .gs-status:not(:empty)")
    visit.tab("analyse")
    visit.choose("analyse", JAZZ)  # chosen last, while the other is still being looked at
    page.wait_for_selector("#gs-analyse-viewer audio")
    page.wait_for_selector("#gs-compare-viewer audio", state="attached")
    for drop, sound in (("compare", POP), ("analyse", JAZZ)):
        heard = page.evaluate(
            f"fetch(document.querySelector('#gs-{drop}-viewer audio').src)"
            ".then((answer) => answer.blob()).then((blob) => blob.size)"
        )
        assert heard == sound.stat().st_size


@everywhere(*ALL)
def test_one_sound(visit: Visit) -> None:
    page, told = visit.page, visit.texts
    assert page.evaluate("document.documentElement.lang") == told.language
    visit.choose("analyse", JAZZ)
    page.wait_for_selector("#gs-verdict .gs-headline")
    page.wait_for_selector("#gs-analyse-viewer canvas")
    page.wait_for_selector("#gs-analyse-saves button")
    assert ("爵士" if told.chinese else "Jazz") in page.inner_text(".gs-headline")
    assert page.locator("#gs-bars li").count() == 5
    assert page.locator("#gs-bars li").first.bounding_box()["width"] > 300
    page.locator("#gs-all").scroll_into_view_if_needed()
    figures = page.locator("#gs-all").get_by_text(re.compile(r"\d\.\d\d %"))
    figure = figures.locator("visible=true").first
    place = figure.bounding_box()
    assert place["x"] + place["width"] < page.viewport_size["width"]
    assert page.locator("#gs-analyse-seen canvas").count() == 1
    assert page.locator(".gs-done").count() == 5
    page.locator("#gs-steps summary").nth(4).click()
    assert "float32 (1 × 1 × 128 × 128)" in page.inner_text("#gs-steps")
    assert visit.fits()
    overlay = page.locator("#gs-analyse-viewer .gs-overlay")
    overlay.scroll_into_view_if_needed()
    overlay.hover(position={"x": 150, "y": 150})
    assert " Hz" in page.inner_text(".gs-read")
    assert " dB" in page.inner_text(".gs-read")
    overlay.click(position={"x": 150, "y": 150})
    page.wait_for_function("document.querySelector('#gs-analyse-viewer audio').currentTime > 0.5")
    width = "phone" if page.viewport_size["width"] < 500 else "desktop"
    visit.shoot(f"analyse-{told.language[:2]}-{width}")


@everywhere(("en", "desktop"), ("zh", "phone"))
def test_what_is_recorded_is_looked_at(visit: Visit) -> None:
    page, told = visit.page, visit.texts
    drop = page.locator("#gs-analyse-drop")
    drop.get_by_role("button", name=told("drop.record")).click()
    drop.locator(".gs-status.gs-error").wait_for()  # nobody has allowed the microphone
    assert told("drop.no_recording", reason="Permission denied") in drop.inner_text()
    page.context.grant_permissions(["microphone"])
    drop.get_by_role("button", name=told("drop.record")).click()
    stop = drop.get_by_role("button", name=told("drop.stop"))
    stop.wait_for()
    page.wait_for_timeout(3000)
    stop.click()
    page.wait_for_selector("#gs-verdict .gs-headline")
    assert "recording.webm" in drop.inner_text()
    seconds = page.evaluate("document.querySelector('#gs-analyse-viewer audio').duration")
    assert 2 < seconds < 60
    assert drop.get_by_role("button", name=told("drop.record")).is_enabled()


@everywhere(("en", "desktop"), ("zh", "phone"))
def test_why(visit: Visit) -> None:
    page, told = visit.page, visit.texts
    visit.tab("why")
    page.wait_for_selector("#gs-why-drop .gs-drop")
    page.get_by_role("button", name=told("why.run"), exact=True).click()
    page.wait_for_selector(f"#gs-why-drop .gs-error >> text={told('drop.first')}")
    page.get_by_role("radio", name=told("why.cam")).check()
    page.locator("#gs-why-low input").fill("60")
    visit.choose("why", JAZZ)
    page.wait_for_selector(f"#gs-why-progress .gs-error >> text={told('why.both')}")
    page.get_by_role("checkbox", name="mobilenetv3_cqt").locator("visible=true").check()
    page.locator("#gs-why-high input").fill("250")
    page.locator("#gs-why-high input").blur()
    page.get_by_role("button", name=told("why.run"), exact=True).click()
    page.wait_for_selector("#gs-why-saves button")
    assert ("爵士" if told.chinese else "Jazz") in page.inner_text("#gs-why-picture .gs-headline")
    assert page.locator("#gs-why-picture canvas.gs-spectrum").count() == 2
    assert page.locator("#gs-why-moved tbody tr").count() == 2 * 16
    assert "60–250 Hz" in page.inner_text("#gs-why-moved")
    assert visit.fits()
    picture = page.locator("#gs-why-picture canvas.gs-spectrum").first
    bare = "canvas => canvas.toDataURL().length"
    before = picture.evaluate(bare)
    page.locator("#gs-why-picture input[type=range]").fill("0")
    assert picture.evaluate(bare) != before
    page.get_by_role("button", name=told("reasons.prepare"), exact=True).click()
    without = "document.querySelectorAll('#gs-why-listening audio')[1]"
    page.wait_for_function(f"({without} || {{}}).currentTime > 0.3")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=told("save.png")).locator("visible=true").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
    visit.shoot(f"why-{told.language[:2]}")


@everywhere(("en", "desktop"), ("zh", "phone"))
def test_the_timeline(visit: Visit) -> None:
    page, told = visit.page, visit.texts
    visit.tab("timeline")
    page.get_by_role("radio", name=told("timeline.five")).check()
    assert page.locator("#gs-timeline-words .gs-empty").is_visible()
    visit.choose("timeline", JAZZ)
    page.wait_for_selector(".tabitem:visible ol.gs-ticks")
    assert page.locator(".gs-empty").locator("visible=true").count() == 0
    page.wait_for_selector("#gs-timeline-saves button")
    genre = "爵士" if told.chinese else "Jazz"
    assert genre in page.inner_text("#gs-timeline-words .gs-headline")
    assert genre in page.inner_text("#gs-timeline-segments tbody")
    assert visit.fits()
    overlay = page.locator("#gs-timeline-picture .gs-overlay")
    overlay.scroll_into_view_if_needed()
    overlay.hover(position={"x": 150, "y": 250})
    assert genre in page.inner_text("#gs-timeline-picture .gs-read")
    overlay.click(position={"x": 150, "y": 120})
    playing = "document.querySelector('#gs-timeline-picture audio').currentTime"
    page.wait_for_function(f"{playing} > 0.5")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=told("save.csv")).locator("visible=true").click()
    rows = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("second,genre,divergence_bits,")
    assert [row.split(",")[0] for row in rows[1:]] == ["5.016", "9.953"]
    visit.shoot(f"timeline-{told.language[:2]}")


@everywhere(("en", "desktop"))
def test_a_long_sound_comes_closer(visit: Visit, tmp_path: Path) -> None:
    """Zoomed in, tiles come from the server; the sound is sent once more for them, and let go."""
    page, told = visit.page, visit.texts
    soundfile = pytest.importorskip("soundfile")
    sound, rate = soundfile.read(JAZZ, dtype="float32")
    long = tmp_path / "long.ogg"
    with soundfile.SoundFile(long, "w", rate, 1) as file:
        for _ in range(180):  # libsndfile dies of long pieces in Ogg
            file.write(sound[:rate, 0] if sound.ndim > 1 else sound[:rate])
    tiles: list[str] = []
    page.on("response", lambda one: tiles.append(one.url) if "/tiles/" in one.url else None)
    visit.tab("timeline")
    visit.choose("timeline", long)
    page.wait_for_selector("#gs-timeline-saves button")
    page.locator("#gs-timeline-picture .gs-overlay").scroll_into_view_if_needed()
    assert tiles == []
    for _ in range(3):
        page.get_by_role("button", name=told("course.closer"), exact=True).click()
    page.wait_for_function("document.querySelector('.gs-course').parentElement.gsCourse")
    with page.expect_response(lambda one: "/tiles/0/" in one.url and one.ok, timeout=WAIT_MS):
        page.get_by_role("button", name=told("course.closer"), exact=True).click()


@everywhere(("en", "desktop"))
def test_cleaned_up_first(visit: Visit) -> None:
    page, told = visit.page, visit.texts
    page.locator("#gs-clean button").first.click()
    page.get_by_role("checkbox", name=told("clean.band")).check()
    page.get_by_role("checkbox", name=told("clean.trim")).check()
    visit.choose("analyse", JAZZ)
    page.wait_for_selector("#gs-analyse-saves button")
    assert page.locator("#gs-analyse-viewer canvas.gs-spectrum").count() == 2
    assert page.locator("#gs-analyse-moved tbody tr").count() == 16
    assert "100 to 16000 Hz kept" in page.inner_text("#gs-verdict")
    page.get_by_role("button", name=told("viewer.prepare"), exact=True).click()
    page.wait_for_function("document.querySelectorAll('#gs-analyse-viewer audio').length === 2")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=told("save.json")).locator("visible=true").click()
    saved = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert [n["code"] for n in saved["after"]["notices"]][:2] == ["trimmed", "kept-band"]
    assert saved["before"]["notices"] == []


@everywhere(("en", "desktop"))
def test_reports_of_why_and_when_open_offline(visit: Visit, browser: Any, tmp_path: Path) -> None:
    page = visit.page
    for name, canvases in (("why", 1), ("timeline", 1)):
        visit.tab(name)
        visit.choose(name, JAZZ)
        page.wait_for_selector(f"#gs-{name}-saves button")
        save = page.get_by_role("button", name=visit.texts("save.report"))
        with page.expect_download() as waiting:
            save.locator("visible=true").click()
        report = tmp_path / f"{name}.html"
        waiting.value.save_as(report)
        with browser.new_context(offline=True) as offline:
            alone = offline.new_page()
            faults: list[str] = []
            alone.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
            alone.goto(report.as_uri())
            alone.wait_for_selector("canvas.gs-spectrum")
            assert alone.locator("canvas.gs-spectrum").count() == canvases
            assert "Jazz" in alone.inner_text(".gs-headline")
            assert faults == []


@everywhere(("en", "desktop"), ("zh", "phone"))
def test_several_networks(visit: Visit) -> None:
    page = visit.page
    visit.tab("compare")
    visit.choose("compare", POP)
    page.wait_for_selector("#gs-panel table.gs-heat")
    page.wait_for_selector("#gs-compare-saves button")
    assert page.locator(".gs-card").count() == len(own_models())
    assert page.locator("#gs-compare-viewer canvas.gs-spectrum").count() == 2
    assert page.locator("#gs-panel tbody tr").count() == len(own_models())
    assert visit.fits()
    visit.shoot(f"compare-{visit.texts.language[:2]}")


@everywhere(("en", "desktop"))
def test_another_network_on_the_same_sound(visit: Visit) -> None:
    page = visit.page
    visit.tab("compare")
    page.wait_for_selector("#gs-compare-drop .gs-drop")
    boxes = "[...document.querySelectorAll('input[type=checkbox]:checked')]"
    checked = f"{boxes}.filter((box) => box.offsetParent !== null).length"
    page.get_by_role("radio", name="constant-Q", exact=True).check()
    constant_q = [name for name in own_models() if name.endswith("_cqt")]
    page.wait_for_function(f"{checked} === {len(constant_q)}")
    for name in constant_q[1:]:
        page.get_by_role("checkbox", name=name).locator("visible=true").uncheck()
    page.wait_for_function(f"{checked} === 1")
    visit.choose("compare", POP)
    page.wait_for_selector(".gs-error >> text=choose two or more")
    page.get_by_role("radio", name="both").check()
    page.wait_for_function(f"{checked} === {len(own_models())}")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_selector("#gs-panel table.gs-heat")


@everywhere(("en", "desktop"), ("zh", "phone"))
def test_many_sounds_one_of_them_broken(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    broken = tmp_path / "a <b>broken.mp3"
    broken.write_bytes(b"%PDF-1.7 this is no sound")
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(3_100_000))
    visit.tab("batch")
    visit.choose("batch", JAZZ, broken, large, POP)
    page.wait_for_selector("#gs-batch-saves button")
    said = page.inner_text("#gs-batch-progress")
    assert "4" in said
    assert "2" in said
    table = page.inner_text("#gs-batch-table")
    assert "a <b>broken.mp3" in table
    assert "3.1 MB" in table
    assert visit.fits()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=visit.texts("save.csv")).click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert len(text.splitlines()) == 5
    visit.shoot(f"batch-{visit.texts.language[:2]}")


@everywhere(("en", "desktop"), ("zh", "phone"))
def test_the_models(visit: Visit) -> None:
    page, told = visit.page, visit.texts
    visit.tab("models")
    page.wait_for_selector("#gs-model-card table")
    assert own_models()[0] in page.inner_text("#gs-model-card")
    assert page.locator("#gs-model-card svg").count() == 1
    page.get_by_role("button", name=told("models.unload")).click()
    page.wait_for_selector(f"#gs-model-state >> text={told('models.not_loaded')}")
    page.get_by_role("button", name=told("models.load"), exact=True).click()
    page.get_by_role("button", name=told("models.measure")).click()
    page.wait_for_selector("#gs-model-plot svg.gs-plotted")
    assert page.locator("#gs-model-plot circle").count() == len(own_models())
    assert visit.fits()
    visit.shoot(f"models-{told.language[:2]}")


@everywhere(("en", "desktop"))
def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit.page
    name = JAZZ.name
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == name:
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#gs-analyse-saves button")
    for _ in range(60):
        page.keyboard.press("Tab")
        if "gs-overlay" in page.evaluate("document.activeElement.className"):
            break
    first = page.inner_text(".gs-read")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert page.inner_text(".gs-read") != first
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#gs-analyse-viewer audio').currentTime > 0")


@everywhere(("en", "desktop"))
def test_what_is_refused_is_said(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(3_100_000))
    visit.choose("analyse", large)
    page.wait_for_selector(".gs-status.gs-error >> text=the limit is 3 MB")
    paper = tmp_path / "paper.mp3"
    paper.write_bytes(b"%PDF-1.7")
    visit.choose("analyse", paper)
    page.wait_for_selector("p.gs-error >> text=not a sound file that can be read")


@everywhere(("en", "desktop"))
def test_the_report_opens_offline(visit: Visit, browser: Any, tmp_path: Path) -> None:
    page = visit.page
    visit.choose("analyse", JAZZ)
    page.wait_for_selector("#gs-analyse-saves button")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=visit.texts("save.report")).click()
    report = tmp_path / "report.html"
    waiting.value.save_as(report)
    with browser.new_context(offline=True) as offline:
        alone = offline.new_page()
        faults: list[str] = []
        alone.on("pageerror", lambda error: faults.append(str(error)))
        alone.goto(report.as_uri())
        alone.wait_for_selector("canvas.gs-spectrum")
        assert "Jazz" in alone.inner_text(".gs-headline")
        assert alone.locator("tbody tr").count() == 16
        assert faults == []


@pytest.mark.parametrize("tab", ["analyse", "compare", "why", "timeline", "batch"])
@everywhere(("en", "desktop"), ("zh", "desktop"))
def test_accessible(visit: Visit, tab: str) -> None:
    visit.tab(tab)
    visit.page.wait_for_selector(f"#gs-{tab}-drop .gs-drop")
    assert serious(visit.page) == []
    visit.choose(tab, JAZZ)
    visit.page.wait_for_selector(f"#gs-{tab}-saves button")
    assert serious(visit.page) == []


@everywhere(("en", "desktop"), ("zh", "desktop"))
def test_the_models_are_accessible(visit: Visit) -> None:
    visit.tab("models")
    visit.page.wait_for_selector("#gs-model-card table")
    assert serious(visit.page) == []
