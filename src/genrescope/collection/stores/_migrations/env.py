"""Run by Alembic: connects to the store that is to be brought up to date."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

given = context.config.attributes
engine = create_engine(given["dialect"], creator=given["connect"])
with engine.connect() as connection:
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
