"""The first tables: files, seats, analyses, failures, and the journal of tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "file",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified_ns", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.Column("gone_at", sa.Text),
    )
    op.create_index("file_digest", "file", ["digest"])
    op.create_index("file_size", "file", ["size"])
    op.create_table(
        "seat",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.UniqueConstraint("model", "digest", "recipe"),
    )
    op.create_table(
        "analysis",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("seat_id", sa.Integer, sa.ForeignKey("seat.id"), primary_key=True),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("music", sa.Float),
        sa.Column("genre", sa.Text, nullable=False),
        sa.Column("probabilities", sa.LargeBinary, nullable=False),
        sa.Column("window_starts", sa.LargeBinary),
        sa.Column("windows", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "failure",
        sa.Column("file_id", sa.Integer, sa.ForeignKey("file.id"), primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "tag_run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("tag_plan", sa.Text, nullable=False),
    )
    op.create_table(
        "tag_writing",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("tag_run.id"), nullable=False),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("undone_at", sa.Text),
        sa.UniqueConstraint("run_id", "path"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("tag_writing", "tag_run", "failure", "analysis", "seat", "file"):
        op.drop_table(table)
