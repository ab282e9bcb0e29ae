"""The command ``genrescope``: which commands there are, and how an error ends one."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import typer

from genrescope import __version__
from genrescope.apps.cli import (
    bench,
    classify,
    doctor,
    evaluate,
    explain,
    export,
    find,
    import_,
    licences,
    models,
    scan,
    serve,
    show,
    similar,
    spectrogram,
    tag,
    timeline,
    train,
    watch,
)
from genrescope.apps.cli.entry import INTERRUPTED
from genrescope.types import GenrescopeError

FAILED, USAGE = 1, 2
REASONED = (
    errno.EACCES,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
)
"""What a place that was named can be at fault for: a sentence says it all."""

FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "no more may be written here (the disk quota is used up)",
    errno.EFBIG: "files may not become that large here",
}

app = typer.Typer(
    name="genrescope",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="See what genre a piece of music is: the picture of its sound, what networks make of it, "
    "and how far to trust them.",
    epilog=(
        "Begin with: `genrescope classify samples/*`\n\n"
        "Exit codes: 0 all done, 1 something could not be done and is named, 2 the command "
        "itself cannot be understood, 130 stopped by Ctrl-C (`watch` and `serve` end so: 0)."
    ),
)

app.command("classify", epilog=classify.EPILOG)(classify.classify_command)
app.command("scan", epilog=scan.EPILOG)(scan.scan_command)
app.command("find", epilog=find.EPILOG)(find.find_command)
app.command("similar")(similar.similar_command)
app.command("stats")(find.stats_command)
app.add_typer(tag.app, name="tag")
app.command("watch", epilog=watch.EPILOG)(watch.watch_command)
app.command("spectrogram", epilog=spectrogram.EPILOG)(spectrogram.spectrogram_command)
app.command("explain", epilog=explain.EPILOG)(explain.explain_command)
app.command("timeline", epilog=timeline.EPILOG)(timeline.timeline_command)
app.add_typer(models.app, name="models")
app.command("serve", epilog=serve.EPILOG)(serve.serve_command)
app.command("doctor")(doctor.doctor_command)
app.command("licences", epilog=licences.EPILOG)(licences.licences_command)
app.command("bench")(bench.bench_command)
app.command("train", epilog=train.EPILOG)(train.train_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command("import", epilog=import_.EPILOG)(import_.import_command)
app.command("export")(export.export_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        show.out().print(f"genrescope {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    if os.environ.get("GENRESCOPE_MODELS"):
        _tell_absent_folders()


def _tell_absent_folders() -> None:
    """Say so where the user names a folder of models that is none: its models are missed."""
    from genrescope.models import absent_folders

    for folder in absent_folders():
        show.complain(f"GENRESCOPE_MODELS names {folder}, which is no folder: passed over")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and turn what goes wrong into a sentence and an exit code.

    Exit codes: 0 all went well, 1 something failed, 2 wrong usage, 130 interrupted.
    """
    try:
        app(args=None if arguments is None else list(arguments))
    except GenrescopeError as error:
        show.complain(str(error))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        show.complain("stopped")
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            show.complain("stopped")  # Typer makes a bare exit code of Ctrl-C
        raise
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except OSError as error:
        if error.errno in REASONED and error.filename is not None:
            show.complain(f"{error.filename}: {error.strerror}")
            sys.exit(FAILED)
        if error.errno not in FULL:
            raise
        _drop_output()
        show.complain(f"{FULL[error.errno]}: what was being written is not whole")
        sys.exit(FAILED)


def _drop_output() -> None:
    """Point standard output elsewhere, so that Python does not try to write the rest at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
