"""Making a store's tables and bringing them up to date, by Alembic, only when that is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from genrescope.types import CollectionError, MissingExtraError

LATEST = "0003"
"""The version that this Genrescope reads and writes; a test holds it to the last migration."""

FOLDER = Path(__file__).parent / "_migrations"


def upgrade(
    dialect: str,
    connect: Callable[[], Any],
    found: str | None,
    name: str,
    why: Callable[[Exception], str] = str,
) -> None:
    """Bring a database from one version to the latest.

    Parameters
    ----------
    dialect : str
        As SQLAlchemy's URLs begin.
    connect : callable
        Opens a connection of the database's own library.
    found : str or None
        The version that it has.
    name : str
        What to call it before people.
    why : callable
        An error of the database's own library as a sentence.

    Raises
    ------
    CollectionError
        If a later Genrescope wrote it.
    MissingExtraError
        If Alembic is not installed.
    """
    try:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise MissingExtraError("making a collection's store", "collection") from error
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes.update(dialect=dialect, connect=connect)
    there = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in there:
        raise CollectionError(
            f"{name}: a store of version {found}, which is unknown here (this version reads "
            f"{LATEST}): install a Genrescope that knows it"
        )
    try:
        command.upgrade(config, "head")
    except SQLAlchemyError as error:
        reason = why(getattr(error, "orig", None) or error)
        raise CollectionError(f"{name}: cannot be brought up to date: {reason}") from error
