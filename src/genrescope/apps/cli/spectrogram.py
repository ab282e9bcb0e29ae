"""``genrescope spectrogram``: the picture of a sound, for people and as numbers."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer

from genrescope.apps.cli import show
from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, GenrescopeError, Spectrogram

if TYPE_CHECKING:
    from genrescope.audio import AudioSource
    from genrescope.types import SpectrogramSpec

EPILOG = """Examples:

`genrescope spectrogram samples/jazz_vibe_ace.flac -o jazz.png`

`genrescope spectrogram samples/jazz_vibe_ace.flac -o jazz.npy --kind cqt`

`genrescope spectrogram samples/jazz_vibe_ace.flac -o seen.png --picture`"""

VIEW_HOP = 512
LONGEST_SECONDS = 600.0
FORMS = (".png", ".npy", ".csv")


def spectrogram_command(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help="A sound.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File: .png, .npy or .csv.")],
    kind: Annotated[Literal["mel", "cqt"], typer.Option(help="Mel or constant-Q.")] = "mel",
    picture: Annotated[
        bool, typer.Option("--picture", help="The exact picture that the network sees.")
    ] = False,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Whose picture; else the default's.")
    ] = None,
    hop: Annotated[int, typer.Option(min=1, help="Samples from column to column.")] = VIEW_HOP,
    start: Annotated[float, typer.Option(min=0.0, help="Begin at this second.")] = 0.0,
    duration: Annotated[float | None, typer.Option(help="So many seconds at most.")] = None,
) -> None:
    """Draw a sound: time against Hz or notes, in dB below the loudest.

    Without `--picture` it is drawn at full resolution for looking at. With it, the first window
    is drawn exactly as the network is shown it: the model's own recipe and size.
    """
    if output.suffix.lower() not in FORMS:
        raise typer.BadParameter(f"-o ends in one of {', '.join(FORMS)}, not {output.suffix!r}")
    if not output.absolute().parent.is_dir():
        raise GenrescopeError(f"{output.parent}: no such folder to write to")
    if picture:
        _write_picture(source, output, kind, model, start)
    else:
        recipe = GENRESCOPE_MEL if kind == "mel" else GENRESCOPE_CQT
        _write_view(_draw(source, replace(recipe, hop_length=hop), start, duration), source, output)
    show.remark(f"wrote {output}")


def _draw(source: str, spec: SpectrogramSpec, start: float, duration: float | None) -> Spectrogram:
    from genrescope import spectrogram
    from genrescope.audio import listen
    from genrescope.types import Waveform

    longest = LONGEST_SECONDS if duration is None else min(duration, LONGEST_SECONDS)
    with listen(_opened(source), start=start, duration=longest) as recording:
        samples = np.concatenate(list(recording.resampled(spec.sample_rate)))
        stated = recording.info.seconds
    if duration is None and stated and stated - start > LONGEST_SECONDS:
        show.remark(f"drawn: the first {LONGEST_SECONDS:g} s; choose others with --start")
    return spectrogram.draw(Waveform(samples, spec.sample_rate, start, source), spec)


def _opened(source: str) -> AudioSource:
    return sys.stdin.buffer if source == "-" else source


def _write_view(drawn: Spectrogram, source: str, output: Path) -> None:
    form = output.suffix.lower()
    if form == ".npy":
        np.save(output, drawn.values)
    elif form == ".csv":
        _write_csv(drawn, output)
    else:
        from genrescope.apps.drawing import draw_axes

        name = "mel" if drawn.spec.kind == "mel" else "constant-Q"
        draw_axes(drawn, f"{Path(source).name}: {name} spectrogram", output)


def _write_csv(drawn: Spectrogram, output: Path) -> None:
    with output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["band_hz", *(f"{second:.4f}" for second in drawn.frame_seconds)])
        for hz, row in zip(drawn.band_hz, drawn.values, strict=True):
            writer.writerow([f"{hz:.2f}", *(f"{value:.2f}" for value in row)])


def _write_picture(source: str, output: Path, kind: str, model: str | None, start: float) -> None:
    from genrescope import models
    from genrescope.apps.drawing import write_grey
    from genrescope.audio import listen, parse_windows
    from genrescope.classification.classifier import draw_spans
    from genrescope.spectrogram.picture import draw_picture

    name = model or next(
        (
            listing.name
            for listing in models.list_models()
            if listing.card
            and listing.card.spectrogram.kind == kind
            and not listing.card.pretrained
        ),
        None,
    )
    if name is None:
        raise GenrescopeError(f"no model that looks at {kind} spectrograms is there")
    card = models.find(name).card
    with listen(_opened(source), start=start) as recording:
        drawn = next(draw_spans(recording, [card.spectrogram], parse_windows("first")))
    tensor = draw_picture(drawn.windows(), card.picture)[0]
    if output.suffix.lower() == ".npy":
        np.save(output, tensor)
        return
    mean, std = card.picture.mean[0], card.picture.std[0]
    unit = tensor[0] * np.float32(std) + np.float32(mean)
    if output.suffix.lower() == ".csv":
        np.savetxt(output, unit, fmt="%.5f", delimiter=",")
        return
    write_grey(unit, output)
