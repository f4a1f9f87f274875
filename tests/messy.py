"""Known rows written as other people's programs write them, with the mapping that reads them back:
encodings, line ends, quoting, headers, footers, formats, repeated lines and sheets, at random.
"""

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl

Row = dict[str, Any]
ACCOUNTS = tuple(f"a{number}" for number in range(6))
BERLIN = ZoneInfo("Europe/Berlin")
_TEXTS = (
    "plain",
    "007",
    "NA",
    "two words",
    'a "quoted" word',
    "Größe",
    "semi;colon",
    "comma, inside",
    "two\nlines",
    "1E5",
    "tab\tinside",
)
_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True)
class Spelled:
    """One canonical column as a file has it: its headers, its cells, and what the mapping says."""

    headers: tuple[str, ...]
    cells: Callable[[Row], tuple[object, ...]]
    said: str


@dataclass
class MessyFile:
    """A file, the mapping of its table, the rows it was made of and the lines that are no rows."""

    seed: int
    table: str
    rows: list[Row]
    name: str = ""
    keys: list[str] = field(default_factory=list)
    columns: list[tuple[str, Spelled]] = field(default_factory=list)
    repeated: int = 0
    left_out: int = 0
    form: str = "csv"

    @property
    def settings(self) -> str:
        """The table's part of `kampass.toml`."""
        place = f"[sources.other.tables.{self.table}"
        columns = [f"{name} = {spelled.said}" for name, spelled in self.columns]
        lines = [f"{place}]", f'file = "{self.name}"', *self.keys, f"{place}.columns]", *columns]
        return "\n".join(lines) + "\n"


def messy(seed: int, folder: Path) -> MessyFile:
    """Write one such file into the folder."""
    chance = random.Random(seed)
    table, rows, columns = chance.choice((_deals, _subscriptions, _tickets, _responses))(chance)
    made = MessyFile(seed, table, rows, columns=columns)
    chance.shuffle(made.columns)
    made.form = chance.choice(("csv", "csv", "csv", "excel", "jsonl"))
    headers = [header for _, spelled in made.columns for header in spelled.headers]
    lines = [[cell for _, spelled in columns for cell in spelled.cells(row)] for row in rows]
    writer = {"csv": _csv, "excel": _excel, "jsonl": _jsonl}[made.form]
    writer(made, chance, folder, headers, lines)
    return made


def _deals(chance: random.Random) -> tuple[str, list[Row], list[tuple[str, Spelled]]]:
    rows = []
    for number in range(chance.randrange(3, 60)):
        created = _moment(chance)
        status = chance.choice(("open", "won", "lost"))
        closed = None if status == "open" else created + timedelta(days=chance.randrange(1, 40))
        rows.append(
            {
                "id": f"d{number}",
                "kind": chance.choice(("new", "upsell", "renewal")),
                "status": status,
                "created_at": created,
                "closed_at": closed,
                "account_id": chance.choice((*ACCOUNTS, None)),
                "amount": _amount(chance),
                "currency": "EUR",
                "source": chance.choice((*_TEXTS, None)),
            }
        )
    moments = _moments(chance)
    return (
        "deals",
        rows,
        [
            ("id", _text("id", "Deal No")),
            ("kind", _listed(chance, "kind", "Art", ("new", "upsell", "renewal"))),
            ("status", _listed(chance, "status", "Status", ("open", "won", "lost"))),
            ("created_at", moments("created_at", "Created")),
            ("closed_at", moments("closed_at", "Closed")),
            ("account_id", _key(chance, "account_id", "Kunde")),
            ("amount", _money(chance, "amount", "Betrag")),
            ("currency", Spelled((), lambda _: (), '{ constant = "EUR" }')),
            ("source", _text("source", "Herkunft")),
        ],
    )


