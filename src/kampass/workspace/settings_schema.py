"""The keys of `kampass.toml`: what each means, what holds where it is left out, which values it
takes.

`settings.py` makes values of a file that this lets pass; `docs/settings.md` lists the same keys.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from kampass.catalogue import PACK
from kampass.engine import parse_hours
from kampass.engine.planning.hours import WEEKDAYS
from kampass.intake.kinds import check_link, kinds
from kampass.intake.mapping.schema import COVERAGE, Coverage, TableName, Tables
from kampass.periods import is_zone
from kampass.store.database import SCHEMA, parse_schema, parse_url
from kampass.validation import WrittenTable, amiss, key, passes, says, unlike, wrong


def _zone(name: str) -> str:
    if not is_zone(name):
        raise wrong("There is no time zone '{value}'.", "Write an IANA name such as Europe/Berlin.")
    return name


def _url(text: str) -> None:
    url = parse_url(text)
    if url is not None and url.password is not None:
        raise wrong(
            "{place}: the url holds a password, which does not belong in kampass.toml.",
            "Put the whole URL into the environment, as KAMPASS_DATABASE_URL.",
        )


def _days(days: list[str]) -> list[str]:
    unknown = [day for day in days if day not in WEEKDAYS]
    if unknown:
        raise wrong("{place}: '{day}' is no day.", f"Write {', '.join(WEEKDAYS)}.", day=unknown[0])
    return days


def _hours(stretches: list[str]) -> None:
    for text in stretches:
        parse_hours(text)


def _holidays(days: list[str | date]) -> list[str | date]:
    for day in days:
        try:
            date.fromisoformat(day) if isinstance(day, str) else day
        except ValueError:
            raise wrong("{place}: '{day}' is no date.", "Write 2026-12-25.", day=day) from None
    return days


def _some(tables: Tables) -> Tables:
    if not tables:
        raise wrong(*MappedSection.lacking["tables"])
    return tables


def _kind(said: object) -> str | None:
    """Which keys a source has; those of a folder and of the sample stand together, and a kind that
    another package brings knows its own.
    """
    kind = said.get("kind") if isinstance(said, dict) else None
    if kind in ("folder", "sample"):
        return "plain"
    return "mapped" if kind == "mapped" else "other" if kind in kinds() else None


Zone = Annotated[str, AfterValidator(_zone)]
Texts = Annotated[list[str], says(kind=list)]


class SettingsSection(WrittenTable):
    """One table of the file."""

    guide = listed = "See docs/settings.md."


class DatabaseSection(SettingsSection):
    """`[database]`: where what people make is kept."""

    url: Annotated[str, passes(_url)] = key(
        "a PostgreSQL server that keeps it, `postgresql+psycopg://user@host:5432/database`; other "
        "databases are refused. The environment's `KAMPASS_DATABASE_URL` goes first",
        "",
        otherwise="SQLite",
    )
    in_schema: Annotated[str, passes(parse_schema)] = key(
        "the schema of that database; it is made if it is not there. The environment's "
        "`KAMPASS_DATABASE_SCHEMA` goes first",
        SCHEMA,
        alias="schema",
    )

    @model_validator(mode="before")
    @classmethod
    def _texts(cls, said: object) -> object:
        """No value is said back: it may hold a password."""
        if isinstance(said, dict) and all(isinstance(value, str) for value in said.values()):
            return said
        raise amiss(
            "{place} holds texts only.",
            "Write url and schema below [database]; docs/settings.md shows how.",
        )


class SourceKeys(SettingsSection):
    """What every `[sources.<name>]` may say, of whatever kind."""

    ended: bool = key(
        "the source is closed and says nothing more: how far the data reaches does not wait for it",
        default=False,
    )
    coverage: Coverage = COVERAGE
    link: Annotated[str, passes(check_link)] = key(
        "where a row is to be opened: `https://crm.example/{table}/{id}`", ""
    )
    ids: Annotated[
        Literal["", "bare"],
        says('{place}: ids is "bare", not {value!r}.', "Leave it out where ids are prefixed."),
    ] = key('`"bare"`: the ids of a connector are the workspace\'s own and get no prefix', "")


class FolderTable(SettingsSection):
    """`[sources.<name>.tables.<table>]` of a source that is not mapped."""

    coverage: Coverage = COVERAGE


class SourceSection(SourceKeys):
    """`[sources.<name>]` of a folder or the sample company."""

    kind: Literal["folder", "sample"] = key(
        '`"folder"`: a folder of canonical CSV or Parquet files; `"mapped"`: other people\'s '
        'files; `"sample"`: the sample company'
    )
    path: str = key(
        "folder, mapped: where the files are; a relative path starts at the workspace's folder",
        "",
        otherwise="needed for a folder; the workspace's folder for a mapped source",
    )
    scale: float = key("sample: size of the company", 1)
    seed: int = key("sample: another seed, another company", 0, otherwise="one of its own")
    touches: int = key("sample: rows of this table, stated outright", 0, otherwise="by `scale`")
    usage: int = key("sample: rows of this table", 0, otherwise="by `scale`")
    tickets: int = key("sample: rows of this table", 0, otherwise="by `scale`")
    tables: dict[TableName, FolderTable] = key("what is said of one table", {})

    @model_validator(mode="after")
    def _folder_has_a_path(self) -> Self:
        if self.kind == "folder" and "path" not in self.model_fields_set:
            raise amiss("{place} needs a path.", 'Write path = "exports".')
        return self


class MappedSection(SourceKeys):
    """`[sources.<name>]` whose files are other people's."""

    lacking: ClassVar = {
        "tables": (
            "{place} maps no table.",
            (
                "Write {heading}.tables.accounts] and below it what fills it; docs/mapping.md "
                "shows how."
            ),
        )
    }

    kind: Literal["mapped"] = key("the source is mapped")
    path: str = key("where the files are", ".")
    tables: Annotated[Tables, AfterValidator(_some)] = key("what fills each table")


