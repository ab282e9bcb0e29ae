"""``genrescope explain``: where a model's evidence lies, and what would change its answer."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from genrescope.apps.cli import show
from genrescope.apps.cli.cleaning import Clean, CleanBand, CleanNoise, CleanTrim, read_options
from genrescope.apps.cli.written import written
from genrescope.apps.results import UNSEEN_TOLD
from genrescope.types import Explanation, FloatArray, GenrescopeError, ModelCard

if TYPE_CHECKING:
    from genrescope.audio import AudioSource, Change
    from genrescope.explain.change import Moved

EPILOG = """Examples:

`genrescope explain samples/jazz_vibe_ace.flac -o why.png`

`genrescope explain samples/metal_armygeddon.mp3 --method cam --genre Rock -o rock.png`

`genrescope explain samples/hiphop_snow_drift_mono.mp3 --mute-band 60 250 --sound without.wav`

`genrescope explain samples/disco_con_tutti.mp3 --mute-time 5 10 --model all -o why.html`"""


FORMS = (".png", ".html")


def explain_command(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help="A sound.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Draw it: a .png, or a .html with all models."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Model name, file, or `all`.")
    ] = None,
    genre: Annotated[
        str | None, typer.Option("--genre", "-g", help="For which; else the model's first choice.")
    ] = None,
    method: Annotated[str, typer.Option(help="occlusion or cam.")] = "occlusion",
    mute_band: Annotated[
        tuple[float, float] | None,
        typer.Option("--mute-band", metavar="LOW HIGH", help="Hear it without these Hz, too."),
    ] = None,
    mute_time: Annotated[
        tuple[float, float] | None,
        typer.Option("--mute-time", metavar="FROM TO", help="Hear it without these seconds, too."),
    ] = None,
    keep_band: Annotated[
        tuple[float, float] | None,
        typer.Option("--keep-band", metavar="LOW HIGH", help="Hear it with these Hz only, too."),
    ] = None,
    clean: Clean = False,
    clean_band: CleanBand = None,
    clean_noise: CleanNoise = None,
    clean_trim: CleanTrim = False,
    sound: Annotated[
        Path | None, typer.Option("--sound", help="Write the changed sound: a .wav file.")
    ] = None,
    start: Annotated[float, typer.Option(min=0.0, help="Begin at this second.")] = 0.0,
    duration: Annotated[float | None, typer.Option(help="So many seconds at most.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say where the evidence for a genre lies, and what leaving a part out would change.

    Thirty seconds are explained, from `--start` on. Occlusion silences one part of the picture
    after another, and asks what the genre's logit loses. `cam` is the class activation map: at no
    further cost, exact in its sum, and coarse; docs/explain.md says when not to believe either.
    `--mute-band`, `--mute-time` and `--keep-band` change the sound itself and show every
    probability before and after; `--clean` and its like do so with clean-up.
    """
    cleaning = read_options(clean, clean_band, clean_noise, clean_trim)
    changes = [*cleaning, *_changes(mute_band, mute_time, keep_band)]
    _check_outputs(output, sound, bool(changes))
    from genrescope.classification.classifier import Classifier
    from genrescope.classification.looking import load_models
    from genrescope.explain.change import classify_changed, hear_changed, to_file
    from genrescope.explain.explainer import explain

    models = load_models(model or [])
    drawn = output is not None and output.suffix.lower() == ".png"
    if drawn and len(models) > 1:
        raise typer.BadParameter("one picture shows one model: name one, or -o x.html")
    opened = _opened(source)
    if changes:
        moved = classify_changed(
            Classifier(models), opened, changes, start=start, duration=duration
        )
        if sound is not None:
            heard = hear_changed(opened, changes, start=start, duration=duration)
            with written(sound) as place:
                place.write_bytes(to_file(heard))
    else:
        moved = None
    explained = [
        explain(one, opened, genre=genre, method=method, start=start, duration=duration)
        for one in (models if output or as_json or not changes else ())
    ]
    if output is not None and drawn:
        _draw(explained[0], output)
    elif output is not None:
        _write_report(output, explained, [one.card for one in models], moved, changes, start)
    if as_json:
        _write_json(explained, moved)
    else:
        _show(explained, moved)
    for path in (output, sound):
        if path is not None:
            show.remark(f"wrote {path}")