def _subscriptions(chance: random.Random) -> tuple[str, list[Row], list[tuple[str, Spelled]]]:
    rows = []
    for number in range(chance.randrange(3, 60)):
        start = date(2025, 1, 1) + timedelta(days=chance.randrange(300))
        open_ended = chance.random() < 0.4
        rows.append(
            {
                "id": f"s{number}",
                "account_id": chance.choice(ACCOUNTS),
                "mrr": abs(_amount(chance)) + 1,
                "currency": "EUR",
                "valid_from": start,
                "valid_to": None if open_ended else start + timedelta(chance.randrange(28, 400)),
            }
        )
    return (
        "subscriptions",
        rows,
        [
            ("id", _text("id", "Line")),
            ("account_id", _key(chance, "account_id", "Customer")),
            ("mrr", _per(chance)),
            ("currency", Spelled(("Cur",), lambda _: (chance.choice(("EUR", "eur")),), '"Cur"')),
            ("valid_from", _day(chance, "valid_from", "From")),
            ("valid_to", _day(chance, "valid_to", "To", inclusive=chance.random() < 0.5)),
        ],
    )


def _tickets(chance: random.Random) -> tuple[str, list[Row], list[tuple[str, Spelled]]]:
    rows = []
    for number in range(chance.randrange(3, 60)):
        created = _moment(chance)
        replied = created + timedelta(minutes=chance.randrange(1, 4000))
        rows.append(
            {
                "id": f"t{number}",
                "created_at": created,
                "first_replied_at": None if chance.random() < 0.2 else replied,
                "account_id": chance.choice(ACCOUNTS),
                "priority": chance.choice(("high", "low")),
                "topic": chance.choice((*_TEXTS, None)),
            }
        )
    return (
        "tickets",
        rows,
        [
            ("id", _text("id", "Ticket")),
            ("created_at", _moments(chance)("created_at", "Opened")),
            ("first_replied_at", _waited(chance)),
            ("account_id", _key(chance, "account_id", "Org")),
            ("priority", _listed(chance, "priority", "Prio", ("high", "low"))),
            ("topic", _text("topic", "Subject")),
        ],
    )


def _responses(chance: random.Random) -> tuple[str, list[Row], list[tuple[str, Spelled]]]:
    rows = [
        {
            "id": f"r{number}",
            "survey_id": "n",
            "responded_at": _moment(chance),
            "score": Decimal(chance.randrange(11)),
            "account_id": chance.choice(ACCOUNTS),
            "comment": chance.choice((*_TEXTS, None)),
        }
        for number in range(chance.randrange(3, 60))
    ]
    words = {0: "Not at all likely", 10: "Extremely likely"}

    def scored(row: Row) -> tuple[object, ...]:
        score = int(row["score"])
        return (f"{score} - {words[score]}" if score in words else str(score),)

    score = (
        Spelled(("How likely?",), scored, r"""{ column = "How likely?", part = '^(\d+)' }""")
        if chance.random() < 0.5
        else Spelled(("Score",), lambda row: (str(row["score"]),), '"Score"')
    )
    return (
        "responses",
        rows,
        [
            ("id", _text("id", "Response ID")),
            ("survey_id", Spelled((), lambda _: (), '{ constant = "n" }')),
            ("responded_at", _moments(chance)("responded_at", "Date")),
            ("score", score),
            ("account_id", _key(chance, "account_id", "Company")),
            ("comment", _text("comment", "Why?")),
        ],
    )


def _moment(chance: random.Random) -> datetime:
    """A minute at which no clock is put back or forward."""
    day = datetime(2025, 1, 6, 8, tzinfo=UTC) + timedelta(days=chance.randrange(480))
    return day + timedelta(minutes=chance.randrange(600))


def _amount(chance: random.Random) -> Decimal:
    return Decimal(chance.choice((chance.randrange(-2_000_000, 9_000_000), 99, 123456))) / 100


def _text(name: str, header: str) -> Spelled:
    return Spelled((header,), lambda row: (row[name],), json.dumps(header))


def _key(chance: random.Random, name: str, header: str) -> Spelled:
    """A key in any letter case, or joined of the first filled of two columns."""
    if chance.random() < 0.3:
        said = f'{{ column = "{header}", lower = true }}'
        return Spelled((header,), lambda row: (row[name] and row[name].upper(),), said)
    if chance.random() < 0.3:
        headers = (header, f"{header} (old)")
        first = chance.random() < 0.5

        def either(row: Row) -> tuple[object, ...]:
            return (row[name], "") if first else ("", row[name])

        return Spelled(headers, either, f"{{ first_of = {json.dumps(headers)} }}")
    return _text(name, header)


