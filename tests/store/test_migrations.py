import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, inspect, text

from controller.store import sqlite
from controller.store.errors import StoreError, StoreReason
from controller.store.migrate import migration_config, upgrade
from controller.store.store import Store
from controller.store.tables import SCHEMA, metadata


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "a.db"
    sqlite.create_file(path)
    engine = sqlite.sync_engine(path, sqlite.WRITER).execution_options(**sqlite.IMMEDIATE)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def declared() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_the_migrated_schema_is_the_declared_one(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_checks_indexes_and_triggers_are_the_declared_ones(migrated: Engine, declared: Engine) -> None:
    def seen(engine: Engine) -> dict[str, object]:
        with engine.connect() as connection:
            named = connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"),
            )
            found: dict[str, object] = {row.name: " ".join(row.sql.split()) for row in named}
            for table in metadata.tables:
                found[table] = inspect(connection).get_check_constraints(table)
        return found

    assert seen(migrated) == seen(declared)


def test_the_declared_schema_number_is_the_newest_step() -> None:
    steps = ScriptDirectory.from_config(migration_config())
    assert steps.get_heads() == [f"{SCHEMA:04}"]
    assert all(step.revision.isdigit() for step in steps.walk_revisions())


async def test_a_migration_that_breaks_off_leaves_nothing_and_is_done_at_the_next_start(
    url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*args: object) -> None:
        if "audit_refuses_delete" in str(args[2]):
            raise sqlite3.OperationalError("disk I/O error")

    def breaking(engine_path: Path, pragmas: tuple[str, ...]) -> Engine:
        engine = sqlite.sync_engine(engine_path, pragmas)
        event.listen(engine, "before_cursor_execute", break_off)
        return engine

    monkeypatch.setattr("controller.store.store.sync_engine", breaking)
    with pytest.raises(StoreError) as refused:
        await Store.open(url)
    assert refused.value.reason is StoreReason.FAILED
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()

    monkeypatch.undo()
    store = await Store.open(url)
    assert await store.open_claims() == []
    await store.close()


def test_every_step_is_shipped_with_the_package() -> None:
    folder = Path(sqlite.__file__).parent / "migrations"
    assert {"env.py", "versions"} <= {entry.name for entry in folder.iterdir()}
    assert len(list(folder.glob("versions/v[0-9]*.py"))) == SCHEMA
