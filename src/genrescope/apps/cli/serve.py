"""``genrescope serve``: the pages and the REST API."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from genrescope.apps.cli import show
from genrescope.types import GenrescopeError

EPILOG = """Examples:

`genrescope serve`

`genrescope serve --host 0.0.0.0 --token some-long-word`

`genrescope serve --store archive.sqlite --allow-tagging`

`curl -F file=@samples/jazz_vibe_ace.flac http://127.0.0.1:8000/api/v1/classify`"""


def serve_command(
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8000,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="Model that answers where none is named, or `all`."),
    ] = None,
    token: Annotated[
        str, typer.Option(envvar="GENRESCOPE_TOKEN", help="A word that every request must show.")
    ] = "",
    limit_mb: Annotated[float, typer.Option(help="Greatest upload, in megabytes.")] = 50.0,
    queue: Annotated[int, typer.Option(min=0, help="Requests that may wait for a turn.")] = 32,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Recordings worked on at once; one a processor.")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds that one request may take.")] = 60.0,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Another site whose pages may ask; none by default.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Another name under which this server answers.")
    ] = None,
    store: Annotated[
        str, typer.Option(help="Collection that the page Library shows; else the user's own.")
    ] = "",
    allow_tagging: Annotated[
        bool, typer.Option("--allow-tagging", help="Let that page write genres into files' tags.")
    ] = False,
) -> None:
    """Open the pages and the REST API in a browser's reach.

    Everything stays on this machine: nothing is loaded from, or told to, any other. Where other
    machines may ask, the page Library shows only a collection that `--store` names, and
    `--allow-tagging` needs `--token`.
    """
    from genrescope.apps.api.run import run
    from genrescope.apps.serving.settings import MEGABYTE, Settings

    try:
        settings = Settings(
            host=host,
            port=port,
            limit_bytes=round(limit_mb * MEGABYTE),
            queue_length=queue,
            limit_seconds=time_limit,
            token=token,
            cors_origins=tuple(cors_origin or ()),
            allowed_hosts=tuple(allow_host or ()),
            store=store,
            allow_tagging=allow_tagging,
        )
        if workers is not None:
            settings = replace(settings, workers=workers)
    except (GenrescopeError, ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error)) from error
    run(settings, model or [], show.announce)
