"""``genrescope export``: a model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genrescope.apps.cli import show
from genrescope.apps.cli.checking import draw_for_check
from genrescope.models.exporting import FORMS, SUFFIXES, Form


def export_command(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="Model name, or file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File: .onnx or .xml.")],
    form: Annotated[
        Form | None,
        typer.Option("--format", help="Else by the file's ending: onnx-fp32 or openvino."),
    ] = None,
    sound: Annotated[Path | None, typer.Option(help="Compare logits on this sound.")] = None,
) -> None:
    """Write a model as plain ONNX (float32 or float16) or as OpenVINO's IR, card and all.

    What was written is run, and the greatest difference of its logits from the model's own is
    shown. ONNX files of either precision are model files again; float16 ones take and give
    float32.

    Example: `genrescope export mobilenetv3_mel -o mobilenetv3_mel.xml`
    """
    from genrescope import models
    from genrescope.models.exporting import export_model

    wanted = form or next((f for f in FORMS if SUFFIXES[f] == output.suffix.lower()), None)
    if wanted is None:
        raise typer.BadParameter(f"-o ends in .onnx or .xml, not {output.suffix!r}")
    model = models.find(name)
    pictures, of_what = draw_for_check(model.card, sound)
    done = export_model(model, output, wanted, pictures)
    for file in done.files:
        show.out().print(f"wrote {file} ({file.stat().st_size:,} bytes)", highlight=False)
    show.out().print(
        f"  logits on {of_what}: at most {done.difference:.2g} from the model's, whose largest is "
        f"{done.largest:.3g}",
        highlight=False,
    )
