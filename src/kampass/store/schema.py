"""The tables of the application database as the program reads and writes them; `migrations` makes a
database agree.

Instants are UTC text that sorts as time does, so that every database orders them alike.
"""

import sqlalchemy as sa

METADATA = sa.MetaData()

LOADS = sa.Table(
    "load",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
)
LOADED_TABLES = sa.Table(
    "loaded_table",
    METADATA,
    sa.Column("load_id", sa.ForeignKey("load.id"), primary_key=True),
    sa.Column("table_name", sa.Text, primary_key=True),
    *(
        sa.Column(name, sa.Integer, nullable=False)
        for name in ("read", "loaded", "unchanged", "superseded", "quarantined", "deleted")
    ),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("file", sa.Text),
    sa.Column("file_sha256", sa.Text),
    sa.Column("quarantine_file", sa.Text),
    sa.Column("quarantine_sha256", sa.Text),
)
SNAPSHOTS = sa.Table(
    "snapshot",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("published_at", sa.Text, nullable=False),
    sa.Column("last_load", sa.Integer, nullable=False),
    sa.Column("loads", sa.Text),
    sa.Column("timezone", sa.Text),
    sa.Column("currency", sa.Text),
    sa.Column("rows", sa.Text),
)
POINTERS = sa.Table(
    "pointer",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("snapshot_id", sa.ForeignKey("snapshot.id"), nullable=False),
)
WORDINGS = sa.Table(
    "wording",
    METADATA,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
PUBLICATIONS = sa.Table(
    "publication",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("snapshot_id", sa.ForeignKey("snapshot.id"), nullable=False, index=True),
    sa.Column("published_at", sa.Text, nullable=False),
    sa.Column("settings_digest", sa.ForeignKey("wording.digest")),
    sa.Column("catalogue_digest", sa.ForeignKey("wording.digest")),
)
PINS = sa.Table(
    "pin",
    METADATA,
    sa.Column("snapshot_id", sa.ForeignKey("snapshot.id"), primary_key=True),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("pinned_at", sa.Text, nullable=False),
)
SEALS = sa.Table(
    "seal",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
)
"""A digest over every other table here, written in each transaction (`integrity`)."""