def _listed(chance: random.Random, name: str, header: str, words: tuple[str, ...]) -> Spelled:
    if chance.random() < 0.5:
        return _text(name, header)
    theirs = {word: f"{word[::-1].upper()} Ü" for word in words}
    values = ", ".join(
        f"{json.dumps(theirs[word], ensure_ascii=False)} = '{word}'" for word in words
    )
    said = f'{{ column = "{header}", values = {{ {values} }} }}'
    return Spelled((header,), lambda row: (theirs[row[name]],), said)


def _moments(chance: random.Random) -> Callable[[str, str], Spelled]:
    """One way to write instants, for all columns of a file."""
    way = chance.randrange(5)

    def spelled(name: str, header: str) -> Spelled:
        def at(zone: ZoneInfo | None, form: str) -> Callable[[Row], tuple[object, ...]]:
            def cells(row: Row) -> tuple[object, ...]:
                moment = row[name]
                return (None if moment is None else moment.astimezone(zone or UTC).strftime(form),)

            return cells

        if way == 0:
            return Spelled((header,), at(None, "%Y-%m-%dT%H:%M:%SZ"), json.dumps(header))
        if way == 1:
            said = f'{{ column = "{header}", timestamp = "unix" }}'
            return Spelled(
                (header,), lambda row: (row[name] and str(int(row[name].timestamp())),), said
            )
        form, zone = (
            ("%d.%m.%Y %H:%M", BERLIN),
            ("%m/%d/%Y %I:%M:%S %p", ZoneInfo("America/New_York")),
            ("%d %b %Y %H:%M", BERLIN),
        )[way - 2]
        said = f'{{ column = "{header}", timestamp = "{form}", timezone = "{zone.key}" }}'
        return Spelled((header,), at(zone, form), said)

    return spelled


def _day(chance: random.Random, name: str, header: str, *, inclusive: bool = False) -> Spelled:
    form = chance.choice(("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%B %d, %Y", "excel"))

    def cells(row: Row) -> tuple[object, ...]:
        day = row[name]
        if day is None:
            return (None,)
        day -= timedelta(days=inclusive)
        return (str((day - _EPOCH).days) if form == "excel" else day.strftime(form),)

    more = ", inclusive = true" if inclusive else ""
    return Spelled((header,), cells, f'{{ column = "{header}", date = "{form}"{more} }}')


def _money(chance: random.Random, name: str, header: str) -> Spelled:
    way = chance.randrange(4)

    def cells(row: Row) -> tuple[object, ...]:
        amount = row[name]
        if way == 0:
            return (str(amount),)
        text = f"{abs(amount):,.2f}"
        if way == 1:
            text = text.translate(str.maketrans(",.", ".,"))
            return (f"-{text} €" if amount < 0 else f"{text} €",)
        if way == 2:
            return (f"(${text})" if amount < 0 else f"${text}",)
        return (f"{amount:,.2f}".replace(",", " "),)

    below = 'negative = "brackets"'
    said = (
        json.dumps(header),
        f'{{ column = "{header}", decimal = ",", thousands = ".", remove = "€", trim = true }}',
        f'{{ column = "{header}", thousands = ",", remove = "$", decimal = ".", {below} }}',
        f'{{ column = "{header}", decimal = ".", thousands = " " }}',
    )[way]
    return Spelled((header,), cells, said)


def _per(chance: random.Random) -> Spelled:
    """A monthly amount, or one a year or a quarter with the interval beside it."""
    if chance.random() < 0.5:
        return _money(chance, "mrr", "MRR")
    months = {"month": 1, "quarter": 3, "year": 12}

    def cells(row: Row) -> tuple[object, ...]:
        word = chance.choice(list(months))
        return (str(row["mrr"] * months[word]), word)

    said = '{ column = "Amount", per = { column = "Interval" } }'
    return Spelled(("Amount", "Interval"), cells, said)


