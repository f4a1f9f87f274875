"""Where a source goes on after a load, what it vouched for, and whether it said what changed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add them; the loads that are there already stated whole tables."""
    op.add_column("load", sa.Column("cursor", sa.Text))
    op.add_column(
        "loaded_table",
        sa.Column("changes", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "loaded_coverage",
        sa.Column("load_id", sa.Integer, sa.ForeignKey("load.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("table_name", "covered_from", "covered_to")
        ),
    )
