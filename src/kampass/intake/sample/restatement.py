"""What was known at the first load: nothing of later days, and a quarter that was still incomplete
and partly wrong.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kampass.intake.sample.lifecycle import World
from kampass.intake.sample.shapes import DAY, columns, day
from kampass.intake.sample.stories import STORIES

_STORY = STORIES.restated_quarter
_CUT = day(_STORY.known_until + timedelta(days=1))
"""The first day of which nothing was known."""

_BEGINS = {
    "account_attributes": "valid_from",
    "memberships": "valid_from",
    "ownerships": "valid_from",
    "contracts": "signed_on",
    "subscriptions": "valid_from",
    "purchases": "purchased_at",
    "deals": "created_at",
    "touches": "occurred_at",
    "tickets": "created_at",
    "responses": "responded_at",
    "invitations": "invited_at",
    "feedback": "received_at",
    "referrals": "referred_at",
    "references": "valid_from",
    "mentions": "mentioned_at",
    "usage_daily": "on",
    "goals": "starts_on",
    "goal_measurements": "measured_at",
    "employees": "joined_on",
    "costs": "on",
    "interventions": "on",
    "leads": "created_at",
    "notes": "noted_at",
}
"""The column that says when a row came to be; the tables not named here were known in full."""

_LATER = {
    "accounts": ("acquired_on",),
    "account_attributes": ("valid_to",),
    "users": ("active_to",),
    "memberships": ("valid_to",),
    "ownerships": ("valid_to",),
    "contracts": ("ended_on",),
    "subscriptions": ("valid_to",),
    "deals": ("closed_at",),
    "tickets": ("first_replied_at", "resolved_at"),
    "feedback": ("implemented_at", "communicated_at"),
    "referrals": ("converted_at",),
    "references": ("valid_to",),
    "employees": ("left_on",),
    "leads": ("converted_at",),
}
"""Columns that tell of something after the row came to be."""

_UNDONE: dict[str, tuple[str, dict[str, object]]] = {
    "deals": ("closed_at", {"status": "open", "probability": 0.5}),
    "feedback": ("implemented_at", {"status": "accepted"}),
    "referrals": ("converted_at", {"status": "qualified"}),
    "tickets": ("first_replied_at", {"agent_replies": 0}),
    "contracts": ("ended_on", {"outcome": "pending", "churn_type": None, "churn_reason": None}),
}
"""How a row reads while the instant or day in a column had not come."""

_LATE_SHARE = {
    "purchases": 0.06,
    "tickets": 0.05,
    "responses": 0.05,
    "touches": 0.03,
    "usage_daily": 0.02,
}
_WRONG_SHARE = {
    "purchases": 0.06,
    "tickets": 0.05,
    "responses": 0.05,
    "touches": 0.03,
    "usage_daily": 0.02,
}
_WITHDRAWN_SHARE = {"purchases": 0.05, "tickets": 0.04, "responses": 0.03, "touches": 0.02}
_CORRECTED = {
    "purchases": "amount",
    "tickets": "customer_messages",
    "responses": "score",
    "touches": "minutes",
    "usage_daily": "logins",
}


def first_known(world: World, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables as the first load states them."""
    rng = world.stream("restatement")
    known = {name: _as_of_cut(name, table) for name, table in tables.items()}
    met = pa.array(world.book.known_from < _CUT)
    known["accounts"] = known["accounts"].filter(met)
    for name in _CORRECTED:
        known[name] = _unsettled(rng, name, known[name])
    return _consistent(known)


def _limit(column: pa.ChunkedArray, day_number: int) -> pa.Scalar:
    if pa.types.is_date(column.type):
        return pa.scalar(day_number, pa.int32()).cast(column.type)
    return pa.scalar(day_number * DAY, pa.int64()).cast(column.type)


