"""A table for embeddings: large rows that questions of probability do not read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it; songs that were scanned before have none until they are scanned anew."""
    op.create_table(
        "embedding",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("seat_id", sa.Integer, sa.ForeignKey("seat.id"), primary_key=True),
        sa.Column("direction", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("embedding")
