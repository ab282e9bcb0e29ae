"""What the pages ask for beside Gradio: sounds that arrive, samples, scripts, the first page."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response

from genrescope.apps import tiles
from genrescope.apps.api.context import Here
from genrescope.apps.api.receiving import receive_one
from genrescope.apps.api.waiting import wait_for
from genrescope.apps.serving.watch import Watch
from genrescope.apps.web import texts
from genrescope.apps.web.asset import asset
from genrescope.apps.web.cloakroom import Cloakroom

SAMPLE_ENDINGS = (".mp3", ".flac", ".ogg", ".wav", ".m4a")
SCRIPTS = ("viewer.js", "course.js", "reasons.js", "page.js")
ASSETS = {**dict.fromkeys(SCRIPTS, "text/javascript"), "style.css": "text/css"}
SAMPLE_FOLDERS = tuple(Path(__file__).resolve().parents[i] / "samples" for i in (4, 2))
"""In a checkout, and in an installed package: the first that is there."""
KEPT_NOWHERE = {"Cache-Control": "no-store"}
ICON = {"src": "/favicon.ico", "sizes": "any", "type": "image/svg+xml"}


def sample_folder() -> Path | None:
    """The free-licence clips of a checkout, else the few of the installed package, if any."""
    return next((one for one in SAMPLE_FOLDERS if (one / "LICENSES.md").is_file()), None)


def sample_names() -> tuple[str, ...]:
    """File names of the clips."""
    folder = sample_folder()
    if folder is None:
        return ()
    return tuple(sorted(p.name for p in folder.iterdir() if p.suffix in SAMPLE_ENDINGS))


def _positive(text: str) -> float:
    """A number of a query, or 0 where it is none or not finite."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value < math.inf else 0.0


def make_router(cloakroom: Cloakroom) -> APIRouter:
    """Routes over one cloakroom."""
    router = APIRouter(include_in_schema=False)
    _add_sounds(router, cloakroom)
    _add_pages(router)
    return router


def _add_sounds(router: APIRouter, cloakroom: Cloakroom) -> None:
    @router.post("/web/sounds")
    async def receive(request: Request, here: Here) -> JSONResponse:
        """Take one sound, as the body; answer with the key under which it waits for moments.

        Where the query names the key of one sent before it as ``beside``, both wait together.
        """
        with cloakroom.beside(request.query_params.get("beside", "")) as batch:
            with ExitStack() as stack:
                upload = await receive_one(request, here, stack)
                owner = stack.pop_all()
            key = cloakroom.put(upload, owner, batch)
        answer: dict[str, Any] = {"key": key, "label": upload.label, "bytes": upload.size_bytes}
        return JSONResponse(answer)

    @router.get("/web/sounds/{key}/tiles/{level}/{number}")
    async def tile(request: Request, here: Here, key: str, level: int, number: int) -> Response:
        """One tile of a sound that waits, which then waits on: peaks, then shades, as bytes."""
        loudest = _positive(request.query_params.get("loudest", ""))
        start = _positive(request.query_params.get("start", ""))

        def draw(watch: Watch) -> bytes:
            with (
                cloakroom.lend(key) as upload,
                here.studio.workbench.sound(upload.file, upload.label, watch) as file,
            ):
                drawn = tiles.to_bytes(tiles.draw_tile(file, level, number, start), loudest)
            return b"".join(part.tobytes() for part in drawn)

        watch = here.studio.watch()
        if not cloakroom.has(key):
            raise HTTPException(404)
        found = await wait_for(request, here.studio.submit(draw, watch=watch), watch)
        return Response(found, media_type="application/octet-stream", headers=KEPT_NOWHERE)

    @router.delete("/web/sounds/{key}")
    async def forget(key: str) -> Response:
        """Close a sound that waits: the page that sent it looks at another."""
        cloakroom.drop(key)
        return Response(status_code=204)


def _add_pages(router: APIRouter) -> None:
    @router.get("/web/samples/{name}")
    async def sample(name: str) -> FileResponse:
        """One of the clips."""
        folder = sample_folder()
        if folder is None or name not in sample_names():
            raise HTTPException(404)
        return FileResponse(folder / name)

    @router.get("/web/assets/{name}")
    async def script(name: str) -> Response:
        """A script or style sheet of the pages."""
        if name not in ASSETS:
            raise HTTPException(404)
        return Response(asset(name), media_type=ASSETS[name])

    @router.get("/favicon.ico")
    async def icon() -> Response:
        """A small picture for the browser's tab."""
        return Response(asset("icon.svg"), media_type="image/svg+xml")

    @router.get("/manifest.json")
    async def manifest() -> Response:
        """What the page is called where a browser keeps it beside programs; Gradio points here.

        Source: https://www.w3.org/TR/appmanifest/
        """
        kept = {"name": "Genrescope", "start_url": "/", "display": "browser", "icons": [ICON]}
        return JSONResponse(kept, media_type="application/manifest+json")

    @router.get("/")
    async def first(request: Request) -> RedirectResponse:
        """To the pages in the browser's language."""
        language = texts.choose(request.headers.get("accept-language", ""))
        return RedirectResponse(f"/{language}/", status_code=307)
