"""Digests of quarantine files, and a seal over the manifest's rows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add them; files that are there already keep no digest, and the upgrade ends with the first
    seal.
    """
    op.add_column("loaded_table", sa.Column("quarantine_sha256", sa.Text))
    op.create_table(
        "seal",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
    )
