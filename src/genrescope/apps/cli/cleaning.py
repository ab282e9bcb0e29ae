"""Options that several commands share: clean-up before a recording is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from genrescope.types import AudioError

if TYPE_CHECKING:
    from genrescope.audio import Change

Clean = Annotated[
    bool,
    typer.Option("--clean", help="Clean up first: 100 to 16000 Hz, less noise, silence trimmed."),
]
CleanBand = Annotated[
    tuple[float, float] | None,
    typer.Option("--clean-band", metavar="LOW HIGH", help="Clean up: keep these Hz."),
]
CleanNoise = Annotated[
    float | None, typer.Option("--clean-noise", help="Clean up: take noise down by so many dB.")
]
CleanTrim = Annotated[
    bool, typer.Option("--clean-trim", help="Clean up: trim silence at both ends.")
]


def read_options(
    clean: bool, band: tuple[float, float] | None, noise: float | None, trim: bool
) -> tuple[Change, ...]:
    """The clean-up that the four options ask for; none where none of them is given.

    Raises
    ------
    typer.BadParameter
        If a number makes no sense.
    """
    from genrescope.audio import read_cleaning

    try:
        return read_cleaning(band, noise, trim, everything=clean)
    except AudioError as error:
        raise typer.BadParameter(str(error)) from error
