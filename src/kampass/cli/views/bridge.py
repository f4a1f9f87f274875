"""`kampass bridge`: from one figure to another, for people and for programs."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kampass.cli.terminal import printable
from kampass.cli.views.show import console
from kampass.insight.change.bridge import Bridge
from kampass.insight.change.splits import Effect, is_member
from kampass.periods import label
from kampass.render.display import show_difference, show_value

_WORDS = {
    "entered": "entered",
    "left": "left",
    "changed": "changed within",
    "mix": "mix: another weight of those who stayed",
    "rate": "rate: a change within those who stayed",
}
_SHOWN = 20


def show_bridges(bridges: Sequence[Bridge], form: str) -> None:
    """Write bridges to stdout."""
    if form == "json":
        print(
            json.dumps(
                [made.to_dict() for made in bridges], ensure_ascii=False, indent=1, allow_nan=False
            )
        )
        return
    out = console()
    for made in bridges:
        _one(out, made)


def _one(out: Console, made: Bridge) -> None:
    ends = (made.before, made.after)
    slice_of = ", ".join(str(value) for value in made.after.dimensions.values())
    out.print(Text(printable(made.name + (f" · {slice_of}" if slice_of else "")), style="bold"))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    first, last = (
        (
            f"{label(a.period_start, a.period_end)}",
            show_value(a.value, a.unit, made.currency),
            _clock(a.reason or a.status, a.n),
        )
        for a in ends
    )
    table.add_row(*first)
    if made.method in {"sum", "mix and rate"}:
        for name, effect in made.summary.items():
            table.add_row(
                f"  {_WORDS[name]}",
                show_difference(effect, made.after.unit, made.currency),
                _members(made, name),
            )
    else:
        for effect_made in made.effects[:_SHOWN]:
            table.add_row(
                f"  {_step(made, effect_made)}",
                show_difference(effect_made.effect, made.after.unit, made.currency),
                "",
            )
    table.add_row(*last)
    out.print(table)
    if made.reason:
        out.print(Text(f"There is no bridge: {made.reason.replace('_', ' ')}.\n"))
        return
    if made.method in {"sum", "mix and rate"}:
        _largest(out, made)
    out.print(Text(f"Unexplained: {made.residual:g}. Order: {made.order}.\n", style="dim"))


def _clock(status: str, n: int) -> str:
    return f"n = {n:,}" + ("" if status == "ok" else f", {status.replace('_', ' ')}")


def _members(made: Bridge, name: str) -> str:
    count = made.counts.get("changed" if name in {"mix", "rate"} else name, 0)
    what = made.dimensions[0].replace("_", " ") if len(made.dimensions) == 1 else "combination"
    return f"{count:,} {what}{'' if count == 1 else 's'}" if count else ""


def _step(made: Bridge, effect: Effect) -> str:
    if effect.kind == "measure":
        return f"{' and '.join(str(part) for part in effect.label)} as it became"
    if is_member(effect, made.dimensions):
        return f"{_named(made, effect)} ({_WORDS[effect.kind]})"
    return ", ".join(str(part) for part in effect.label)


def _named(made: Bridge, effect: Effect) -> str:
    pairs = zip(made.dimensions, effect.label, strict=True)
    return printable(
        ", ".join(
            "Unknown" if value is None else made.labels.get((name, value), value)
            for name, value in pairs
        )
    )


def _largest(out: Console, made: Bridge) -> None:
    """The members that moved the figure most."""
    moved = sorted(
        (effect for effect in made.effects if effect.effect), key=lambda effect: -abs(effect.effect)
    )
    if not moved:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(" and ".join(made.dimensions).replace("_", " ").capitalize())
    split = made.method == "mix and rate"
    for name in ("Effect", *(("Mix", "Rate") if split else ())):
        table.add_column(name, justify="right")
    table.add_column("")
    for effect in moved[:_SHOWN]:
        amounts = [effect.effect, *((effect.mix, effect.rate) if split else ())]
        cells = [
            "" if amount is None else show_difference(amount, made.after.unit, made.currency)
            for amount in amounts
        ]
        table.add_row(Text(_named(made, effect)), *cells, _WORDS[effect.kind])
    out.print()
    out.print(table)
    if len(moved) > _SHOWN:
        out.print(
            Text(
                f"... and {len(moved) - _SHOWN:,} more; --format json lists them all.", style="dim"
            )
        )
