"""Under which settings and definitions a snapshot was published and when, of which loads it is
made, and which are pinned.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them; a snapshot that is there already counts as published once, under rules that nobody
    wrote down.
    """
    for name in ("loads", "timezone", "currency", "rows"):
        op.add_column("snapshot", sa.Column(name, sa.Text))
    op.create_table(
        "wording",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("snapshot_id", sa.Text, sa.ForeignKey("snapshot.id"), nullable=False, index=True),
        sa.Column("published_at", sa.Text, nullable=False),
        sa.Column("settings_digest", sa.Text, sa.ForeignKey("wording.digest")),
        sa.Column("catalogue_digest", sa.Text, sa.ForeignKey("wording.digest")),
    )
    op.create_table(
        "pin",
        sa.Column("snapshot_id", sa.Text, sa.ForeignKey("snapshot.id"), primary_key=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("pinned_at", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO publication (snapshot_id, published_at) SELECT id, published_at FROM "
        "snapshot ORDER BY published_at"
    )
