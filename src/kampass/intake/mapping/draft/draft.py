"""A mapping to begin with: what a file leaves no doubt about is filled in, what could be read in
two ways or is nowhere said is asked, and what is not known is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kampass.errors import DataError, UnknownName
from kampass.intake.mapping.draft.asks import DraftQuestion, questions_of, scale_of, survey_kind
from kampass.intake.mapping.draft.asks.counting import trial_said
from kampass.intake.mapping.draft.asks.money import currency_of
from kampass.intake.mapping.draft.form import forms_of, hidden_in, packed
from kampass.intake.mapping.draft.known import ExportSection, export_of, known, plain
from kampass.intake.mapping.draft.match import (
    Guess,
    Matched,
    Sampled,
    accounts_of,
    headers_of,
    matched,
    named_in,
)
from kampass.intake.mapping.draft.rows import sample, totals
from kampass.intake.mapping.mapping import parse
from kampass.intake.readers.files import open_raw
from kampass.model import TABLES

_LEAST, _LEAD = 6.0, 1.5


@dataclass(frozen=True)
class TableDraft:
    """A drafted table: how its file is written, what fills its columns, what is asked, and the
    columns of the file that are left, each with a word on why.
    """

    table: str
    file: str
    said: Mapping[str, Any]
    guesses: tuple[Guess, ...]
    questions: tuple[DraftQuestion, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    stated: bool = True
    """Whether the rows of the file are the table's, and do not only name its rows."""
    sampled: Sampled = field(default_factory=lambda: Sampled({}), repr=False, compare=False)
    settled: frozenset[str] = frozenset()
    """The keys of the questions that are answered."""

    @property
    def columns(self) -> dict[str, Any]:
        """What fills each column, as a mapping says it."""
        return {guess.column: guess.said for guess in self.guesses}

    @property
    def mapping(self) -> dict[str, Any]:
        """The table's mapping, without what is asked."""
        return {"file": self.file, **self.said, "columns": self.columns}

    def mapping_of(self, source: str) -> dict[str, Any]:
        """The same as a source of that name says it: see `told_apart`."""
        columns = {name: told_apart(said, source, self.file) for name, said in self.columns.items()}
        return {**self.mapping, "columns": columns}


@dataclass(frozen=True)
class FileDraft:
    """What was made of one file: its folder, its tables, which system wrote it; `unknown` are the
    sheets, or the file, of which nothing says what their rows are.
    """

    source: str
    folder: Path
    tables: tuple[TableDraft, ...]
    system: str = ""
    unknown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """The sheets among them that the workbook does not show."""

    def to_dict(self) -> dict[str, Any]:
        """The draft, ready for JSON."""
        bare = [
            asdict(replace(one, sampled=Sampled({}), settled=frozenset())) for one in self.tables
        ]
        tables = [
            {key: one[key] for key in one if key not in {"sampled", "settled"}} for one in bare
        ]
        return asdict(replace(self, tables=())) | {"folder": str(self.folder), "tables": tables}


@dataclass(frozen=True)
class DraftTerms:
    """What a person says of a file before it is looked at."""

    table: str = ""
    sheet: str = ""
    header_row: int = 0
    name: str = ""
    accounts: frozenset[str] = frozenset()
    currency: str = ""
    timezone: str = ""


def drafted(file: Path, wish: DraftTerms = DraftTerms()) -> FileDraft:
    """What a file would fill, drafted; DataError where it cannot be read."""
    if not file.is_file():
        raise DataError(f"There is no file {file}.", code="no_file")
    tables: list[TableDraft] = []
    unknown: list[str] = []
    system = ""
    for form in _forms(file, wish):
        opened = _Opened(file, form)
        name = wish.table or _table_of(opened)
        place = form.get("sheet", file.name)
        if not name or any(one.table == name for one in tables):
            unknown.append(place)
            continue
        system = opened.system(name) or system
        tables += _tables(opened, name, wish)
    source = wish.name or slug(stem_of(file))
    found = _once(tables)
    read = dict.fromkeys(one.said["sheet"] for one in found if "sheet" in one.said)
    hidden = tuple(name for name in read if name in hidden_in(file)) if read else ()
    return FileDraft(source, file.parent, found, system, tuple(unknown), hidden)


