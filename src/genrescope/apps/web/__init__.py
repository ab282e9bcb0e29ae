"""The pages: Gradio mounted on the API's application, one set of pages a language."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from genrescope.apps.serving.library import Library
from genrescope.apps.serving.settings import Settings
from genrescope.apps.serving.studio import Studio

if TYPE_CHECKING:
    from fastapi import FastAPI

FONTS = ["system-ui", "-apple-system", "Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"]
MONO = ["ui-monospace", "Consolas", "monospace"]


def mount(app: FastAPI, studio: Studio, settings: Settings) -> None:
    """Put the pages on `app`, at ``/`` and below a path a language.

    Parameters
    ----------
    app : FastAPI
        As `genrescope.apps.api.app.create_app` makes it.
    studio : Studio
    settings : Settings
        Its limit of uploads holds here too.

    Raises
    ------
    MissingExtraError
        If Gradio is not installed.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before it is imported: it asks then
    try:
        import gradio as gr
    except ImportError as error:
        from genrescope.types import MissingExtraError

        raise MissingExtraError("the pages", "web") from error
    from genrescope.apps.web import texts
    from genrescope.apps.web.asset import asset
    from genrescope.apps.web.cloakroom import Cloakroom
    from genrescope.apps.web.library_routes import make_library_router
    from genrescope.apps.web.pages import build_pages
    from genrescope.apps.web.routes import make_router
    from genrescope.apps.web.shut import ShutDoors

    cloakroom = Cloakroom()
    library = Library(settings)
    app.include_router(make_router(cloakroom))
    app.include_router(make_library_router(library))
    app.add_middleware(ShutDoors)
    app.router.add_event_handler("shutdown", cloakroom.close)
    for name in texts.names():
        told = texts.load(name)
        gr.mount_gradio_app(
            app,
            build_pages(studio, cloakroom, library, told),
            path=f"/{name}",
            ssr_mode=False,
            show_error=False,
            footer_links=[],
            max_file_size=settings.limit_bytes,
            theme=gr.themes.Base(font=FONTS, font_mono=MONO),
            css=asset("style.css"),
            head=_head(told.language),
        )


def _head(language: str) -> str:
    """Scripts of ours; and Gradio's own words come in the language of the page."""
    from genrescope.apps.web.routes import SCRIPTS

    return (
        f'<script>document.documentElement.lang = "{language}";'
        f'Object.defineProperty(navigator, "language", {{get: () => "{language}"}});'
        f'Object.defineProperty(navigator, "languages", {{get: () => ["{language}"]}});</script>'
        + "".join(f'<script src="/web/assets/{name}"></script>' for name in SCRIPTS)
    )
