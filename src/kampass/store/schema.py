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
    sa.Column("cursor", sa.Text),
    sa.Column("reading", sa.Text, nullable=False, server_default=""),
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
    sa.Column("changes", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("conflicting", sa.Integer, nullable=False, server_default="0"),
    sa.Column("dismissed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("files", sa.Text, nullable=False, server_default="[]"),
    sa.Column("reading", sa.Text, nullable=False, server_default=""),
    sa.Column("anew", sa.Boolean, nullable=False, server_default=sa.false()),
)
LOADED_COVERAGE = sa.Table(
    "loaded_coverage",
    METADATA,
    sa.Column("load_id", sa.ForeignKey("load.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    *(
        sa.Column(name, sa.Text, nullable=False)
        for name in ("table_name", "covered_from", "covered_to")
    ),
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

WORK = sa.MetaData()
"""What happened and what is being done: outside the seal, for no answer depends on it and it
changes with every step.
"""

EVENTS = sa.Table(
    "event",
    WORK,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
POSITIONS = sa.Table(
    "event_position",
    WORK,
    sa.Column("subscriber", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Integer, nullable=False),
)
"""The last event that each subscriber is done with."""

JOBS = sa.Table(
    "job",
    WORK,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "title")),
    sa.Column("person_id", sa.Integer, index=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("asked_by", "asked_at")),
    sa.Column("what", sa.Text),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger),
    sa.Column("unit", sa.Text, nullable=False),
    *(sa.Column(name, sa.Text) for name in ("started_at", "finished_at", "before")),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("message", "hint", "code")),
    sa.Column("came", sa.Text),
    sqlite_autoincrement=True,
)
"""Long work. `what` is all it takes to do it, `before` the snapshot that was current as it first
began, `came` what came of it.
"""


def count_on(connection: sa.Connection, table: sa.Table, last: int) -> None:
    """The next row of a table that numbers its rows gets the number after that one."""
    counter = table.autoincrement_column
    if not last or counter is None:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT setval(pg_get_serial_sequence(:name, :key)::regclass, :last)"),
            {"name": table.name, "key": counter.name, "last": last},
        )
    elif table.dialect_options["sqlite"]["autoincrement"]:
        connection.execute(
            sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
        )
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"),
            {"name": table.name, "last": last},
        )
