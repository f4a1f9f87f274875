"""The one settings file of a workspace, `kampass.toml`: read strictly, written with its
explanations.

Only a database's address may come from the environment instead: the file is under version control,
where no password belongs.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.catalogue import PACK
from kampass.engine import BusinessCalendar, Settings, parse_hours
from kampass.engine.planning.coverage import SourceTerms
from kampass.engine.planning.hours import WEEKDAYS
from kampass.errors import DataError
from kampass.intake.kinds import SourceSettings, kinds
from kampass.periods import Calendar
from kampass.store.database import SCHEMA, Database, parse_schema, parse_url
from kampass.workspace.passed import Passed

if TYPE_CHECKING:
    from kampass.intake.mapping.mapping import TableMapping

FILE = "kampass.toml"
UPLOADS = "uploads"
"""The folder of the workspace that holds what people uploaded, a folder for each source."""
DATABASE_URL = "KAMPASS_DATABASE_URL"
DATABASE_SCHEMA = "KAMPASS_DATABASE_SCHEMA"
_ALWAYS = ("timezone", "currency", "week_start", "fiscal_start")
_ALONE = (*_ALWAYS, "subscription_grace_days")
"""The keys that stand in no table; the first are written for everybody."""
_OF_ANY = ("kind", "ended", "coverage", "link", "ids")
"""The keys of a source of any kind."""


@dataclass(frozen=True)
class DatabaseSettings:
    """The `[database]` of the settings; without a URL it is the workspace's own SQLite file."""

    url: str | None = field(default=None, repr=False)
    schema: str = SCHEMA

    def of(self, folder: Path, environment: Mapping[str, str] = os.environ) -> Database:
        """The database of the workspace whose `.kampass` is `folder`; what the environment says
        goes first.
        """
        url = environment.get(DATABASE_URL) or self.url
        return Database(
            folder,
            parse_url(url) if url else None,
            parse_schema(environment.get(DATABASE_SCHEMA) or self.schema),
        )


@dataclass(frozen=True)
class WorkspaceSettings:
    """Everything `kampass.toml` says."""

    timezone: str = "UTC"
    currency: str = "USD"
    week_start: str = "monday"
    fiscal_start: int = 1
    subscription_grace_days: int = 0
    sources: tuple[SourceSettings, ...] = ()
    business: tuple[BusinessCalendar, ...] = (BusinessCalendar(),)
    enabled: tuple[str, ...] = PACK
    database: DatabaseSettings = DatabaseSettings()

    @property
    def engine(self) -> Settings:
        """What the engine needs of them."""
        return Settings(
            Calendar(self.timezone, self.week_start, self.fiscal_start),  # type: ignore[arg-type]
            self.currency,
            self.business,
            self.subscription_grace_days,
            {source.name: terms for source in self.sources if (terms := _terms(source)).any},
        )


def made_of_uploads(source: SourceSettings) -> bool:
    """Whether a source's files are those that people uploaded."""
    return source.kind == "mapped" and source.options.get("path") == f"{UPLOADS}/{source.name}"


def _terms(source: SourceSettings) -> SourceTerms:
    """What its silence means."""
    return SourceTerms(source.ended, made_of_uploads(source), source.silent)


def checked(settings: WorkspaceSettings) -> WorkspaceSettings:
    """The same settings, or the error a person made in them."""
    _check({key: getattr(settings, key) for key in _ALONE})
    return settings


def read(folder: Path) -> WorkspaceSettings:
    """The settings of a workspace."""
    file = folder / FILE
    if not file.is_file():
        raise DataError(
            f"There is no workspace in {folder}.",
            code="no_workspace",
            hint=f"'kampass init {folder}' makes one.",
        )
    try:
        text = file.read_text(encoding="utf-8")
        written = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise DataError(
            f"{FILE} cannot be read: {wrong}.",
            code="bad_settings",
            hint="Compare it with docs/settings.md.",
        ) from None
    Passed(folder).unless(text, lambda: _check(written))
    calendars = tuple(_calendar(*said) for said in written.get("calendars", {}).items())
    if not any(calendar.name == "default" for calendar in calendars):
        calendars = (BusinessCalendar(), *calendars)
    return WorkspaceSettings(
        **{key: written[key] for key in _ALONE if key in written},
        sources=tuple(
            _with_lines(_source(name, said, written), text)
            for name, said in written.get("sources", {}).items()
        ),
        business=calendars,
        enabled=tuple(written.get("kpis", {}).get("enabled", PACK)),
        database=DatabaseSettings(**written.get("database", {})),
    )


def write(folder: Path, settings: WorkspaceSettings) -> None:
    """Write a settings file that explains itself."""
    import tomlkit

    from kampass.validation import note
    from kampass.workspace.settings_schema import CalendarSection, SettingsFile

    lines = ["# Settings of this Kampass workspace. docs/settings.md explains every key.", ""]
    for key in _ALONE:
        if key not in _ALWAYS and not getattr(settings, key):
            continue
        line = f"{key} = {tomlkit.item(getattr(settings, key)).as_string()}"
        lines.append(f"{line:<25} # {note(SettingsFile, key)}")
    database = {} if settings.database == DatabaseSettings() else asdict(settings.database)
    default, enabled = CalendarSection(), tomlkit.array()
    enabled.extend(settings.enabled)
    tables = {
        "database": {key: value for key, value in database.items() if value},
        "sources": {
            source.name: {"kind": source.kind} | source.options | _said(source)
            for source in settings.sources
        },
        "calendars": {"default": default.model_dump(include={"days", "hours", "holidays"})},
        "kpis": {"enabled": enabled.multiline(True)},
    }
    stated = {name: table for name, table in tables.items() if table}
    text = "\n".join([*lines, "", tomlkit.dumps(stated)])
    (folder / FILE).write_text(text, encoding="utf-8")


