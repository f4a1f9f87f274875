"""In which currency the amounts of a table are, as far as signs and codes beside them say."""

from collections.abc import Iterator, Mapping
from typing import Any

from kampass.intake.mapping.draft.asks.question import (
    DROP,
    DraftAnswer,
    DraftQuestion,
    header_of,
    keys_of,
)
from kampass.intake.mapping.draft.fits import AMOUNTS, ColumnValues, Fit, fits
from kampass.intake.mapping.draft.known import known, parts, plain
from kampass.intake.mapping.draft.match import Sampled
from kampass.model import TABLES

DOLLAR = "$"
_DOLLARS = {"USD", "CAD", "AUD", "NZD", "SGD", "HKD"}


def currency_of(said: Mapping[str, Any], columns: Mapping[str, ColumnValues]) -> str:
    """The one currency that the headers or values of all amounts say."""
    money = known().currencies
    found: set[str] = set()
    for header in _headers(said):
        code = parts(header).currency
        beside = _beside(columns.get(header))
        if not code and "" in beside and len(beside) > 1:
            return ""
        found |= {code} if code else {money.signs.get(sign, sign) for sign in beside} - {""}
    one = found.pop() if len(found) == 1 else ""
    return "" if one == DOLLAR else one


def mixed_money(
    mapping: Mapping[str, Any], table: str, sampled: Sampled
) -> Iterator[DraftQuestion]:
    """In which currency an amount is whose values have several signs, or one that is not the
    workspace's; nothing where the file says the currency itself.
    """
    columns = mapping["columns"]
    if not TABLES[table].has("currency") or "currency" in columns:
        return
    for name in AMOUNTS:
        header = header_of(columns.get(name, ""))
        beside = _beside(sampled.columns.get(header))
        signs = [sign for sign in beside if sign]
        if not signs or parts(header).currency:
            continue
        if len(signs) > 1:
            yield _several(table, name, columns[name], signs, sampled)
            return
        bare = "" in beside or (signs == [DOLLAR] and _foreign(table, sampled))
        if bare:
            yield _one(table, name, columns[name], signs[0], sampled)
            return


def refunded(mapping: Mapping[str, Any], table: str, sampled: Sampled) -> Iterator[DraftQuestion]:
    """Whether what was refunded is still in an amount beside which it stands."""
    section, said = known().tables.get(table), mapping["columns"].get("amount")
    listed = {plain(name) for name in section.less} if section else set()
    if said is None or (isinstance(said, dict) and "minus" in said):
        return
    for header, held in sampled.columns.items():
        number = fits(table, "amount", held) if parts(header).name in listed else ""
        zero = all(not value.strip("0.,") for value in held.values)
        if not isinstance(number, Fit) or zero or header == header_of(said):
            continue
        keys = keys_of(said)
        name = header_of(said)
        less = DraftAnswer("it is", (f"{name} less {header}",), {**keys, "minus": header})
        gone = DraftAnswer("it is off already", (name,), said)
        what = f"is {header!r} still in it?"
        yield DraftQuestion(table, "amount", name, what, (), (less, gone), about="refunds")
        return


def _foreign(table: str, sampled: Sampled) -> bool:
    """Whether an amount in dollars would count as another currency, and nothing else asks."""
    needed = TABLES[table].column("currency").required
    return not needed and bool(sampled.currency) and sampled.currency not in _DOLLARS


def _beside(held: ColumnValues | None) -> dict[str, int]:
    """The signs and codes of money in a column's values, and none, each with how often."""
    money = known().currencies
    found: dict[str, int] = {}
    for value in held.values if held else ():
        codes = [code for code in money.codes if code in value]
        for sign in codes or [one for one in (*money.signs, DOLLAR) if one in value] or [""]:
            found[sign] = found.get(sign, 0) + 1
    return found


def _several(table: str, name: str, said: Any, signs: list[str], sampled: Sampled) -> DraftQuestion:
    """Amounts in several currencies: each in its own, or none at all."""
    header = header_of(said)
    codes = {sign: _code(sign, sampled) for sign in signs}
    listed = "|".join(sign.replace(DOLLAR, r"\$") for sign in signs)
    own = {"column": header, "part": f"({listed})", "values": codes}
    told = tuple(f"{sign} is {code}" for sign, code in codes.items())
    none = (
        ("an amount without a sign is set aside",) if "" in _beside(_held(header, sampled)) else ()
    )
    each = DraftAnswer("each in its own", (*told, *none), said, also={"currency": own})
    shown = ", ".join(signs)
    what = f"in which currency are they? {shown} stand there, so one currency for all is wrong."
    out = DROP if TABLES[table].column(name).required else DraftAnswer("leave it out")
    return DraftQuestion(table, name, header, what, (), (each, out), about="currency")


def _one(table: str, name: str, said: Any, sign: str, sampled: Sampled) -> DraftQuestion:
    """Amounts of which some have a sign, or all have one of several countries."""
    header = header_of(said)
    codes = dict.fromkeys(
        [*([] if sign != DOLLAR else ["USD", "CAD", "AUD"]), _code(sign, sampled)]
    )
    answers = [
        DraftAnswer(code, (), said, also={"currency": {"constant": code}})
        for code in [*codes, *([sampled.currency] if sampled.currency else [])]
    ]
    out = DROP if TABLES[table].column(name).required else DraftAnswer("leave it out")
    unique = {answer.text: answer for answer in answers}
    some = "some of them" if "" in _beside(_held(header, sampled)) else "all of them"
    what = f"in which currency are they? {sign} stands beside {some}."
    every = (*unique.values(), out)
    return DraftQuestion(table, name, header, what, (), every, about="currency")


def _code(sign: str, sampled: Sampled) -> str:
    if sign == DOLLAR:
        return sampled.currency if sampled.currency in _DOLLARS else "USD"
    return known().currencies.signs.get(sign, sign)


def _held(header: str, sampled: Sampled) -> ColumnValues:
    return sampled.columns[header]


def _headers(said: Mapping[str, Any]) -> list[str]:
    return [header_of(said[name]) for name in AMOUNTS if name in said]
