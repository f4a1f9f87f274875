"""Which rows of a file count: a column that is called a status and holds words of rows that usually
do not, and lines that are sums of others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kampass.intake.mapping.draft.asks.question import (
    DraftAnswer,
    DraftQuestion,
    header_of,
    keys_of,
)
from kampass.intake.mapping.draft.fits import ColumnValues
from kampass.intake.mapping.draft.known import known, parts, plain, total_words
from kampass.intake.mapping.draft.match import Sampled, named_in
from kampass.model import TABLES

SUMS = "sums"
"""What a question about lines of sums is about."""
_EVERY = DraftAnswer("all of them", ("every row counts",))
_MOST, _FEW = 40, 12
_ENDS = ("valid_to", "ended_on")
_ROWS_OF = {
    "subscriptions",
    "purchases",
    "deals",
    "tickets",
    "contracts",
    "responses",
    "touches",
    "costs",
}


def rows_that_count(
    mapping: Mapping[str, Any], table: str, sampled: Sampled
) -> Iterator[DraftQuestion]:
    """Whether all rows of a table count."""
    yield from _sums(mapping, table, sampled)
    lacking = TABLES[table].has("status") and "status" not in mapping["columns"]
    if table not in _ROWS_OF or lacking:
        return
    for header in _states(mapping, sampled):
        yield from _uncounted(mapping, table, sampled, header)
        if table == "tickets":
            yield from _unresolved(mapping, sampled, header)


def trial_said(sampled: Sampled) -> dict[str, Any] | None:
    """What fills `is_trial` of a file whose status says which rows are trials."""
    listed = {plain(word) for word in known().uncounted.trial}
    for header, held in sampled.columns.items():
        found = [value for value in held.unlike if plain(value) in listed]
        if found and _is_state(header, held):
            values = dict.fromkeys(found, "true")
            return {"column": header, "values": values, "otherwise": "empty"}
    return None


def _states(mapping: Mapping[str, Any], sampled: Sampled) -> list[str]:
    """The columns that may say which rows count, without those that the mapping reads already."""
    where = str(mapping.get("where", ""))
    used = {header_of(said) for name, said in mapping["columns"].items() if name != "is_trial"}
    return [
        header
        for header, held in sampled.columns.items()
        if header not in used and f'"{header}" in (' not in where and _is_state(header, held)
    ]


def _is_state(header: str, held: ColumnValues) -> bool:
    """Whether a column is called a status, and holds few different words."""
    if '"' in header or not 0 < len(held.unlike) <= _MOST:
        return False
    words = parts(header).name.split()
    called = known().uncounted.called
    return bool(words) and any(
        name in {words[0], words[-1]} or (len(name) > len("type") and words[-1].endswith(name))
        for name in called
    )


def _uncounted(
    mapping: Mapping[str, Any], table: str, sampled: Sampled, header: str
) -> Iterator[DraftQuestion]:
    """Whether rows count whose status says that they do not."""
    held = sampled.columns[header]
    out = _words_out(mapping, table, held, sampled)
    telling = (*out.bare, *out.dated)
    if not telling:
        return
    rules = [f'"{header}" not in ({_texts(out.bare)})'] if out.bare else []
    if out.dated:
        rules.append(f"""("{header}" not in ({_texts(out.dated)}) or "{out.end}" <> '')""")
    more = f" without {out.end}" if out.dated and not out.bare else ""
    rows = len(held.cells)
    becomes = f"{rows - out.rows(held, sampled):,} of {rows:,} rows count"
    leave = DraftAnswer(
        f"leave out {', '.join(telling)}{more}",
        (becomes,),
        file={"where": _with(mapping, rules)},
    )
    are = "are words" if len(telling) > 1 else "is a word"
    what = f"which rows count? {_shown(telling)} {are} for rows that usually do not."
    about = plain(header).replace(" ", "_")
    answers = (leave, _EVERY)
    yield DraftQuestion(table, "", header, what, held.unlike[:_FEW], answers, about=about)


@dataclass(frozen=True)
class _WordsOut:
    """The words of a status whose rows do not count: of any row, and of those without an end."""

    bare: tuple[str, ...]
    dated: tuple[str, ...]
    end: str

    def rows(self, held: ColumnValues, sampled: Sampled) -> int:
        """How many rows they leave out."""
        return sum(
            word in self.bare or (word in self.dated and not until)
            for word, until in _pairs(held, sampled, self.end)
        )


def _words_out(
    mapping: Mapping[str, Any], table: str, held: ColumnValues, sampled: Sampled
) -> _WordsOut:
    """The words of a status whose rows do not count, but those that the mapping knows already and
    those that say no more than the end of a span does.
    """
    section, columns = known().uncounted, mapping["columns"]
    never = {*map(plain, section.never), *map(plain, section.tables.get(table, ()))}
    if table == "subscriptions" and "is_trial" not in columns:
        never |= set(map(plain, section.trial))
    unsaid = [word for word in held.unlike if f"'{word}'" not in str(mapping.get("where", ""))]
    bare = [word for word in unsaid if plain(word) in never]
    ended = set(map(plain, section.ended)) - never
    over = [word for word in unsaid if plain(word) in ended]
    end = next((header_of(columns[name]) for name in _ENDS if name in columns), "")
    pairs = list(_pairs(held, sampled, end))
    without = [word for word in over if any(one == word and not until for one, until in pairs)]
    dated = [word for word in without if any_of(pairs, word)]
    return _WordsOut(
        tuple(word for word in (*bare, *without) if word not in dated), tuple(dated), end
    )


def _pairs(held: ColumnValues, sampled: Sampled, beside: str) -> Iterator[tuple[str, str]]:
    """The words of a status, each with what stands beside it in another column."""
    other = sampled.columns.get(beside) if '"' not in beside else None
    yield from zip(held.cells, other.cells if other else ("",) * len(held.cells), strict=True)


def _unresolved(
    mapping: Mapping[str, Any], sampled: Sampled, header: str
) -> Iterator[DraftQuestion]:
    """Whether a ticket is resolved that has an instant of it, and a status that says otherwise."""
    said = mapping["columns"].get("resolved_at")
    keys = keys_of(said)
    at = str(keys.get("column", ""))
    if "where" in keys or at not in sampled.columns:
        return
    held, listed = sampled.columns[header], {plain(word) for word in known().uncounted.unresolved}
    pairs = list(_pairs(held, sampled, at))
    words = [value for value in held.unlike if plain(value) in listed and any_of(pairs, value)]
    if not words:
        return
    rule = f'"{header}" not in ({_texts(words)})'
    only = DraftAnswer(f"not while it is {', '.join(words)}", (), {**keys, "where": rule})
    every = DraftAnswer("resolved all the same", (), said)
    what = f"is a ticket resolved whose {header} is {_shown(words)}? {at!r} is filled there."
    examples = held.unlike[:3]
    yield DraftQuestion("tickets", "resolved_at", at, what, examples, (only, every), about="status")


def any_of(pairs: Sequence[tuple[str, str]], value: str) -> bool:
    """Whether something stands beside a value."""
    return any(beside for one, beside in pairs if one == value)


def _sums(mapping: Mapping[str, Any], table: str, sampled: Sampled) -> Iterator[DraftQuestion]:
    """Whether lines count that are called a sum: of another value of their column, or as no id is
    called.
    """
    columns = mapping["columns"]
    key = header_of(columns.get("id", ""))
    used = [header_of(columns.get(name, "")) for name in ("account_id", "name")]
    for header in dict.fromkeys([key, *used, *list(sampled.columns)[:1]]):
        held = sampled.columns.get(header)
        if held is None or '"' in header or header in named_in(str(mapping.get("where", ""))):
            continue
        found = _called_sums(held, key=header == key, totals=sampled.totals.get(header, ()))
        if not found:
            continue
        rule = f'"{header}" not in ({_texts(found)})'
        answer = DraftAnswer(
            f"leave out {', '.join(found)}", (), file={"where": _with(mapping, [rule])}
        )
        what = f"are these lines sums of others? {_shown(found)} stands there."
        yield DraftQuestion(table, "", header, what, found[:_FEW], (answer, _EVERY), about=SUMS)
        return


def _called_sums(held: ColumnValues, *, key: bool, totals: Sequence[str]) -> tuple[str, ...]:
    """The values of a column that are called a sum."""
    there = {plain(value) for value in held.unlike}
    found = list(dict.fromkeys(totals))
    for value in held.unlike:
        rest = _rest(plain(value))
        if rest is not None and (rest in there or not rest or (key and " " in value.strip())):
            found.append(value)
    return tuple(found) if len(found) * 2 <= len(held.unlike) + len(totals) else ()


def _rest(name: str) -> str | None:
    """What a sum is of, by its name; None where it is called no sum."""
    for word in total_words():
        if name == word:
            return ""
        if name.startswith(f"{word} "):
            return name.removeprefix(f"{word} ")
        if name.endswith(f" {word}"):
            return name.removesuffix(f" {word}")
    return None


def _with(mapping: Mapping[str, Any], rules: Sequence[str]) -> str:
    """The table's condition with further ones."""
    now = str(mapping.get("where", ""))
    bracketed = [f"({now})"] if " or " in now.lower() else [now] if now else []
    return " and ".join([*bracketed, *rules])


def _texts(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def _shown(values: Sequence[str]) -> str:
    return ", ".join(repr(value) for value in values[:_FEW])
