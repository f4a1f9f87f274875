"""How the quarantine, a replay and a load that waits look to people."""

import sys
from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from kampass.cli.terminal import printable
from kampass.cli.views.show import console
from kampass.render import words
from kampass.render.display import show_value
from kampass.workspace.loads.held import Held, HeldReason
from kampass.workspace.loads.loads import counts
from kampass.workspace.loads.quarantine import Quarantine, QuarantineEffect
from kampass.workspace.loads.replay import Replay

__all__ = ["console", "rows_of", "show_held", "show_quarantine", "show_replay"]
_SHOWN = 10


def rows_of(found: Quarantine) -> list[dict[str, object]]:
    """The rows as lines of a table; those mended by hand say by which load."""
    return [
        {
            "table": row.table,
            "source": row.source,
            "load": row.load,
            "line": row.line,
            "column": row.column,
            "value": row.value,
            "reason": row.reason,
            "row": None
            if row.row is None
            else ", ".join(f"{name}={cell}" for name, cell in row.row.items() if cell is not None),
            "mended": f"{'dismissed ' if row.dismissed else ''}by load {row.mended_by}"
            if row.mended_by
            else None,
        }
        for row in found.rows
    ]


def show_quarantine(found: Quarantine) -> None:
    """The summary, and what the KPIs lack."""
    out = console()
    if not found.total:
        out.print("Nothing is set aside.")
    else:
        out.print(
            _table(
                ("table", "reason", "load", "rows", "first lines", "for example"),
                [
                    (
                        g.table,
                        g.reason,
                        g.load,
                        f"{g.rows:,}",
                        ", ".join(map(str, g.lines)),
                        g.example,
                    )
                    for g in found.groups
                ],
            )
        )
        out.print()
        for table in dict.fromkeys(effect.table for effect in found.effects):
            _show_effect([effect for effect in found.effects if effect.table == table])
    if found.mended:
        out.print(
            f"{found.mended:,} more wrong lines were mended by hand and count as such (--rows "
            "shows by which load)."
        )
    if found.dismissed:
        out.print(f"{found.dismissed:,} more lines were dismissed: they are no rows.")


def show_replay(found: Replay) -> None:
    """What reads now, and what remains."""
    out = console()
    for load in found.loads:
        said = words.rows_read(counts(load.tables))
        out.print(f"Load {load.number} from {load.source}: {said}.", soft_wrap=True)
        if load.state == "held":
            out.print(
                (
                    f"  The load waits: {load.why}. 'kampass data held {load.number}' says what it "
                    "would change."
                ),
                soft_wrap=True,
            )
    out.print(
        f"{found.mended:,} rows were mended, {len(found.remaining):,} remain."
        if found.loads
        else "Nothing to replay."
    )
    for (table, reason), count in Counter(
        (row.table, row.reason) for row in found.remaining
    ).most_common():
        out.print(Text(f"  {table}: {count:,} rows: {printable(reason)}"))
    for source in found.skipped:
        print(
            (
                f"'{source}' cannot be read again: it is not in kampass.toml, or states its own "
                "history."
            ),
            file=sys.stderr,
        )


def show_held(found: Sequence[Held], currency: str) -> None:
    """What each load would change."""
    out = console()
    if not found:
        out.print("No load waits.")
    for load in found:
        out.print(
            Text(
                f"Load {load.load} from {load.source}, recorded {load.recorded_at}, waits: "
                f"{printable(load.why)}."
            )
        )
        tables = [
            (
                t.table,
                f"{t.deleted:,} of {t.of:,}",
                f"{t.added:,}",
                f"{t.changed:,}",
                f"{t.set_aside:,}",
                f"{t.conflicting:,}",
                ", ".join(t.first),
            )
            for t in load.tables
        ]
        heads = ("deleted", "new", "changed", "set aside", "conflicting", "the first deleted")
        out.print(_table(("table", *heads), tables))
        for reason in load.reasons[:_SHOWN]:
            out.print(Text(f"  {_reason(reason)}"), soft_wrap=True)
        out.print()
        moved = [figure for figure in load.figures if figure.now != figure.then]
        out.print(
            _table(
                ("KPI", "month", "now", "would be"),
                [
                    (
                        f.name,
                        f.month,
                        show_value(f.now, f.unit, currency),
                        show_value(f.then, f.unit, currency),
                    )
                    for f in moved
                ],
            )
            if moved
            else Text("No KPI that is switched on would change in the last three closed months.")
        )
        if moved and len(moved) < len(load.figures):
            out.print(
                f"The other {len(load.figures) - len(moved)} figures of the KPIs switched on, "
                "over the last three closed months, stay as they are."
            )
        out.print(
            (
                f"'kampass data confirm {load.load}' lets it count, 'kampass data drop "
                f"{load.load}' "
                "takes it back."
            ),
            soft_wrap=True,
        )


def _reason(found: HeldReason) -> str:
    """Why rows are set aside, with the first of them."""
    place = f"line {found.line}" if found.line else "a row"
    value = f" {found.example!r}" if found.example else ""
    named = f"{found.column} " if found.column else ""
    told = f"{found.table}: {found.rows:,} rows set aside: {named}{found.reason} ({place}:{value})"
    return printable(told.replace(":)", ")"))


def _show_effect(effects: Sequence[QuarantineEffect]) -> None:
    """One table: how many rows are missing, in which months, and which KPIs need them."""
    first = effects[0]
    months = f", in {_few(first.months)}" if first.months else ""
    undated = f"; {first.undated:,} without a date that reads" if first.undated else ""
    console().print(
        (
            f"{first.table}: {first.rows:,} of {first.of:,} rows are set aside ({first.share:.2g} "
            f"%){months}{undated}."
        ),
        soft_wrap=True,
    )
    on, off = (
        [effect.kpi for effect in effects if effect.on],
        [effect.kpi for effect in effects if not effect.on],
    )
    if on:
        console().print(f"  KPIs switched on that need it: {_few(on)}.", soft_wrap=True)
    if off:
        console().print(f"  others that need it: {_few(off)}.", soft_wrap=True)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    kept = [
        index for index in range(len(head)) if any(row[index] not in {None, ""} for row in rows)
    ]
    for index in kept:
        table.add_column(head[index])
    for row in rows:
        table.add_row(
            *(Text("" if row[index] is None else printable(str(row[index]))) for index in kept)
        )
    return table
