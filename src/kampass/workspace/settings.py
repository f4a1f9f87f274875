"""The one settings file of a workspace, `kampass.toml`: read strictly, written with its
explanations.

Only a database's address may come from the environment instead: the file is under version control,
where no password belongs.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kampass.catalogue import PACK
from kampass.engine import BusinessCalendar, Settings, parse_hours
from kampass.engine.planning.hours import WEEKDAYS
from kampass.errors import DataError
from kampass.periods import Calendar
from kampass.store.database import SCHEMA, Database, parse_schema, parse_url

if TYPE_CHECKING:
    from kampass.intake.mapping.mapping import TableMapping

FILE = "kampass.toml"
DATABASE_URL = "KAMPASS_DATABASE_URL"
DATABASE_SCHEMA = "KAMPASS_DATABASE_SCHEMA"
_KEYS = {
    "timezone",
    "currency",
    "week_start",
    "fiscal_start",
    "database",
    "sources",
    "calendars",
    "kpis",
}
_DATABASE_KEYS = {"url", "schema"}
_SOURCE_KEYS = {"kind", "path", "scale", "seed", "touches", "usage", "tickets"}
_MAPPED_KEYS = {"kind", "path", "tables"}
_CALENDAR_KEYS = {"days", "hours", "holidays", "timezone", "teams"}


@dataclass(frozen=True)
class SourceSettings:
    """One `[sources.<name>]` of the settings; `mappings` are the tables of one that is mapped."""

    name: str
    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    mappings: "tuple[TableMapping, ...]" = ()


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
        )


def checked(settings: WorkspaceSettings) -> WorkspaceSettings:
    """The same settings, or the error a person made in them."""
    _zone(settings.timezone)
    if not (
        len(settings.currency) == 3  # noqa: PLR2004
        and settings.currency.isascii()
        and settings.currency.isalpha()
        and settings.currency.isupper()
    ):
        raise _wrong(
            f"'{settings.currency}' is no currency.", "Write an ISO 4217 code such as USD."
        )
    if settings.week_start not in {"monday", "sunday", "saturday"}:
        raise _wrong(
            f"A week cannot start on '{settings.week_start}'.", "monday, sunday or saturday."
        )
    # Months of a year.
    if not (isinstance(settings.fiscal_start, int) and 1 <= settings.fiscal_start <= 12):  # noqa: PLR2004
        raise _wrong(
            f"A fiscal year cannot start in month {settings.fiscal_start}.",
            "Write a month from 1 to 12.",
        )
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
        raise _wrong(
            f"{FILE} cannot be read: {wrong}.", "Compare it with docs/settings.md."
        ) from None
    _only(written, _KEYS, FILE)
    database = _database(written.pop("database", {}))
    _typed(
        written,
        {
            "timezone": str,
            "currency": str,
            "week_start": str,
            "fiscal_start": int,
            "sources": dict,
            "calendars": dict,
            "kpis": dict,
        },
        FILE,
    )
    _only(written.get("kpis", {}), {"enabled"}, "[kpis]")
    _typed(written.get("kpis", {}), {"enabled": list}, "[kpis]")
    sources = tuple(
        _with_lines(_source(name, options), text)
        for name, options in written.get("sources", {}).items()
    )
    calendars = tuple(
        _calendar(name, options) for name, options in written.get("calendars", {}).items()
    )
    if not any(calendar.name == "default" for calendar in calendars):
        calendars = (BusinessCalendar(), *calendars)
    return checked(
        WorkspaceSettings(
            written.get("timezone", "UTC"),
            written.get("currency", "USD"),
            written.get("week_start", "monday"),
            written.get("fiscal_start", 1),
            sources,
            calendars,
            tuple(written.get("kpis", {}).get("enabled", PACK)),
            database,
        )
    )


def write(folder: Path, settings: WorkspaceSettings) -> None:
    """Write a settings file that explains itself."""
    lines = [
        "# Settings of this Kampass workspace. docs/settings.md explains every key.",
        "",
        (
            f'timezone = "{settings.timezone}"      # days, weeks and months are cut in this zone '
            "(IANA name)"
        ),
        f'currency = "{settings.currency}"          # money is shown in this currency (ISO 4217)',
        f'week_start = "{settings.week_start}"     # monday, sunday or saturday',
        (
            f"fiscal_start = {settings.fiscal_start}          # first month of the fiscal year; "
            "FY2026 is named by the year in which it ends"
        ),
    ]
    if settings.database != DatabaseSettings():
        stated = {"url": settings.database.url, "schema": settings.database.schema}
        lines += [
            "",
            "[database]",
            *(f"{key} = {_literal(value)}" for key, value in stated.items() if value is not None),
        ]
    for source in settings.sources:
        lines += ["", f"[sources.{_key(source.name)}]", f'kind = "{source.kind}"']
        lines += [f"{key} = {_literal(value)}" for key, value in source.options.items()]
    listed = ",\n  ".join(f'"{kpi}"' for kpi in settings.enabled)
    lines += [
        "",
        "[calendars.default]",
        'days = ["monday", "tuesday", "wednesday", "thursday", "friday"]',
        'hours = ["09:00-17:00"]',
        "holidays = []",
    ]
    lines += ["", "[kpis]", f"enabled = [\n  {listed},\n]", ""]
    (folder / FILE).write_text("\n".join(lines), encoding="utf-8")


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


def _database(stated: Any) -> DatabaseSettings:  # noqa: ANN401 - whatever the file holds
    """Where the application database is; what is wrong with it is said without any value, which may
    hold a password.
    """
    if not isinstance(stated, dict) or not all(isinstance(value, str) for value in stated.values()):
        raise _wrong(
            "[database] holds texts only.",
            "Write url and schema below [database]; docs/settings.md shows how.",
        )
    _only(stated, _DATABASE_KEYS, "[database]")
    url = parse_url(stated["url"]) if "url" in stated else None
    if url is not None and url.password is not None:
        raise _wrong(
            f"[database]: the url holds a password, which does not belong in {FILE}.",
            f"Put the whole URL into the environment, as {DATABASE_URL}.",
        )
    return DatabaseSettings(stated.get("url"), parse_schema(stated.get("schema", SCHEMA)))


def _source(name: str, options: Any) -> SourceSettings:  # noqa: ANN401 - whatever the file holds
    place = f"[sources.{name}]"
    if not isinstance(options, dict) or options.get("kind") not in {"folder", "mapped", "sample"}:
        raise _wrong(
            f"{place} needs a kind: folder, mapped or sample.",
            'Write kind = "folder" and path = "...".',
        )
    if options["kind"] == "mapped":
        return _mapped(name, options, place)
    _only(options, _SOURCE_KEYS, place)
    _typed(
        options,
        {
            "path": str,
            "scale": (int, float),
            "seed": int,
            "touches": int,
            "usage": int,
            "tickets": int,
        },
        place,
    )
    if options["kind"] == "folder" and not isinstance(options.get("path"), str):
        raise _wrong(f"{place} needs a path.", 'Write path = "exports".')
    return SourceSettings(
        name, options["kind"], {key: value for key, value in options.items() if key != "kind"}
    )


def _mapped(name: str, options: dict[str, Any], place: str) -> SourceSettings:
    """A source whose files are other people's, table by table."""
    from kampass.intake.mapping.mapping import parse

    _only(options, _MAPPED_KEYS, place)
    _typed(options, {"path": str, "tables": dict}, place)
    if not options.get("tables"):
        raise _wrong(
            f"{place} maps no table.",
            (
                f"Write [sources.{_key(name)}.tables.accounts] and below it what fills it; "
                "docs/mapping.md shows how."
            ),
        )
    stated = {key: value for key, value in options.items() if key != "kind"}
    return SourceSettings(
        name,
        "mapped",
        {"path": "."} | stated,
        tuple(parse(place, table, said) for table, said in options["tables"].items()),
    )


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


