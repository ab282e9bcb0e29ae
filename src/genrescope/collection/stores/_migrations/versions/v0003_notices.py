"""A column for what a careful listener would want to know of a recording."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; of songs that were scanned before nothing is known until they are scanned anew."""
    op.add_column("analysis", sa.Column("notices", sa.Text))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("analysis", "notices")
