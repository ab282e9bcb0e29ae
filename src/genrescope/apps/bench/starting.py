"""How long ``genrescope serve`` takes until it answers, and its first page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html.parser import HTMLParser
from statistics import median
from urllib.parse import urljoin

from genrescope.apps.bench.load import serving
from genrescope.apps.bench.timing import Row, pair_of
from genrescope.apps.bench.whole import warm_modules
from genrescope.types import GenrescopeError, MissingExtraError

STYLES = frozenset(["stylesheet", "modulepreload", "preload"])


def measure(models: Sequence[str], starts: int) -> list[Row]:
    """Start a server several times; ask for its first page, and for the same page again.

    Parameters
    ----------
    models : sequence of str
        Names of what it serves.
    starts : int
        Medians of so many.

    Raises
    ------
    MissingExtraError
        If the extra ``web`` is not installed.
    GenrescopeError
        If the server does not start, or has no such page.
    """
    try:
        import httpx  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("timing a server's start", "web") from error
    ready, first, again = [], [], []
    with warm_modules() as environment:
        with serving(models, 1, environment):
            pass  # modules are compiled once, by whoever starts first
        for _ in range(starts):
            began = time.perf_counter()
            with serving(models, 1, environment) as url:
                ready.append(time.perf_counter() - began)
                first.append(_page(url))
                again.append(_page(url))
    return [
        Row("from the command until it is ready", median(ready), unit="s"),
        pair_of("its first page", first, "the same again", again, "s"),
    ]


def _page(url: str) -> float:
    """Seconds until a page is there with every script and style that it names."""
    import httpx

    with httpx.Client(base_url=url, trust_env=False, timeout=120, follow_redirects=True) as http:
        began = time.perf_counter()
        try:
            page = http.get(url).raise_for_status()
            named = _Named()
            named.feed(page.text)
            for address in dict.fromkeys(urljoin(str(page.url), one) for one in named.found):
                if address.startswith(url):
                    http.get(address).raise_for_status()
        except httpx.HTTPError as error:
            raise GenrescopeError(f"the server gave no page ({error})") from error
        return time.perf_counter() - began


class _Named(HTMLParser):
    """Scripts and styles that a page names, as it names them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one of the page's elements."""
        told = dict(attrs)
        if tag == "script" and told.get("src"):
            self.found.append(str(told["src"]))
        elif tag == "link" and told.get("href") and STYLES & set(str(told.get("rel")).split()):
            self.found.append(str(told["href"]))