def _calendar(name: str, options: Any) -> BusinessCalendar:  # noqa: ANN401
    place = f"[calendars.{name}]"
    if not isinstance(options, dict):
        raise _wrong(f"{place} is not a table.", "See docs/settings.md.")
    _only(options, _CALENDAR_KEYS, place)
    _typed(
        options,
        {"days": list, "hours": list, "holidays": list, "timezone": str, "teams": list},
        place,
    )
    if "timezone" in options:
        _zone(options["timezone"])
    unknown = [day for day in options.get("days", []) if day not in WEEKDAYS]
    if unknown:
        raise _wrong(f"{place}: '{unknown[0]}' is no day.", f"Write {', '.join(WEEKDAYS)}.")
    default = BusinessCalendar()
    days = (
        tuple(WEEKDAYS.index(day) for day in options["days"]) if "days" in options else default.days
    )
    hours = (
        tuple(parse_hours(text) for text in options["hours"])
        if "hours" in options
        else default.hours
    )
    holidays = tuple(
        day if isinstance(day, date) else _date(str(day), place)
        for day in options.get("holidays", ())
    )
    return BusinessCalendar(
        name, days, hours, holidays, options.get("timezone"), tuple(options.get("teams", ()))
    )


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong(
            f"There is no time zone '{name}'.", "Write an IANA name such as Europe/Berlin."
        ) from None


def _typed(found: dict[str, Any], types: dict[str, type | tuple[type, ...]], place: str) -> None:
    """Every value that is there has its key's type; a list holds texts (or dates)."""
    for key, kind in types.items():
        if key not in found:
            continue
        value = found[key]
        fits = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
        if not fits or (kind is list and not all(isinstance(entry, str | date) for entry in value)):
            raise _wrong(f"{place}: '{key}' cannot be {value!r}.", "See docs/settings.md.")


def _date(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(f"{place}: '{text}' is no date.", "Write 2026-12-25.") from None


def _only(found: dict[str, Any], known: set[str], place: str) -> None:
    for key in found:
        if key not in known:
            close = get_close_matches(key, known, n=1)
            raise _wrong(
                f"{place}: there is no key '{key}'."
                + (f" Did you mean '{close[0]}'?" if close else ""),
                "See docs/settings.md.",
            )


def _wrong(message: str, hint: str) -> DataError:
    return DataError(message, code="bad_settings", hint=hint)


def _key(name: str) -> str:
    return (
        name
        if name.replace("-", "").replace("_", "").isalnum() and name.isascii()
        else _literal(name)
    )


def _literal(value: Any) -> str:  # noqa: ANN401 - a TOML scalar
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{_key(key)} = {_literal(entry)}" for key, entry in value.items())
            + " }"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(entry) for entry in value) + "]"
    escaped = (
        str(value)
        .replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\t", "\\t")
        .replace("\r", "\\r")
    )
    return f'"{escaped}"'
