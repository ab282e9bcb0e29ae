"""Parameters that a route does not know: refused, where they would be passed over in silence."""

from __future__ import annotations

import difflib

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from genrescope.apps.api.context import PREFIX


def refuse_unknown(request: Request) -> None:
    """Raise where the query has a parameter that the route's description does not list.

    Raises
    ------
    RequestValidationError
        Answered as every other wrong parameter is.
    """
    if not request.query_params:
        return
    known = _described(request)
    wrong = [
        {"type": "unknown", "loc": ("query", name), "msg": _says(name, known), "input": value}
        for name, value in request.query_params.multi_items()
        if name not in known
    ]
    if wrong:
        raise RequestValidationError(wrong)


def _described(request: Request) -> list[str]:
    paths, path = request.app.openapi()["paths"], request.scope["route"].path
    methods = paths.get(path) or paths[PREFIX + path]  # older FastAPIs put the prefix before it
    listed = methods.get(request.method.lower(), {}).get("parameters", [])
    return [one["name"] for one in listed if one["in"] == "query"]


def _says(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"there is no such parameter; did you mean {near[0]}?"
    there = f"there are {', '.join(known)}" if known else "this takes none"
    return f"there is no such parameter; {there}"