def _waited(chance: random.Random) -> Spelled:
    """The first reply as minutes after the ticket was opened, or as an instant."""
    if chance.random() < 0.5:
        return Spelled(
            ("Replied",),
            lambda row: (row["first_replied_at"] and row["first_replied_at"].isoformat(),),
            '"Replied"',
        )

    def cells(row: Row) -> tuple[object, ...]:
        if row["first_replied_at"] is None:
            return (None,)
        minutes = (row["first_replied_at"] - row["created_at"]) / timedelta(minutes=1)
        return (f"{minutes:.0f}",)

    said = '{ column = "First reply (min)", unit = "minutes", after = "created_at" }'
    return Spelled(("First reply (min)",), cells, said)


def _csv(
    made: MessyFile, chance: random.Random, folder: Path, headers: list[str], lines: list[list[Any]]
) -> None:
    """As delimited text."""
    delimiter = chance.choice((",", ";", "\t", "|"))
    encoding = chance.choice(("utf-8", "utf-8-sig", "utf-16", "windows-1252"))
    end = chance.choice(("\n", "\r\n", "\r"))
    null = chance.choice(("", "NULL", "-"))
    above = chance.choice((0, 0, 1, 3))
    wanted = None if chance.random() < 0.7 else f"Kept {made.seed}"
    lines = [["" if cell is None else str(cell) for cell in line] for line in lines]
    lines = [[cell or null for cell in line] for line in lines]
    for _ in range(chance.choice((0, 0, 1, 4))):
        made.repeated += 1
        lines.append(list(chance.choice(lines)))
    if wanted:
        headers, lines = [*headers, "State"], [[*line, "live"] for line in lines]
        extra = [[*line[:-1], "draft"] for line in chance.sample(lines, min(3, len(lines)))]
        made.left_out += len(extra)
        lines = [*extra, *lines]
        made.keys.append("""where = '"State" <> "draft"'""")
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=end,
        # Least quoting leaves other line ends than the file's own bare, which nobody could read.
        quoting=csv.QUOTE_ALL if end == "\r" else chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    )
    for number in range(above):
        text.write(f"Report {number}{end}")
    writer.writerows([headers, *lines])
    if chance.random() < 0.4:
        made.left_out += 1
        made.keys.append('footer = "^(Total|Summe)"')
        text.write(f"Total{delimiter}{len(lines)}{end}")
    text.write(chance.choice(("", end, end * 2)))
    made.name = chance.choice(("export.csv", "Export 2026.txt"))
    (folder / made.name).write_bytes(text.getvalue().encode(encoding, errors="strict"))
    made.keys += [f"delimiter = {json.dumps(delimiter)}", f"null = {json.dumps([null])}"]
    if not encoding.startswith("utf-8"):
        made.keys.append(f'encoding = "{encoding}"')
    if above:
        made.keys.append(f"header_row = {above + 1}")


def _excel(
    made: MessyFile, chance: random.Random, folder: Path, headers: list[str], lines: list[list[Any]]
) -> None:
    """As a sheet among others, with a title above and a total below."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Data"
    above = chance.choice((0, 2))
    for number in range(above):
        sheet.append([f"Report {number}"])
    sheet.append(headers)
    for line in lines:
        sheet.append(line)
    if chance.random() < 0.4:
        made.left_out += 1
        made.keys.append('footer = "^Total"')
        sheet.append(["Total", len(lines)])
    if chance.random() < 0.5:
        book.create_sheet("Notes").append(["nothing here"])
        made.keys.append('sheet = "Data"')
    if above:
        made.keys.append(f"header_row = {above + 1}")
    made.name = "export.xlsx"
    book.save(folder / made.name)


def _jsonl(
    made: MessyFile, chance: random.Random, folder: Path, headers: list[str], lines: list[list[Any]]
) -> None:
    """As one object a line; what is empty is null, or not there."""
    end = chance.choice(("\n", "\r\n"))
    found = []
    for line in lines:
        cells = dict(zip(headers, line, strict=True))
        if chance.random() < 0.5:
            cells = {name: cell for name, cell in cells.items() if cell is not None}
        found.append(json.dumps(cells, ensure_ascii=chance.random() < 0.5, default=str))
    made.name = "export.jsonl"
    (folder / made.name).write_bytes((end.join(found) + chance.choice(("", end))).encode())
