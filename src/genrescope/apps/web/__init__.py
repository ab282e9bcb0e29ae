"""The pages: Gradio mounted on the API's application, one set of pages a language.

The language of this machine's user is built before the server is said to be there, the others
when somebody asks or a few seconds have passed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from genrescope.apps.serving.library import Library
from genrescope.apps.serving.settings import Settings
from genrescope.apps.serving.studio import Studio

if TYPE_CHECKING:
    from fastapi import FastAPI

    from genrescope.apps.web.cloakroom import Cloakroom
    from genrescope.apps.web.late import LatePages
    from genrescope.apps.web.pages._place import Place

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
    try:
        import genrescope.apps.web.lean  # noqa: F401
    except ImportError as error:
        from genrescope.types import MissingExtraError

        raise MissingExtraError("the pages", "web") from error
    from genrescope.apps.web import texts
    from genrescope.apps.web.cloakroom import Cloakroom
    from genrescope.apps.web.late import LatePages
    from genrescope.apps.web.library_routes import make_library_router
    from genrescope.apps.web.pages._place import Place
    from genrescope.apps.web.routes import make_router
    from genrescope.apps.web.shut import ShutDoors

    cloakroom = Cloakroom()
    library = Library(settings)
    app.include_router(make_router(cloakroom))
    app.include_router(make_library_router(library))
    app.add_middleware(ShutDoors)
    pages = {}
    for name in texts.names():
        place = Place(studio, cloakroom, library, texts.load(name))
        pages[name] = LatePages(partial(_carry, app, place, f"/{name}"))
        app.mount(f"/{name}", pages[name])
    pages[texts.of_system()].build()
    _live_with(app, pages.values(), cloakroom)


def _carry(app: FastAPI, place: Place, path: str) -> FastAPI:
    """One language's pages, on an application that only carries them."""
    import fastapi

    from genrescope.apps.web.asset import asset
    from genrescope.apps.web.lean import gr
    from genrescope.apps.web.pages import build_pages

    carrier = fastapi.FastAPI(openapi_url=None)
    carrier.user_middleware = app.user_middleware  # Gradio looks there for who minds CORS
    gr.mount_gradio_app(
        carrier,
        build_pages(place),
        path=path,
        ssr_mode=False,
        show_error=False,
        footer_links=[],
        run_history=False,
        max_file_size=place.studio.settings.limit_bytes,
        theme=gr.themes.Base(font=FONTS, font_mono=MONO),
        css=asset("style.css"),
        head=_head(place.texts.language),
    )
    return carrier


def _live_with(app: FastAPI, pages: Iterable[LatePages], cloakroom: Cloakroom) -> None:
    """Begin and end the pages' lifespans with the application's."""
    before = app.router.lifespan_context

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[Any]:
        async with before(app) as state, AsyncExitStack() as stack:
            stack.callback(cloakroom.close)
            for late in pages:
                await stack.enter_async_context(late.live())
            yield state

    app.router.lifespan_context = live


def _head(language: str) -> str:
    """Scripts of ours; and Gradio's own words come in the language of the page."""
    from genrescope.apps.web.routes import SCRIPTS

    return (
        f'<script>document.documentElement.lang = "{language}";'
        f'Object.defineProperty(navigator, "language", {{get: () => "{language}"}});'
        f'Object.defineProperty(navigator, "languages", {{get: () => ["{language}"]}});</script>'
        + "".join(f'<script src="/web/assets/{name}"></script>' for name in SCRIPTS)
    )
