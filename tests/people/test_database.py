"""The tables of people stand beside the manifest's: made by a migration, outside its seal, on both
databases.
"""

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.people.conftest import PASSWORD, Clock

from kampass.access import Role
from kampass.people import People, Person
from kampass.people.schema import METADATA
from kampass.store import Manifest, integrity
from kampass.store.reading import FileReader
from kampass.store.schema import METADATA as MANIFEST
from kampass.store.schema import SEALS
from kampass.workspace import create, open_workspace
from kampass.workspace.settings import WorkspaceSettings


def test_the_migration_makes_the_tables_that_the_program_uses(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        ours = set(METADATA.tables)
        options = {"include_name": lambda name, kind, _: kind != "table" or name in ours}
        assert (
            compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
        )


def test_no_table_of_people_is_one_of_the_manifest() -> None:
    assert not set(METADATA.tables) & set(MANIFEST.tables)
    assert not set(METADATA.tables) & set(integrity.SEALED)


def test_the_seal_lies_over_every_table_of_the_manifest() -> None:
    assert tuple(sorted(set(MANIFEST.tables) - {SEALS.name})) == integrity.SEALED


def test_what_people_do_leaves_the_manifests_seal_alone(tmp_path: Path) -> None:
    with closing(Manifest(tmp_path / "app.db")) as manifest:
        with manifest.engine.connect() as connection:
            before = connection.execute(sa.select(SEALS)).all()
        people = People(manifest.engine, Clock())
        ann = people.accounts.add("ann@example.com", "Ann", Role.ADMIN, password=PASSWORD)
        people.sessions.start(ann.id, address="", agent="")
        people.audit.record(ann, "look", "/")
        with manifest.engine.connect() as connection:
            assert connection.execute(sa.select(SEALS)).all() == before
        FileReader(tmp_path / "app.db").check()
    with closing(Manifest(tmp_path / "app.db")) as again:
        assert People(again.engine, Clock()).accounts.any()


def test_a_workspace_knows_its_people(tmp_path: Path) -> None:
    with closing(create(tmp_path / "w", WorkspaceSettings())) as workspace:
        added = workspace.people.accounts.add("ann@example.com", "Ann", Role.ADMIN)
    with closing(open_workspace(tmp_path / "w")) as workspace:
        assert workspace.people.accounts.all() == [added]


def test_ids_name_one_person_for_ever(people: People, ann: Person) -> None:
    bob = people.accounts.add("bob@example.com", "Bob", Role.ANALYST)
    people.accounts.remove(bob.id)
    assert people.accounts.add("bob@example.com", "Bob", Role.ANALYST).id > bob.id
