"""The form of a tile: what was typed, read into a tile, with what is wrong beside the field that it
is in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from kampass.catalogue import Kpi
from kampass.engine.question import parse_filter
from kampass.errors import KampassError, QuestionError
from kampass.periods import parse
from kampass.render import words
from kampass.server.rules import Call
from kampass.web.pages.dashboards.board import COLUMNS, HIGHEST, KINDS, SIZES, Tile
from kampass.web.pages.dashboards.relative import offered, resolved
from kampass.web.parts.choices import dimensions_of, suggestions
from kampass.web.parts.forms import FormField, Options

LONGEST_TITLE, LONGEST_TEXT = 120, 2_000
_AS_NEEDED: Final = ("0", "As the picture needs")
_WIDE: Final = {
    12: "whole width",
    9: "three quarters",
    8: "two thirds",
    6: "half",
    4: "a third",
    3: "a quarter",
}
_CUT: Final = frozenset({"breakdown", "table"})
_Line = Annotated[str, Field(max_length=200)]


class Typed(BaseModel):
    """What was typed, unread. `do`: save, or preview."""

    model_config = ConfigDict(extra="ignore")

    do: Annotated[str, Field(max_length=20)] = "save"
    kind: Annotated[str, Field(max_length=20)] = "figure"
    kpi: _Line = ""
    by: _Line = ""
    where: list[Annotated[str, Field(max_length=LONGEST_TEXT)]] = Field(
        default_factory=list, max_length=10
    )
    period: Annotated[str, Field(max_length=64)] = ""
    title: Annotated[str, Field(max_length=LONGEST_TITLE)] = ""
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    w: Annotated[int, Field(ge=0, le=COLUMNS)] = 0
    h: Annotated[int, Field(ge=0, le=HIGHEST)] = 0


@dataclass(frozen=True)
class TileForm:
    """A tile that is being written: `wrong` says by field what cannot be kept, `shown` whether
    there is something to look at.
    """

    call: Call
    tile: Tile
    kpi: Kpi | None
    typed_kpi: str
    known: bool = False
    wrong: Mapping[str, str] = field(default_factory=dict)
    shown: bool = False

    @classmethod
    def fresh(cls, call: Call) -> "TileForm":
        """An empty one."""
        return cls(call, Tile("new", "figure"), None, "")

    @classmethod
    def of_tile(cls, call: Call, tile: Tile) -> "TileForm":
        """That of a tile as it is."""
        kpi = call.sight.catalogue.kpis.get(tile.kpi)
        return cls(call, tile, kpi, kpi.name if kpi else tile.kpi, known=True, shown=True)

    @classmethod
    def of(cls, call: Call, typed: Typed, had: Tile | None) -> "TileForm":
        """That of what was typed."""
        kpi = named(call, typed.kpi)
        kind = typed.kind if typed.kind in KINDS else "figure"
        w, h = SIZES[kind]
        where = tuple(dict.fromkeys(text.strip() for text in typed.where if text.strip()))
        text = typed.text.replace("\r\n", "\n").strip()
        tile = Tile(
            had.id if had else "new",
            kind,
            kpi=kpi.id if kpi else typed.kpi.strip(),
            by=typed.by,
            where=where,
            period=" ".join(typed.period.split()),
            title=typed.title.strip(),
            text=text,
            w=typed.w or (had.w if had else w),
            h=typed.h or (had.h if had else h),
        )
        tile = replace(tile, x=min(had.x, COLUMNS - tile.w), y=had.y) if had else tile
        wrong = _wrong(call, tile, kpi)
        return cls(call, tile, kpi, typed.kpi, known=had is not None, wrong=wrong, shown=not wrong)

    @property
    def fields(self) -> list[FormField]:
        """The fields of what it asks."""
        sight, tile = self.call.sight, self.tile
        kpis = (self.kpi,) if self.kpi else tuple(sight.catalogue)
        dimensions = dimensions_of(sight, kpis)
        cuts = [("", "No cut"), *((name, words.dimension(name)) for name in dimensions)]
        if tile.by and tile.by not in dict(cuts):
            cuts.append((tile.by, tile.by))
        names = [kpi.name for kpi in sight.catalogue]
        listed, filters = suggestions(sight, dimensions), [*tile.where, ""]
        return [
            self._field("kpi", "KPI", self.typed_kpi, "Type a part of its name", listed=names),
            self._field(
                "by", "Cut by", tile.by, "Bars and tables need a cut; a line may have one", cuts
            ),
            self._field(
                "period", "Period", tile.period, "Empty: the dashboard's", listed=offered(sight)
            ),
            *(
                FormField(
                    "where",
                    "And filter" if place else "Filter",
                    text,
                    hint=None if text else "Such as segment=enterprise or region!=emea",
                    error=self.wrong.get("where"),
                    listed=listed,
                    id=f"field-where-{place}",
                )
                for place, text in enumerate(filters)
            ),
        ]

    def _field(
        self,
        name: str,
        label: str,
        value: str,
        hint: str,
        options: Options | None = None,
        *,
        listed: Sequence[str] | None = None,
    ) -> FormField:
        error = self.wrong.get(name)
        return FormField(name, label, value, hint=hint, error=error, options=options, listed=listed)

    @property
    def said(self) -> list[FormField]:
        """The fields of what it says."""
        return [
            FormField(
                "title",
                "Title",
                self.tile.title,
                hint="Empty: the KPI's name",
                attrs={"maxlength": f"{LONGEST_TITLE}"},
            ),
            FormField(
                "text",
                "Words",
                self.tile.text,
                hint="Shown by a tile of words",
                error=self.wrong.get("text"),
                rows=4,
                attrs={"maxlength": f"{LONGEST_TEXT}"},
            ),
        ]

    @property
    def size(self) -> list[FormField]:
        """The fields of its size, in the steps of the grid."""
        columns = [
            (str(number), f"{number} columns{f', {_WIDE[number]}' if number in _WIDE else ''}")
            for number in range(2, COLUMNS + 1)
        ]
        rows = [(str(number), f"{number} rows") for number in range(2, HIGHEST + 1)]
        return [
            FormField(
                name, label, str(size if self.known else 0), options=[_AS_NEEDED, *offered_sizes]
            )
            for name, label, size, offered_sizes in (
                ("w", "Width", self.tile.w, columns),
                ("h", "Height", self.tile.h, rows),
            )
        ]


def named(call: Call, text: str) -> Kpi | None:
    """The KPI of that name, id or synonym, in whatever letters."""
    wanted = " ".join(text.casefold().split())
    found = call.sight.catalogue.kpis.get(wanted)
    if found or not wanted:
        return found
    every = list(call.sight.catalogue)
    by_name = next((kpi for kpi in every if kpi.name.casefold() == wanted), None)
    return by_name or next(
        (kpi for kpi in every if wanted in {name.casefold() for name in kpi.synonyms}), None
    )


def _wrong(call: Call, tile: Tile, kpi: Kpi | None) -> dict[str, str]:
    """What cannot be kept, by field."""
    if tile.kind == "note":
        return {} if tile.text else {"text": "Write what the tile should say."}
    if kpi is None:
        return {
            "kpi": f"There is no KPI called '{tile.kpi}'. Choose one from the list."
            if tile.kpi
            else "Choose a KPI."
        }
    found = {
        name: said
        for name, said in (
            ("by", _wrong_cut(call, tile, kpi)),
            ("period", _wrong_period(call, tile)),
        )
        if said
    }
    for text in tile.where:
        said = _wrong_filter(call, text, kpi)
        if said:
            found["where"] = said
    return found


def _wrong_cut(call: Call, tile: Tile, kpi: Kpi) -> str:
    known = dimensions_of(call.sight, (kpi,))
    if tile.by and tile.by not in known:
        return (
            f"{kpi.name} cannot be cut by {tile.by.replace('_', ' ')}. It can by "
            f"{', '.join(known)}."
        )
    return (
        "Bars and tables need a cut."
        if tile.kind in _CUT and not tile.by and not kpi.distribution
        else ""
    )


def _wrong_period(call: Call, tile: Tile) -> str:
    try:
        parse(
            resolved(call.sight, tile.period), call.sight.settings.calendar
        ) if tile.period else None
    except QuestionError as wrong:
        return f"{wrong.message} {wrong.hint}".strip()
    return ""


def _wrong_filter(call: Call, text: str, kpi: Kpi) -> str:
    try:
        dimension = parse_filter(text).dimension
    except KampassError as wrong:
        return f"{wrong.message} {wrong.hint}".strip()
    return (
        ""
        if dimension in dimensions_of(call.sight, (kpi,))
        else f"{kpi.name} cannot be filtered by {dimension.replace('_', ' ')}."
    )
