"""``genrescope spectrogram``: the picture of a sound, for people and as numbers."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer

from genrescope.apps.cli import show
from genrescope.apps.cli.written import written
from genrescope.types import GenrescopeError, Spectrogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genrescope.audio import AudioSource
    from genrescope.types import SpectrogramKind

EPILOG = """Examples:

`genrescope spectrogram samples/jazz_vibe_ace.flac -o jazz.png`

`genrescope spectrogram samples/jazz_vibe_ace.flac -o jazz.npy --kind cqt`

`genrescope spectrogram samples/jazz_vibe_ace.flac -o seen.png --picture`"""

VIEW_HOP = 512
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
        from genrescope.apps.views import draw_view

        view = draw_view(_opened(source), kind, hop=hop, start=start, duration=duration)
        if not view.whole:
            show.remark(f"drawn: the first {view.longest_seconds:g} s; choose others with --start")
        _write_view(view.spectrogram, source, output)
    show.remark(f"wrote {output}")


def _opened(source: str) -> AudioSource:
    return sys.stdin.buffer if source == "-" else source


def _save(output: Path, values: NDArray[np.floating]) -> None:
    """As NumPy does, whose own errors do not say that a disk is full."""
    held = io.BytesIO()
    np.save(held, values)
    with written(output) as place:
        place.write_bytes(held.getbuffer())


def _write_view(drawn: Spectrogram, source: str, output: Path) -> None:
    form = output.suffix.lower()
    if form == ".npy":
        _save(output, drawn.values)
    elif form == ".csv":
        _write_csv(drawn, output)
    else:
        from genrescope.apps.drawing import draw_axes

        name = "mel" if drawn.spec.kind == "mel" else "constant-Q"
        with written(output) as place:
            draw_axes(drawn, f"{Path(source).name}: {name} spectrogram", place)


def _write_csv(drawn: Spectrogram, output: Path) -> None:
    with written(output) as place, place.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["band_hz", *(f"{second:.4f}" for second in drawn.frame_seconds)])
        for hz, row in zip(drawn.band_hz, drawn.values, strict=True):
            writer.writerow([f"{hz:.2f}", *(f"{value:.2f}" for value in row)])


def _write_picture(
    source: str, output: Path, kind: SpectrogramKind, model: str | None, start: float
) -> None:
    from genrescope.apps.drawing import write_picture
    from genrescope.apps.views import card_that_sees, draw_seen, unit_picture

    card = card_that_sees(kind, model)
    tensor = draw_seen(_opened(source), card, start)
    if output.suffix.lower() == ".npy":
        _save(output, tensor)
        return
    planes = unit_picture(tensor, card)
    with written(output) as place:
        if output.suffix.lower() == ".csv":
            np.savetxt(place, np.concatenate(planes), fmt="%.5f", delimiter=",")
        else:
            write_picture(planes, place)