def columns_for(file: Path, table: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What fills the columns of a table from a file that is written as `said`."""
    form = {key: said[key] for key in said if key not in {"file", "columns"}}
    opened = _Opened(file, form)
    found = matched(table, opened.sampled(table))
    return {
        guess.column: guess.said
        for guess in found.guesses.values()
        if guess.headers[0] in opened.columns
    }


def together(files: Sequence[Path], wish: DraftTerms = DraftTerms()) -> list[FileDraft]:
    """Several files, drafted so that their rows find each other's accounts: where a file has both
    names and ids of accounts, those count that other files have too, and a file of accounts goes
    before accounts that rows name.
    """
    if len(files) == 1:
        return [drafted(files[0], wish)]
    named = [_accounts_in(file, wish) for file in files]
    found = []
    for number, file in enumerate(files):
        others = frozenset[str]().union(*named[:number], *named[number + 1 :])
        found.append(drafted(file, replace(wish, accounts=others)))
    return _apart(found)


def _accounts_in(file: Path, wish: DraftTerms) -> frozenset[str]:
    """Every name or id of an account that stands in a file."""
    values: set[str] = set()
    for form in _forms(file, wish):
        opened = _Opened(file, form)
        table = wish.table or _table_of(opened)
        for header in accounts_of(table, opened.sampled(table)) if table else ():
            values |= set(opened.columns[header].values)
    return frozenset(values)


def _apart(drafts: Sequence[FileDraft]) -> list[FileDraft]:
    """The drafts under names of their own, without accounts that rows name where a file states
    them.
    """
    stated = {one.table for draft in drafts for one in draft.tables if one.stated}
    seen: dict[str, int] = {}
    found = []
    for draft in drafts:
        seen[draft.source] = seen.get(draft.source, 0) + 1
        name = f"{draft.source}-{seen[draft.source]}" if seen[draft.source] > 1 else draft.source
        tables = tuple(one for one in draft.tables if one.stated or one.table not in stated)
        found.append(replace(draft, source=name, tables=tables))
    return found


def _forms(file: Path, wish: DraftTerms) -> list[dict[str, Any]]:
    """How the file, or the sheet that is wished, is written."""
    forms = forms_of(file)
    if wish.sheet:
        named = [form["sheet"] for form in forms if "sheet" in form]
        if named and wish.sheet not in named:
            raise UnknownName("sheet", wish.sheet, named)
        forms = [form for form in forms if form.get("sheet", wish.sheet) == wish.sheet]
    return [
        {key: form[key] for key in form if key != "header_row"} | {"header_row": wish.header_row}
        if wish.header_row
        else form
        for form in forms
    ]


class _Opened:
    """One file or sheet, opened, with a look at its rows."""

    def __init__(self, file: Path, form: Mapping[str, Any]) -> None:
        self.file, self.form = file, form
        said = {"file": file.name, **form, "columns": {"id": {"constant": ""}}}
        self.raw = open_raw(file.parent, parse("[sources.draft]", "accounts", said), None)
        self.export = export_of(self.raw.headers)
        self.below = self.export.headers - 1 if self.export else 0
        self.columns = sample(self.raw, skip=self.below)
        self.footer, self.totals = totals(self.raw)

    def sampled(self, table: str) -> Sampled:
        """What is known of the columns, for a table."""
        export = self.export if self.export and self.export.table == table else None
        return Sampled(self.columns, self._texts(export), export, totals=self.totals)

    def rows_said(self, export: ExportSection | None) -> dict[str, Any]:
        """The keys that say which lines of the file are rows, and how a known system wrote them."""
        said: dict[str, Any] = dict(export.said) if export else {}
        if export and self.below:
            lines = self.raw.lines(range(1, self.below + 1))
            said["skip_rows"] = [lines[row] for row in range(1, self.below + 1)]
        said |= {"timezone": zone} if (zone := self._zone()) else {}
        where = (
            [one for one in export.where if named_in(one) <= set(self.columns)] if export else []
        )
        said |= {"where": " and ".join(where)} if where else {}
        return said | ({"footer": f"^{re.escape(self.footer)}$"} if self.footer else {})

    def _zone(self) -> str:
        """The time zone that the lines below the header say, where they say one."""
        lines = range(self.raw.header_row + 1, self.raw.header_row + self.below + 1)
        below = [cell for number, cells in self.raw.first if number in lines for cell in cells]
        found = {
            match[1] for cell in below if (match := re.search(r'"timeZone": ?"([^"]+)"', cell))
        }
        return found.pop() if len(found) == 1 else ""

    def system(self, table: str) -> str:
        """The system that wrote the file, where the table is the one it writes."""
        return self.export.name if self.export and self.export.table == table else ""

    def _texts(self, export: ExportSection | None) -> dict[str, str]:
        """What a second line of headers says of each column."""
        if export is None or export.headers == 1:
            return {}
        line = self.raw.header_row + 1
        cells = dict(self.raw.first).get(line, ())
        return dict(zip(self.raw.headers, cells, strict=False))


def _table_of(opened: _Opened) -> str:
    """The table that a file fills best; nothing where another does nearly as well."""
    if opened.export:
        return opened.export.table
    title = f"{stem_of(opened.file)} {opened.form.get('sheet', '')}"
    scores = {name: _suits(name, opened, title) for name in known().tables}
    best, second = sorted(scores.values(), reverse=True)[:2]
    if best < _LEAST or best - second < _LEAD:
        return ""
    return max(scores, key=lambda name: scores[name])


def _suits(table: str, opened: _Opened, title: str) -> float:
    """How much a file looks like a table: what is filled, less what is needed and missing."""
    found = matched(table, opened.sampled(table))
    points = 0.0
    for column in TABLES[table].columns:
        guess = found.guesses.get(column.name)
        if guess is not None:
            points += (3 if column.required else 1) * (1 if guess.sure else 0.6)
        elif column.required and (column.type != "text" or column.name in {"name", "family"}):
            points -= 3
    section = known().tables[table]
    nouns = {plain(noun) for noun in section.called}
    words = plain(title).split()
    titles = {*nouns, *map(plain, section.titled)}
    titled = any(noun in " ".join(words) if " " in noun else noun in words for noun in titles)
    key = found.guesses.get(TABLES[table].key[0])
    own = key is not None and any(plain(key.headers[0]).startswith(noun) for noun in nouns)
    return points + (4 if titled else 0) + (3 if own else 0)


def _tables(opened: _Opened, table: str, wish: DraftTerms) -> Iterator[TableDraft]:
    """The table and those that its rows name and nothing else states."""
    sampled = replace(
        opened.sampled(table),
        accounts=wish.accounts,
        currency=wish.currency,
        timezone=wish.timezone,
    )
    found = matched(table, sampled)
    guesses = dict(found.guesses) | _constants(table, found, opened)
    said = dict(opened.form) | opened.rows_said(sampled.export)
    main = TableDraft(table, opened.file.name, said, _ordered(table, guesses), sampled=sampled)
    asked = tuple(questions_of(main.mapping, table, opened.file, sampled))
    yield replace(main, questions=asked, left=_left(opened, found, main))
    yield from named(main)


def _constants(table: str, found: Matched, opened: _Opened) -> dict[str, Guess]:
    """What a header says for every row, which rows are trials, and the survey that a file of
    answers belongs to.
    """
    made: dict[str, Guess] = {}
    if TABLES[table].has("currency") and "currency" not in found.guesses:
        code = currency_of(
            {name: guess.said for name, guess in found.guesses.items()}, opened.columns
        )
        if code:
            said = {"constant": code}
            made["currency"] = Guess("currency", said, sure=True, why="the amounts say so")
    if table == "subscriptions" and "is_trial" not in found.guesses:
        trial = trial_said(opened.sampled(table))
        if trial:
            why = "the words of a trial are known"
            made["is_trial"] = Guess("is_trial", trial, sure=True, why=why)
    if table == "responses" and "survey_id" not in found.guesses:
        said = {"constant": slug(stem_of(opened.file))}
        made["survey_id"] = Guess("survey_id", said, sure=True, why="the file is one survey")
    return made


def _ordered(table: str, guesses: Mapping[str, Guess]) -> tuple[Guess, ...]:
    return tuple(guesses[name] for name in TABLES[table].names if name in guesses)


def _left(opened: _Opened, found: Matched, main: TableDraft) -> tuple[tuple[str, str], ...]:
    used = headers_of(main.guesses)
    return tuple(
        (header, found.refused.get(header, ""))
        for header in opened.raw.headers
        if header not in used
    )


def _survey(main: TableDraft) -> Iterator[TableDraft]:
    """The survey that the answers belong to; its kind and scale are asked where nothing tells."""
    sampled = main.sampled
    score = next((guess for guess in main.guesses if guess.column == "score"), None)
    if score is None:
        return
    header = score.headers[0]
    question = scale_of(header, sampled)
    said = {
        "id": main.columns["survey_id"],
        "name": {"constant": sampled.texts.get(header) or header},
    }
    if question is not None:
        least, most = question.scale
        said |= {"kind": {"constant": question.kind}}
        said |= {"scale_min": {"constant": least}, "scale_max": {"constant": most}}
    guesses = {name: Guess(name, what, True, "the question tells") for name, what in said.items()}
    asked = () if question is not None else (survey_kind(header, sampled),)
    form = dict(main.said) | {"distinct": True}
    yield TableDraft("surveys", main.file, form, _ordered("surveys", guesses), asked)


def named(main: TableDraft) -> Iterator[TableDraft]:
    """The accounts, users and the survey that rows name, so that the rows find them."""
    if main.table == "responses":
        yield from _survey(main)
    for column in TABLES[main.table].columns:
        guess = next((one for one in main.guesses if one.column == column.name), None)
        target = column.refers_to or ""
        if guess is None or target not in {"accounts", "users"} or len(guess.headers) != 1:
            continue
        yield _entity(target, guess, main)


def _entity(target: str, guess: Guess, main: TableDraft) -> TableDraft:
    """One row for each account or user that the rows name."""
    header = guess.headers[0]
    name = header
    if target == "accounts":
        name = _name_beside(header, main.sampled)
    why = f"the {target} that {main.table} name"
    guesses = (
        Guess("id", header, sure=True, why=why),
        Guess("name", name, sure=name != header, why=why),
    )
    said = dict(main.said) | {"distinct": True}
    return TableDraft(target, main.file, said, guesses, stated=False)


def _name_beside(header: str, sampled: Sampled) -> str:
    """The column that holds the names of the accounts whose ids another holds."""
    export = sampled.export
    said = export.accounts.get("name", []) if export else []
    wanted = [said] if isinstance(said, str) else list(said)
    found = matched("accounts", replace(sampled, export=None)).guesses.get("name")
    wanted += [found.headers[0]] if found else []
    pairs = sampled.columns[header]
    for name in wanted:
        there = sampled.columns.get(str(name))
        if there and there.values and len(set(there.values)) <= len(set(pairs.values)):
            return str(name)
    return header


def _once(tables: Sequence[TableDraft]) -> tuple[TableDraft, ...]:
    """Each table once, in the model's order; one of its own goes before one that rows name."""
    first: dict[str, TableDraft] = {}
    for one in tables:
        if one.table not in first or (one.stated and not first[one.table].stated):
            first[one.table] = one
    return tuple(first[name] for name in TABLES if name in first)


def told_apart(said: Any, source: str, file: str) -> Any:
    """What fills a column; where that is the line a row stands on, below the name of its source and
    file, since every other file has such lines too.

    >>> told_apart("_line", "crm", "calls.csv")
    {'column': '_line', 'prefix': 'crm-calls:'}
    """
    if said != "_line":
        return said
    stem = slug(stem_of(Path(file)))
    name = source if source.startswith(stem) else f"{source}-{stem}"
    return {"column": "_line", "prefix": f"{name}:"}


def stem_of(file: Path) -> str:
    """A file's name without its ending, and without that of the file that is packed in it."""
    return Path(file.stem).stem if packed(file) else file.stem


def slug(text: str) -> str:
    """A name for a source: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")[:40].strip("-") or "mine"
