"""Run by Alembic: connects to the store that is to be brought up to date."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine, event

given = context.config.attributes
engine = create_engine(given["dialect"], creator=given["connect"])


def _alone(connection: Connection) -> None:
    """SQLite's driver opens no transaction before a CREATE: one left halfway would stay so."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


if engine.dialect.name == "sqlite":
    event.listen(engine, "begin", _alone)
with engine.connect() as connection:
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
