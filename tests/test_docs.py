"""What the pages say about settings and errors is what the code does."""

import re
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from kampass.errors import DataError
from kampass.workspace import open_workspace, settings, settings_schema

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "kampass").rglob("*.py"))
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example of docs/settings.md as a workspace's settings file."""
    (text,) = _TOML.findall(page("settings.md"))
    (tmp_path / settings.FILE).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_example_of_the_settings_page_is_read_as_it_stands(example: Path) -> None:
    found = settings.read(example)
    assert (found.timezone, found.currency, found.week_start, found.fiscal_start) == (
        "Europe/Berlin",
        "EUR",
        "monday",
        4,
    )
    assert [(source.name, source.kind) for source in found.sources] == [
        ("crm", "folder"),
        ("demo", "sample"),
    ]
    assert [
        (calendar.name, len(calendar.days), len(calendar.hours), len(calendar.holidays))
        for calendar in found.business
    ] == [
        ("default", 5, 2, 2),
        ("americas", 6, 1, 1),
    ]
    assert found.business[1].teams == ("support-us",)
    assert found.enabled == ("mrr_end", "nrr", "csat")


def test_the_example_of_the_settings_page_shows_every_key(example: Path) -> None:
    written = tomllib.loads((example / settings.FILE).read_text(encoding="utf-8"))
    assert written.keys() == settings_schema.SettingsFile.model_fields.keys()
    tables = [
        (settings_schema.DatabaseSection, [written["database"]]),
        (settings_schema.SourceSection, written["sources"].values()),
        (settings_schema.CalendarSection, written["calendars"].values()),
        (settings_schema.KpisSection, [written["kpis"]]),
    ]
    for model, shown in tables:
        keys = {field.alias or name for name, field in model.model_fields.items()}
        assert set().union(*shown) == keys


def test_a_key_that_does_not_exist_is_an_error_with_a_suggestion(example: Path) -> None:
    file = example / settings.FILE
    file.write_text('curency = "USD"\n', encoding="utf-8")
    with pytest.raises(DataError, match="Did you mean 'currency'") as raised:
        settings.read(example)
    assert raised.value.code == "bad_settings"


def test_every_error_code_of_the_code_is_documented_and_no_other() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    codes = set(re.findall(r'\bcode ?= ?"(\w+)"', text)) | set(
        re.findall(r'_complain\("(\w+)"', text)
    )
    codes |= {
        f"unknown_{kind.lower().replace(' ', '_')}"
        for kind in re.findall(r'UnknownName\(\s*"([\w ]+)"', text)
    }
    documented = re.findall(r"^\| `(\w+)` \|", page("errors.md"), re.MULTILINE)
    assert sorted(documented) == sorted(codes)


def test_every_exit_code_is_documented() -> None:
    documented = {
        int(code) for code in re.findall(r"^\| (\d+) \|", page("errors.md"), re.MULTILINE)
    }
    text = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    used = {int(code) for code in re.findall(r"(?:sys\.exit\(|exit_code = )(\d+)", text)}
    assert used <= documented


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_the_source_of_the_sources_page_loads_what_its_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two accounts; one changes, one goes, and the second load begins where the first ended."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", page("sources.md"), re.DOTALL | re.MULTILINE)
    packaged, settings_text = _TOML.findall(page("sources.md"))
    project = tomllib.loads(packaged)["project"]
    entry = project["entry-points"]["kampass.sources"]["my_feed"]
    installed = tmp_path / "installed"
    about = installed / "my_feed.dist-info"
    about.mkdir(parents=True)
    (installed / "my_feed.py").write_text(code, encoding="utf-8")
    (about / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    (about / "entry_points.txt").write_text(f"[kampass.sources]\nmy_feed = {entry}\n")
    monkeypatch.syspath_prepend(installed)
    (tmp_path / settings.FILE).write_text(settings_text, encoding="utf-8")
    feed = tmp_path / "changes.jsonl"
    first = [
        '{"id": "a", "name": "Ada", "updated_at": "2026-01-01T00:00:00Z"}',
        '{"id": "b", "name": "Bob", "updated_at": "2026-01-01T00:00:00Z"}',
    ]
    later = [
        '{"id": "b", "updated_at": "2026-01-02T00:00:00+00:00"}',
        '{"id": "a", "name": "Adam", "updated_at": "2026-01-02T00:00:00Z"}',
    ]
    feed.write_text("\n".join(first), encoding="utf-8")
    with closing(open_workspace(tmp_path)) as workspace:
        workspace.sync()
        feed.write_text("\n".join(first + later), encoding="utf-8")
        (report,) = workspace.sync()
        (table,) = report.tables
        rows = (
            workspace.snapshot()
            .cursor()
            .execute("SELECT name, deleted_at IS NULL FROM accounts ORDER BY id")
        )
        assert rows.fetchall() == [("Adam", True), ("Bob", False)]
        assert (table.read, table.loaded, table.deleted) == (1, 1, 1)
        assert [load.cursor for load in workspace.manifest.loads()] == ["2", "4"]
