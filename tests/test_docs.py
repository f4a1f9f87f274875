"""What the pages say about settings and errors is what the code does."""

import re
from pathlib import Path

import pytest

from kampass.errors import DataError
from kampass.workspace import settings

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


def test_the_settings_page_explains_every_key_and_its_example_shows_it(example: Path) -> None:
    written = (example / settings.FILE).read_text(encoding="utf-8")
    for key in (
        settings._KEYS - {"database", "sources", "calendars", "kpis"}
        | settings._DATABASE_KEYS
        | settings._SOURCE_KEYS
        | settings._CALENDAR_KEYS
        | {"enabled"}
    ):
        assert re.search(rf"^{key} = ", written, re.MULTILINE), key
        assert f"`{key}`" in page("settings.md"), key
    for section in ("database", "sources", "calendars", "kpis"):
        assert f"[{section}" in written


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
        for kind in re.findall(r'UnknownName\("([\w ]+)"', text)
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
