"""What the pages ask for beside Gradio: sounds that arrive, samples, scripts, the first page."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response

from genrescope.apps.api.context import Here
from genrescope.apps.api.receiving import receive_one
from genrescope.apps.web import texts
from genrescope.apps.web.asset import asset
from genrescope.apps.web.cloakroom import Cloakroom

SAMPLE_ENDINGS = (".mp3", ".flac", ".ogg", ".wav", ".m4a")
ASSETS = {"viewer.js": "text/javascript", "page.js": "text/javascript", "style.css": "text/css"}


def sample_folder() -> Path | None:
    """The free-licence clips that a checkout carries; None where the package came without."""
    folder = Path(__file__).resolve().parents[4] / "samples"
    return folder if (folder / "LICENSES.md").is_file() else None


def sample_names() -> tuple[str, ...]:
    """File names of the clips."""
    folder = sample_folder()
    if folder is None:
        return ()
    return tuple(sorted(p.name for p in folder.iterdir() if p.suffix in SAMPLE_ENDINGS))


def make_router(cloakroom: Cloakroom) -> APIRouter:
    """Routes over one cloakroom."""
    router = APIRouter(include_in_schema=False)

    @router.post("/web/sounds")
    async def receive(request: Request, here: Here) -> JSONResponse:
        """Take one sound, as the body; answer with the key under which it waits for moments."""
        with ExitStack() as stack:
            upload = await receive_one(request, here, stack)
            owner = stack.pop_all()
        key = cloakroom.put(upload, owner)
        answer: dict[str, Any] = {"key": key, "label": upload.label, "bytes": upload.size_bytes}
        return JSONResponse(answer)

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

    @router.get("/")
    async def first(request: Request) -> RedirectResponse:
        """To the pages in the browser's language."""
        language = texts.choose(request.headers.get("accept-language", ""))
        return RedirectResponse(f"/{language}/", status_code=307)

    return router