def _as_of_cut(name: str, table: pa.Table) -> pa.Table:
    """The rows that had come to be, without what happened to them later."""
    if name in _BEGINS:
        begins = table[_BEGINS[name]]
        table = table.filter(pc.less(begins, _limit(begins, _CUT)))
    if name == "contracts":
        table = _with_open_terms(table)
    later = {
        column: pc.greater_equal(table[column], _limit(table[column], _CUT))
        for column in _LATER.get(name, ())
    }
    trigger, values = _UNDONE.get(name, ("", {}))
    for column, value in values.items():
        table = _where(table, later[trigger], column, value)
    for column, mask in later.items():
        table = _where(table, mask, column, None)
    return table


def _with_open_terms(contracts: pa.Table) -> pa.Table:
    """Renewals that had not come due were pending."""
    is_ahead = pc.greater_equal(contracts["valid_to"], _limit(contracts["valid_to"], _CUT))
    is_renewed = pc.equal(contracts["outcome"], "renewed")
    return _where(contracts, pc.and_(is_ahead, is_renewed), "outcome", "pending")


def _where(table: pa.Table, mask: pa.ChunkedArray, column: str, value: object) -> pa.Table:
    changed = pc.if_else(
        pc.fill_null(mask, False), pa.scalar(value, table[column].type), table[column]
    )
    return table.set_column(table.schema.get_field_index(column), column, changed)


def _unsettled(rng: np.random.Generator, name: str, table: pa.Table) -> pa.Table:
    """The table while some rows of the restated quarter are missing, some are wrong and some are
    there twice.
    """
    instants = table[_BEGINS[name]]
    starts, ends = (_limit(instants, day(on)) for on in (_STORY.starts_on, _STORY.ends_on))
    in_quarter = pc.and_(pc.greater_equal(instants, starts), pc.less(instants, ends)).to_numpy()
    lot = np.where(in_quarter, rng.random(len(in_quarter)), 2.0)
    late, wrong = _LATE_SHARE[name], _LATE_SHARE[name] + _WRONG_SHARE[name]
    twice = (lot < 2) & (lot > 1 - _WITHDRAWN_SHARE.get(name, 0.0))
    corrected = _where_wrong(
        table, pa.chunked_array([(lot >= late) & (lot < wrong)]), _CORRECTED[name]
    )
    parts = [corrected.filter(pa.array(lot >= late))]
    if twice.any():
        parts.append(_copies(table.filter(pa.array(twice))))
    return pa.concat_tables(parts)


def _where_wrong(table: pa.Table, mask: pa.ChunkedArray, column: str) -> pa.Table:
    """The table with a column off in some rows: a lower score, otherwise a tenth and one more."""
    held = table[column]
    if column == "score":
        off = pc.max_element_wise(pc.subtract(held, 1.0), 1.0)
    elif column == "amount":
        off = pc.add(held.cast(pa.float64()), 25.0).cast(held.type)
    else:
        off = pc.add(held, pa.scalar(1, held.type))
    changed = pc.if_else(mask, off, held)
    return table.set_column(table.schema.get_field_index(column), column, changed)


def _copies(table: pa.Table) -> pa.Table:
    """Rows entered twice, under ids of their own."""
    named = pc.binary_join_element_wise(table["id"], "copy", "-")
    return table.set_column(0, "id", named)


def _consistent(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables without references to rows that are not there: required ones take their row
    along.
    """
    kept = dict(tables)
    links = [(name, column) for name in tables for column in columns(name) if column.refers_to]
    for name, column in links:
        kept[name] = _referring(
            kept[name], column.name, kept[str(column.refers_to)]["id"], column.required
        )
    return kept


def _referring(
    table: pa.Table, column: str, targets: pa.ChunkedArray, is_required: bool
) -> pa.Table:
    held = table[column]
    is_known = pc.is_in(held, value_set=targets.combine_chunks())
    is_broken = pc.and_(pc.is_valid(held), pc.invert(is_known))
    if not pc.any(is_broken).as_py():
        return table
    if is_required:
        return table.filter(is_known)
    return _where(table, is_broken, column, None)
