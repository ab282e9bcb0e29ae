"""What pages are made of: nothing from outside is markup, every figure is there."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from genrescope.apps.serving import Answer, Question, Uploads
from genrescope.apps.views import View
from genrescope.apps.web import charts, course, texts
from genrescope.apps.web.advice import advise
from genrescope.apps.web.markup import bars, complaint, genre_hint, remarks, table, ticks, title_of
from genrescope.apps.web.pages import batch
from genrescope.apps.web.pages import compare as compare_page
from genrescope.apps.web.pages._place import Arrived, Place, arrived
from genrescope.apps.web.pages._tables import as_texts, to_csv
from genrescope.apps.web.pages._telling import file_stem, step_states, tell_steps
from genrescope.apps.web.pages.batch import row_of, to_playlist
from genrescope.apps.web.pages.models import describe
from genrescope.apps.web.panel import find_trades, heat, together, trades
from genrescope.apps.web.pictures import view_payload
from genrescope.apps.web.report import write_report
from genrescope.apps.web.verdict import headline, meaning
from genrescope.classification.agreement import compare
from genrescope.classification.timeline import lay_out
from genrescope.types import (
    GENRESCOPE_MEL,
    Band,
    Failure,
    ModelCard,
    MusicGauge,
    Notice,
    Prediction,
    Spectrogram,
)
from tests.onnx_models import card

EN, ZH = texts.load("en"), texts.load("zh")
LABELS = ("Jazz", "Classical", "Rock")
HOSTILE = '"><script>alert(1)</script>'


def prediction(model: str, *shares: float, source: str = "a.mp3") -> Prediction:
    row = np.array(shares, dtype=np.float32)
    return Prediction(LABELS, row, row[None], (0.0,), model, True, source, 12.0)


def model_card(name: str, bands: tuple[Band, ...] = ()) -> ModelCard:
    made = card(name=name, labels=LABELS, taxonomy="genres16", temperature=0.8)
    return replace(made, bands=bands)


def test_no_figure_of_a_headline_breaks() -> None:
    english = title_of("R&B (62.4 %) on the whole", "#123456", 'a "hint"')
    assert '<span class="gs-whole">(62.4 %)</span> on the whole</h2>' in english
    assert "R&amp;B" in english
    assert 'title="a &quot;hint&quot;"' in english
    assert '<span class="gs-whole">（7 %）</span>' in title_of("爵士（7 %）", "#123456")
    assert "gs-whole" not in title_of("<b>50%</b>", "#123456")


def test_bars_have_names_figures_and_colours() -> None:
    html = bars((("Jazz", 0.624), ("Rock", 0.2)), "genres16", EN)
    assert ">Jazz<" in html
    assert "62.4 %" in html
    assert "#2f6fb2" in html
    assert "roots" in html
    assert "爵士" in bars((("Jazz", 0.624),), "genres16", ZH)
    assert "bebop" in genre_hint("Jazz", "genres16", EN)
    assert "比波普" in genre_hint("Jazz", "genres16", ZH)


def test_labels_of_no_taxonomy_are_shown_as_they_are() -> None:
    html = bars(((HOSTILE, 1.0),), "", EN)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_what_comes_from_outside_is_no_markup() -> None:
    made = prediction("m", 0.7, 0.2, 0.1, source=HOSTILE)
    pieces = [
        complaint(HOSTILE),
        remarks([Notice("new", HOSTILE, 0.0)], EN),
        table([HOSTILE], [[HOSTILE, HOSTILE]], HOSTILE),
        ticks([(HOSTILE, "now")]),
        headline(made, model_card("m"), EN),
    ]
    for html in pieces:
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def test_what_a_figure_is_worth() -> None:
    bands = (Band(0.0, 0.5, 30, 9), Band(0.5, 1.0, 40, 36, translated=30))
    told = meaning(model_card("m", bands=bands), 0.7, EN)
    assert told[0].startswith("Of 40 test songs that m gave a figure between 50 and 100 %, 36")
    assert "(90 %; 95 %: 77–96)" in told[0]
    assert "translated" in told[1]
    few = meaning(model_card("m", bands=(Band(0, 1, 3, 1),)), 0.7, EN)
    assert "too few" in few[0]
    chinese = meaning(model_card("m", bands=bands), 0.2, ZH)[0]
    assert "30 首歌里，有 9 首" in chinese
    assert "（30 %；95 % 区间：17–48）" in chinese


def test_who_pulls_apart() -> None:
    result = compare([prediction("one", 0.7, 0.2, 0.1), prediction("two", 0.4, 0.55, 0.05)])
    ((size, first, second, fall, rise),) = find_trades(result)
    assert size == pytest.approx(0.3, abs=1e-6)
    assert (first.model, second.model, LABELS[fall], LABELS[rise]) == (
        "one",
        "two",
        "Jazz",
        "Classical",
    )
    cards = {name: model_card(name) for name in ("one", "two")}
    said = trades(result, cards, EN)
    assert "From one to two, Jazz falls from 70 to 40 % as Classical rises from 20 to 55 %." in said
    assert "two says Classical (55.0 %)." in together(result, cards, EN)
    cells = re.findall(r"<td style[^>]*>(\d+)</td>", heat(result, cards, EN))
    assert cells == ["70", "20", "10", "40", "55", "5"]
    alike = compare([prediction("one", 0.7, 0.2, 0.1), prediction("two", 0.68, 0.2, 0.12)])
    assert "No two networks" in trades(alike, cards, EN)


def test_advice_on_the_other_spectrogram() -> None:
    bands = (Band(0.0, 0.3, 12, 2), Band(0.3, 0.5, 15, 7), Band(0.5, 1.0, 20, 19))
    result = compare([prediction("one", 0.7, 0.2, 0.1), prediction("two", 0.4, 0.35, 0.25)])
    answer = Answer(result, 0.0, 0.1, {"one": 0.01, "two": 0.004})
    cards = {"one": model_card("one", bands), "two": model_card("two")}
    told, other = advise(result, cards, answer, lambda kind: [f"three_{kind}"], EN)
    assert "Quickest here: two (4.0 ms" in told
    assert "more often than right where they said less: one below 50 % (9 of 27 right)." in told
    assert "look at the constant-Q spectrogram as well" in told
    assert other == ""  # what they say stands above
    cards["two"] = model_card("two", bands)
    told, other = advise(result, cards, answer, lambda kind: [f"three_{kind}"], ZH)
    assert "one 低于 50 %（27 首中对 9 首）、two 低于 50 %" in told
    assert other == "cqt"
    told, other = advise(result, cards, answer, lambda _: [], EN)
    assert "two gives its first choice 40 %. Of 15 test songs with 30 to 50 % it named 7" in told
    assert "constant-Q" not in told
    assert other == ""


def test_boxes_that_are_still_anothers_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def choices(_: Place, kind: str = "", *, pretrained: bool = True) -> list[str]:
        names = [f"{name}_{one}" for one in ("mel", "cqt") for name in ("a", "b")]
        own = [name for name in names if name.endswith(kind)]
        return [*own, "others"] if pretrained and kind != "cqt" else own

    monkeypatch.setattr(Place, "model_choices", choices)
    place = Place(*[cast("Any", None)] * 4)
    every = choices(place, "")
    assert compare_page.Names(every).preprocess(["a_cqt", "gone"]) == ["a_cqt", "gone"]
    for kind, ticked, chosen in (
        ("", ["a_mel", "b_cqt"], ("a_mel", "b_cqt")),
        ("mel", ["b_mel", "others"], ("b_mel", "others")),
        ("mel", ["a_mel", "a_cqt", "b_cqt"], ("a_mel", "b_mel")),
        ("cqt", ["others"], ("a_cqt", "b_cqt")),
        ("cqt", [], ()),
    ):
        assert compare_page._chosen(place, kind, ticked) == chosen


def test_what_is_hardly_music_is_doubted() -> None:
    noise = replace(prediction("one", 0.7, 0.2, 0.1), music=0.1)
    unsure = replace(prediction("two", 0.7, 0.2, 0.1), music=0.5)
    silent = prediction("three", 0.7, 0.2, 0.1)
    cards = {name: model_card(name) for name in ("one", "two", "three")}
    said = together(compare([noise, unsure, silent]), cards, EN)
    assert "Not music? The networks that can tell are 30 % sure" in said
    assert "不是音乐？" in together(compare([noise, unsure]), cards, ZH)
    for sure in ([unsure, silent], [silent, replace(silent, model="one")]):
        assert "Not music" not in together(compare(sure), cards, EN)
    assert "Not music?" in headline(noise, cards["one"], EN)
    assert "Not music?" not in headline(unsure, cards["two"], EN)


def test_a_batch_marks_what_is_hardly_music() -> None:
    studio: Any = SimpleNamespace(card=model_card)
    clipped = Notice("clipping", "clipped", 0.1)
    noise = replace(prediction("m", 0.7, 0.2, 0.1), music=0.104, notices=(clipped,))
    for told, mark in ((EN, "Not music? (10 %); clipped"), (ZH, "不是音乐？（10 %）; 削波")):
        nothing = cast("Any", None)
        place = Place(studio, nothing, nothing, told)
        assert row_of(noise, place)[-1].startswith(mark)
        assert row_of(replace(noise, music=0.9, notices=()), place)[-1] == ""


def test_the_page_of_a_card_hides_nothing() -> None:
    gauge = MusicGauge("texture", (1.0,), 0.0, 0.95, "songs against rain")
    whole = replace(
        model_card("m"), origin="foreign.pth", pretrained="Ada, on <i>fugues</i>", music=gauge
    )
    found = SimpleNamespace(name="m", card=whole)
    studio: Any = SimpleNamespace(models=lambda: [found])
    nothing = cast("Any", None)
    said = describe(Place(studio, nothing, nothing, EN), "m")
    assert "foreign.pth" in said
    assert "Ada, on &lt;i&gt;fugues" in said
    assert "by the spectrogram&#x27;s texture, so that 95 % of music is kept" in said
    assert "songs against rain" in said
    assert "依据频谱的纹理" in describe(Place(studio, nothing, nothing, ZH), "m")
    assert "one temperature, 0.800<" in said
    found.card = replace(whole, music=None, pretrained="")
    said = describe(Place(studio, nothing, nothing, EN), "m")
    assert "for rain" in said
    assert "0.800, and a bias for every genre" in said
    found.card = replace(whole, temperature=1.0)
    assert "none was fitted" in describe(Place(studio, nothing, nothing, EN), "m")


def test_windows_are_as_long_as_the_cards_say() -> None:
    spec = replace(GENRESCOPE_MEL, window_seconds=2.992)
    made = replace(prediction("m", 0.7, 0.2, 0.1), window_seconds=2.992)
    values, hz = np.zeros((128, 40), dtype=np.float32), np.arange(128, dtype=np.float32)
    drawn = Spectrogram(values, GENRESCOPE_MEL, hz)
    short = replace(model_card("m"), spectrogram=spec)
    told = view_payload(View(drawn, True, 600.0), made, short)
    assert (told["window"], told["starts"], told["source"]) == (2.992, [0.0], "a.mp3")
    caption = course.key(lay_out(made), short, EN)
    assert "no sharper than a window of 2.99 s" in caption
    assert "2.99 秒的窗口" in course.key(lay_out(made), short, ZH)
    for told_in in (EN, ZH):
        assert "2.99 " in told_in("step.window_text", seconds=spec.window_seconds)
        assert "10" not in told_in("timeline.end")


def test_charts() -> None:
    bands = (Band(0.0, 0.5, 4, 1), Band(0.5, 1.0, 20, 15))
    drawn = charts.reliability(bands, EN)
    assert drawn.count("<circle") == 2
    assert ">15/20<" in drawn
    assert charts.reliability((Band(0.0, 1.0, 0, 0),), EN) == ""
    plot = charts.accuracy_by_time([(HOSTILE, 3.0, 0.6, 0.5, 0.7)], ZH)
    assert "<script>" not in plot
    assert plot.count("<circle") == 1
    assert charts.accuracy_by_time([], EN) == ""


def test_steps_tick_off() -> None:
    states = [state for _, state in step_states("networks", EN)]
    assert states == ["done", "done", "now", "later", "later"]
    assert {state for _, state in step_states("done", ZH)} == {"done"}


def test_a_fault_of_ours_is_said_and_raised() -> None:
    def fail() -> Any:
        raise KeyError("secret")

    for told in (EN, ZH):
        nothing = cast("Any", None)
        place = Place(nothing, nothing, nothing, told)
        steps = tell_steps(place, fail, Question(), cast("Any", None), ["blank"])
        said, rest = next(steps)
        assert told("error.internal").split("'")[0] in said
        assert "secret" not in said
        assert rest == "blank"
        with pytest.raises(KeyError):
            next(steps)


def test_a_fault_of_ours_costs_one_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Any:
        raise KeyError("secret")

    monkeypatch.setattr(batch, "ask_about", fail)
    nothing = cast("Any", None)
    place = Place(nothing, nothing, nothing, EN)
    held: Any = SimpleNamespace(uploads={"k": SimpleNamespace(label="a.mp3")}, problems={})
    failed = batch._one(place, held, Arrived("k", "a.mp3", ""), "m")
    assert isinstance(failed, Failure)
    assert (failed.source, failed.stage) == ("a.mp3", "internal")
    assert "log says what" in failed.reason
    assert "secret" in caplog.text


def test_tables_do_no_harm_in_a_spreadsheet() -> None:
    text = to_csv(["file"], [["=cmd()"], ["+1"], ["plain, with comma"], ["-x"], [3.5]])
    cells = [row[0] for row in csv.reader(io.StringIO(text))]
    assert cells == ["file", "'=cmd()", "'+1", "plain, with comma", "'-x", "3.5"]
    assert to_csv(["=label"], []) == "'=label\r\n"


def test_a_table_to_copy_has_the_same_cells() -> None:
    rows = [
        ["Bach, J.S. - Air.mp3", 'say "a"', 3.5, None],
        ["=1+1", "two\nlines\tand a tab", 1, ""],
    ]
    texts = as_texts(["file", "a, b", "c", "d"], rows)
    saved = list(csv.reader(io.StringIO(texts["csv"], newline="")))
    copied = list(csv.reader(io.StringIO(texts["tsv"], newline=""), "excel-tab"))
    assert copied == saved
    assert copied[1][0] == "Bach, J.S. - Air.mp3"
    assert texts["tsv"].splitlines()[0] == "file\ta, b\tc\td"


def test_playlists_go_by_genre() -> None:
    made: list[Prediction | Failure] = [
        prediction("m", 0.1, 0.8, 0.1, source="c.mp3"),
        prediction("m", 0.6, 0.3, 0.1, source="j1.mp3"),
        Failure("x.mp3", "audio", "broken"),
        prediction("m", 0.9, 0.05, 0.05, source="j2.mp3"),
    ]
    lines = to_playlist(made, ["c.mp3", "j1.mp3", "x.mp3", "j2.mp3"]).splitlines()
    assert lines[0] == "#EXTM3U"
    assert [line for line in lines if not line.startswith("#")] == ["c.mp3", "j2.mp3", "j1.mp3"]


def test_playlists_name_files_as_their_sender_does() -> None:
    own = f"{'长' * 200}\u200b.mp3"
    names = [own, "#1 hit.mp3", "two\n#EXT.mp3"]
    uploads = Uploads(100, len(names))
    sent = [uploads.open(f"C:\\Music\\{name}") for name in names]
    made = [
        prediction("m", 0.9 - i / 10, 0.1, i / 10, source=one.label) for i, one in enumerate(sent)
    ]
    lines = to_playlist(made, [one.name for one in sent]).splitlines()
    assert lines[2::2] == [own, "./#1 hit.mp3"]
    assert lines[1].startswith(f"#EXTINF:12,{'长' * 60}")
    assert "\\u200b" in lines[1]
    for one in sent:
        one.close()


@pytest.mark.parametrize("value", ["", None, "{", "[1]", '{"key": 1}', 7, "[[]]"])
def test_a_value_that_is_not_in_order_is_nothing(value: object) -> None:
    assert arrived(value) == []


def test_what_has_arrived() -> None:
    (one,) = arrived(json.dumps([{"key": "k", "label": "a.mp3", "bytes": 3}]))
    assert (one.key, one.label, one.error) == ("k", "a.mp3", "")


def test_names_of_saved_files() -> None:
    assert file_stem("../../etc/passwd") == "passwd"
    assert file_stem('x"><y.flac') == "x___y"
    assert len(file_stem("x" * 4000)) == 80


def test_a_report_loads_nothing_and_runs_nothing_foreign() -> None:
    html = write_report(
        EN,
        HOSTILE,
        "<p>verdict</p>",
        [{"kind": "mel", "source": f"</script>{HOSTILE}"}],
        [],
        "",
        [["Jazz", "62 %", "roots"]],
    )
    cells = [cell.lower() for cell in re.findall(r"<t[hd][^>]*>([^<]+)<", html)]
    assert cells == ["genre", "probability", "family", "jazz", "62 %", "roots"]
    assert "<title>&quot;&gt;&lt;script&gt;" in html
    assert html.count("</script>") == 2
    assert not re.search(r"(?:src|href)=", html.split("<script>")[0])
    assert "http" not in html.replace("http://www.w3.org", "")


def test_the_usual_network_comes_first_of_several_defaults() -> None:
    names = ("densenet121_cqt", "mobilenetv3_mel", "zz")
    card = SimpleNamespace(pretrained="", spectrogram=SimpleNamespace(kind="mel"))
    models = [SimpleNamespace(name=name, default=name != "zz", card=card) for name in names]
    studio: Any = SimpleNamespace(models=lambda: models)
    place = Place(studio, *[cast("Any", None)] * 3)
    assert place.model_choices() == ["mobilenetv3_mel", "densenet121_cqt", "zz"]
