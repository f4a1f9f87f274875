"""The manifest: loads, what each holds of each table, snapshots, and which of them is current."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the four tables, unless they are there: databases without a version have them as they
    stand here.
    """
    op.create_table(
        "load",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "loaded_table",
        sa.Column("load_id", sa.Integer, sa.ForeignKey("load.id"), primary_key=True),
        sa.Column("table_name", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("read", "loaded", "unchanged", "superseded", "quarantined", "deleted")
        ),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("file", sa.Text),
        sa.Column("file_sha256", sa.Text),
        sa.Column("quarantine_file", sa.Text),
        if_not_exists=True,
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("published_at", sa.Text, nullable=False),
        sa.Column("last_load", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "pointer",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("snapshot_id", sa.Text, sa.ForeignKey("snapshot.id"), nullable=False),
        if_not_exists=True,
    )
