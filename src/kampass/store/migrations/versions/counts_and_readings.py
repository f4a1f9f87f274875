"""What became of each file's records, which lines of a key differ, and how a table was read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add them; of the loads that are there already nobody knows."""
    op.add_column("load", sa.Column("reading", sa.Text, nullable=False, server_default=""))
    for column in (
        sa.Column("conflicting", sa.Integer, nullable=False, server_default="0"),
        sa.Column("dismissed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("files", sa.Text, nullable=False, server_default="[]"),
        sa.Column("reading", sa.Text, nullable=False, server_default=""),
        sa.Column("anew", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("loaded_table", column)