def _said(source: SourceSettings) -> dict[str, Any]:
    """What a source says as a source of any kind does, as the file has it."""
    said = {"ended": source.ended, "link": source.link, "ids": source.ids}
    said["coverage"] = "up_to_load" if "" in source.silent else ""
    tables = {table: {"coverage": "up_to_load"} for table in sorted(source.silent - {""})}
    said["tables"] = tables if source.kind in {"folder", "sample"} else {}
    return {key: value for key, value in said.items() if value}


def switch(folder: Path, kpis: Sequence[str], *, on: bool) -> tuple[str, ...]:
    """Switch KPIs on or off in the settings file, leaving everything else in it as it stands; what
    is on now.
    """
    import tomlkit

    file = folder / FILE
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    now = [kpi for kpi in read(folder).enabled if kpi not in kpis] + (list(kpis) if on else [])
    listed = tomlkit.array()
    listed.extend(now)
    document.setdefault("kpis", tomlkit.table())["enabled"] = listed.multiline(True)
    file.write_text(tomlkit.dumps(document), encoding="utf-8")
    return tuple(now)


def _check(written: dict[str, Any]) -> None:
    """DataError of the first thing that is wrong with the file."""
    from kampass.validation import trouble
    from kampass.workspace.settings_schema import SettingsFile

    wrong = trouble(SettingsFile, written, _place)
    if wrong:
        raise DataError(wrong[0], code="bad_settings", hint=wrong[1])


def _place(loc: tuple[int | str, ...]) -> dict[str, str]:
    """What the file calls the table to which these keys lead."""
    import tomlkit

    if not loc:
        return {"place": FILE}
    section, name = str(loc[0]), str(loc[1]) if loc[1:] else ""
    place = f"[{section}.{name}]" if name else f"[{section}]"
    if "tables" in loc[3:4]:
        from kampass.intake.mapping.mapping import place_of

        return place_of(place, loc[3:])
    *others, last = kinds()
    return {
        "place": place,
        "heading": f"[{section}.{tomlkit.key(name).as_string()}",
        "kinds": f"{', '.join(others)} or {last}",
    }


def _source(name: str, said: dict[str, Any], written: dict[str, Any]) -> SourceSettings:
    options = {key: value for key, value in said.items() if key not in _OF_ANY}
    found = SourceSettings(name, said["kind"], options, **_of_any(said))
    if said["kind"] in {"folder", "sample"}:
        options.pop("tables", None)
    if said["kind"] != "mapped":
        return found
    from kampass.intake.mapping.mapping import parse_all

    mappings = tuple(
        mapping.in_currency(written.get("currency", "USD")).in_zone(written.get("timezone", "UTC"))
        for table, blocks in options["tables"].items()
        for mapping in parse_all(f"[sources.{name}]", table, blocks, checked=True)
    )
    return replace(found, options={"path": "."} | options, mappings=mappings)


def _of_any(said: dict[str, Any]) -> dict[str, Any]:
    """What a source of any kind says, as SourceSettings has it."""
    silent = {
        table
        for table, blocks in said.get("tables", {}).items()
        for block in (blocks if isinstance(blocks, list) else [blocks])
        if isinstance(block, dict) and block.get("coverage")
    }
    silent |= {""} if said.get("coverage") else set()
    plain = {key: said[key] for key in ("ended", "link", "ids") if key in said}
    return plain | {"silent": frozenset(silent)}


def _with_lines(source: SourceSettings, text: str) -> SourceSettings:
    """The same source, its mappings knowing on which line of the settings their SELECT begins."""
    return replace(
        source,
        mappings=tuple(
            replace(mapping, select_line=_line_of(text, mapping)) for mapping in source.mappings
        ),
    )


def _line_of(text: str, mapping: "TableMapping") -> int:
    """The line on which a mapping's SELECT begins; 0 where its heading is written in another
    way.
    """
    lines = text.splitlines()
    for start, line in enumerate(lines, start=1):
        if mapping.select is not None and line.replace('"', "").replace(" ", "").startswith(
            mapping.place.replace('"', "").replace(" ", "")
        ):
            for number, below in enumerate(lines[start:], start=start + 1):
                if below.replace(" ", "").startswith("select="):
                    return number + (
                        below.rstrip().endswith(('"""', "'''"))
                        and below.count('"""') + below.count("'''") == 1
                    )
    return 0


def _calendar(name: str, said: dict[str, Any]) -> BusinessCalendar:
    made: dict[str, Any] = {key: tuple(said[key]) for key in ("teams",) if key in said}
    if "days" in said:
        made["days"] = tuple(WEEKDAYS.index(day) for day in said["days"])
    if "hours" in said:
        made["hours"] = tuple(parse_hours(text) for text in said["hours"])
    holidays = said.get("holidays", ())
    made["holidays"] = tuple(
        day if isinstance(day, date) else date.fromisoformat(day) for day in holidays
    )
    return BusinessCalendar(name, timezone=said.get("timezone"), **made)