class OtherSection(SourceKeys):
    """`[sources.<name>]` of a kind that another package brings, which checks its own keys."""

    model_config = ConfigDict(extra="allow")

    kind: str


Source = Annotated[
    Annotated[SourceSection, Tag("plain")]
    | Annotated[MappedSection, Tag("mapped")]
    | Annotated[OtherSection, Tag("other")],
    Discriminator(
        _kind,
        *unlike(
            "{place} needs a kind: {kinds}.",
            'Write kind = "folder" and path = "...".',
        ),
    ),
]


class CalendarSection(SettingsSection):
    """`[calendars.<name>]`: one set of business hours."""

    days: Annotated[list[str], says(kind=list), AfterValidator(_days)] = key(
        "working days, in English, lower case", list(WEEKDAYS[:5]), otherwise="Monday to Friday"
    )
    hours: Annotated[list[str], says(kind=list), passes(_hours)] = key(
        "open stretches of a working day", ["09:00-17:00"]
    )
    holidays: Annotated[list[str | date], says(kind=list), AfterValidator(_holidays)] = key(
        "days without work", []
    )
    timezone: Zone = key("the zone the hours are in", "", otherwise="the workspace's")
    teams: Texts = key("ids of the teams that work by this calendar", [])

    @model_validator(mode="before")
    @classmethod
    def _table(cls, said: object) -> object:
        if not isinstance(said, dict):
            raise amiss("{place} is not a table.", cls.guide)
        return said


class KpisSection(SettingsSection):
    """`[kpis]`: what is switched on."""

    enabled: Texts = key(
        "ids of the KPIs that are switched on. `kampass kpi` answers every other one as well",
        list(PACK),
        otherwise="twelve KPIs",
    )


class SettingsFile(SettingsSection):
    """The whole of `kampass.toml`."""

    database: DatabaseSection = key("the application database", {})
    kpis: KpisSection = key("what is switched on", {})
    sources: dict[str, Source] = key("what `kampass sync` reads", {})
    calendars: dict[str, CalendarSection] = key("business hours", {})
    timezone: Zone = key(
        "IANA name; days, weeks and months are cut in this zone. After a change answers come from "
        "a snapshot built anew; run `kampass sync` too where files give dates for instants",
        "UTC",
        note="days, weeks and months are cut in this zone (IANA name)",
    )
    currency: Annotated[
        str,
        StringConstraints(pattern="^[A-Z]{3}$"),
        says("'{value}' is no currency.", "Write an ISO 4217 code such as USD."),
    ] = key(
        "ISO 4217 code; money is converted to it by the table `fx_rates`",
        "USD",
        note="money is shown in this currency (ISO 4217)",
    )
    week_start: Annotated[
        Literal["monday", "sunday", "saturday"],
        says("A week cannot start on '{value}'.", "monday, sunday or saturday."),
    ] = key(
        "`monday`, `sunday` or `saturday`; where `--grain week` cuts. `2026-W09` is the ISO week, "
        "always",
        "monday",
        note="monday, sunday or saturday",
    )
    fiscal_start: Annotated[
        int,
        Field(ge=1, le=12),
        says(
            "A fiscal year cannot start in month {value}.", "Write a month from 1 to 12.", kind=int
        ),
    ] = key(
        "first month of the fiscal year, 1 to 12. `FY2026` is named by the year in which it ends",
        1,
        note="first month of the fiscal year; FY2026 is named by the year in which it ends",
    )
    subscription_grace_days: Annotated[
        int,
        Field(ge=0, le=366),
        says(
            "A gap of {value} days between subscriptions cannot be granted.",
            "Write a number of days from 0 to 366.",
            kind=int,
        ),
    ] = key(
        "where an account's next paid line begins at most so many days after its latest end so "
        "far, the line that ended counts until then: a renewal that is written late is no churn",
        0,
        note="days between two subscriptions of an account that count as paid",
    )