def _changes(
    mute_band: tuple[float, float] | None,
    mute_time: tuple[float, float] | None,
    keep_band: tuple[float, float] | None,
) -> list[Change]:
    from genrescope.audio import BandPass, BandStop, Gap

    asked = ((BandPass, keep_band), (BandStop, mute_band), (Gap, mute_time))
    return [kind(*span) for kind, span in asked if span is not None]


def _check_outputs(output: Path | None, sound: Path | None, changed: bool) -> None:
    if output is not None and output.suffix.lower() not in FORMS:
        raise typer.BadParameter(f"-o ends in {' or '.join(FORMS)}, not {output.suffix!r}")
    if sound is not None and sound.suffix.lower() != ".wav":
        raise typer.BadParameter(f"--sound ends in .wav, not {sound.suffix!r}")
    if sound is not None and not changed:
        raise typer.BadParameter("--sound needs a change: --mute-band, --clean or another")
    for path in (output, sound):
        if path is not None and not path.absolute().parent.is_dir():
            raise GenrescopeError(f"{path.parent}: no such folder to write to")


def _opened(source: str) -> AudioSource:
    return io.BytesIO(sys.stdin.buffer.read()) if source == "-" else source


def _draw(explanation: Explanation, output: Path) -> None:
    from genrescope.apps.posters import draw_explanation, explanation_title

    with written(output) as place:
        draw_explanation(explanation, explanation_title(explanation), place)


def _write_report(
    output: Path,
    explained: list[Explanation],
    cards: list[ModelCard],
    moved: Moved | None,
    changes: list[Change],
    start: float,
) -> None:
    """One HTML file that opens offline, in the language that the terminal is set to."""
    from genrescope.apps.web import texts
    from genrescope.apps.web.offline import why_report

    told = texts.load(texts.of_system())
    page = why_report(explained, cards, moved, changes, start, told)
    with written(output) as place:
        place.write_text(page, encoding="utf-8")


def _write_json(explained: list[Explanation], moved: Moved | None) -> None:
    from genrescope.apps.reasons import plain_why

    sys.stdout.write(json.dumps(plain_why(explained, moved), ensure_ascii=False) + "\n")


def _show(explained: list[Explanation], moved: Moved | None) -> None:
    for one in explained:
        _show_explanation(one)
    if moved is not None:
        _show_moved(moved)


def _show_explanation(one: Explanation) -> None:
    said = one.prediction
    show.show_headline(said.source, one.label, one.probability, f"{said.model}, {one.method}")
    picture = one.spectrogram
    repeated = said.seconds < said.window_seconds - UNSEEN_TOLD
    seconds = "s of the window, in which the sound is repeated" if repeated else "s"
    for unit, values, places in (
        ("Hz", one.by_band, picture.band_hz),
        (seconds, one.by_time, picture.frame_seconds),
    ):
        line = Text(f"  most for it {_peak(values, places, unit)}")
        line.append(f", most against it {_peak(-values, places, unit)}", style="dim")
        show.out().print(line, highlight=False)
    show.show_notices(said.notices)


def _peak(values: FloatArray, places: FloatArray, unit: str) -> str:
    from genrescope.apps.reasons import strongest

    found = strongest(values, places)
    if found is None:
        return "nothing"
    digits = 0 if unit == "Hz" else 1
    return f"{found.low:.{digits}f}–{found.high:.{digits}f} {unit}"


def _show_moved(moved: Moved) -> None:
    for before, after in moved.pairs:
        changed = ", ".join(n.message for n in after.notices if n not in before.notices)
        table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
        table.add_column(f"  {before.model}")
        for title in ("as it is", changed or "changed", "moved by"):
            table.add_column(title, justify="right")
        order = (-before.probabilities).argsort(kind="stable")
        for place in order:
            label = before.labels[place]
            old, new = float(before.probabilities[place]), float(after.probabilities[place])
            cells = (
                f"{old * 100:.1f} %",
                f"{new * 100:.1f} %",
                f"{round((new - old) * 100, 1) + 0.0:+.1f}",
            )
            table.add_row(Text(f"  {label}", style=show.colour_of(label)), *cells)
        show.out().print(table)
