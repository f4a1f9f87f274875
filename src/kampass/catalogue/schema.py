"""The keys of a KPI definition: what each means and which values it takes.

`loader.py` makes values of what this lets pass; `docs/kpi-language.md` lists the same keys, and
`docs/kpi.schema.json` is for editors. Where a word is expected a number is taken for its digits.
"""

from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from kampass.catalogue.definition import ACCOUNT_DIMENSIONS, OWN_DIMENSIONS, WindowCovered
from kampass.errors import suggested
from kampass.facts.fact import WINDOWS
from kampass.model import TABLES
from kampass.validation import WrittenTable, amiss, key, says, wrong

SEE = "See docs/kpi-language.md."
CADENCES = ("collect", "review", "deep_dive")
MOST = 10_000
_DIMENSIONS = ("account", "team", *OWN_DIMENSIONS)
_OUT_OF_RANGE = ("{place}: '{key}' is out of range.", SEE)


def _tables(names: list[str]) -> list[str]:
    for name in names:
        if name not in TABLES:
            raise wrong("{place}: '{name}' under needs is no table.", name=name)
    return names


def _dimensions(names: list[str]) -> list[str]:
    for name in names:
        if name not in _DIMENSIONS:
            near = suggested(name, _DIMENSIONS)
            raise wrong("{place}: '{name}' is no dimension.{near}", name=name, near=near)
    return names


def _window(name: object) -> object:
    if (name or "") not in tuple(WINDOWS):
        raise wrong(
            "{place}: the measure '{measure}' has no window '{value}', only previous or year."
        )
    return name


def _scale(number: float) -> float:
    if not isfinite(number) or number == 0:
        raise wrong(*_OUT_OF_RANGE)
    return number


def _items(*names: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "array", "items": {"enum": list(names)}})


Words = Annotated[Any, WithJsonSchema({"type": ["string", "number"]})]
Several = Annotated[
    list[Any], says(kind=list), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]
Names = Annotated[
    list[str], says("{place}: needs, dimensions and whole are lists of names.", SEE, kind=list)
]


FromOne = Annotated[int, Field(ge=1, le=MOST), says(*_OUT_OF_RANGE, kind=int)]
FromTwo = Annotated[int, Field(ge=2, le=MOST), says(*_OUT_OF_RANGE, kind=int)]


class MeasureKeys(WrittenTable):
    """One aggregate over a fact; a text alone is short for `of`."""

    of: Words = key(
        "`count(*)`, `count(distinct account_id)`, `count(distinct (day, account_id))`, "
        "`sum(amount)`, `max(months)`, `median(hours)` or `quantile(hours, 0.9)`, each with an "
        "optional `filter (where ...)`"
    )
    fact: Words = key("another fact", None, otherwise="the KPI's own")
    where: Words = key(
        "a condition for this measure only; the KPI's own applies beside it where the fact is the "
        "KPI's own",
        None,
    )
    window: Annotated[Any, AfterValidator(_window), WithJsonSchema({"enum": [*WINDOWS, None]})] = (
        key(
            "`previous` (the period before, of the same kind) or `year` (the twelve months to the "
            "end of the period)",
            None,
            otherwise="the period",
        )
    )
    latest_per: Words = key(
        "as below, for this measure only",
        None,
        otherwise="the KPI's own, where the fact is the KPI's own",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_text_or_keys(cls, said: object) -> object:
        said = {"of": said} if isinstance(said, str) else said
        if not isinstance(said, dict):
            raise amiss("{place}: a measure is a text, or a mapping with 'of'.", SEE)
        unknown = sorted(said.keys() - cls.model_fields.keys())
        if unknown or "of" not in said:
            what = f"an unknown key {unknown[0]!r}" if unknown else "no key of"
            raise amiss("{place}: the measure '{measure}' has {what}.", what=what)
        return said

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A text stands for the aggregate."""
        return {"oneOf": [{"type": "string"}, handler(core)]}


class KpiKeys(WrittenTable):
    """One KPI definition."""

    guide = SEE

    id: str = key("small letters, digits and `_`; it stays, since dashboards and links name it")
    name: Words = key("what people call it")
    question: Words = key("the question that it answers")
    formula: Words = key("the formula in words")
    kind: Literal["activity", "objective", "moneyball"] = key(
        "`activity`, `objective` or `moneyball`"
    )
    direction: Literal["up", "down", "neutral"] = key(
        "`up`, `down` or `neutral`: which way is better"
    )
    interval: Literal["wilson", "nps"] = key(
        "`wilson` for shares, `nps` for promoters less detractors (needs measures `promoters` and "
        "`detractors`; the denominator is their answers); only for what estimates from answers; "
        "`--compare` needs no word on shares of the whole book, it knows a count over the same "
        "count by its form (`docs/comparing.md`)",
        None,
    )
    cut_only: Literal["in", "out"] = key(
        "for `transfers`: `in` or `out`; only a cut moves accounts", None
    )
    unit: Words = key(
        "`count`, `percent`, `points`, `money`, `hours`, `days`, `ratio`, or words such as "
        "`touches per deal`"
    )
    cadence: Annotated[
        dict[Any, Any],
        WithJsonSchema(
            {
                "type": "object",
                "properties": {name: {"type": "string"} for name in CADENCES},
                "additionalProperties": False,
            }
        ),
    ] = key("how often to `collect`, `review` and `deep_dive`, each in words")
    needs: Annotated[Names, AfterValidator(_tables), _items(*TABLES)] = key(
        "tables that must be connected; fact tables must also cover the period"
    )
    dimensions: Annotated[Names, AfterValidator(_dimensions), _items(*_DIMENSIONS)] = key(
        "what it can be cut by, see below"
    )
    measures: dict[Any, MeasureKeys] = key("what is counted, see above")
    whole: Names = key("measures that a `distribution` does not part", [])
    synonyms: Several = key("other names", [])
    aliases: Several = key("the same as `synonyms`", [])
    traps: Several = key("what is easily got wrong", [])
    references: Several = key("where the definition comes from", [])
    examples: Annotated[
        list[Any],
        says(kind=list),
        WithJsonSchema({"type": "array", "items": {"type": "object", "required": ["expect"]}}),
    ] = key("worked examples, which are tests", [])
    fact: str = key("what its measures count, unless they say otherwise", None)
    where: str = key("a condition for the measures of that fact", None)
    latest_per: str = key(
        "keep each unit's latest row of the period within the slice (`latest_per: contact_id` for "
        "NPS); rows without a unit count each",
        None,
    )
    numerator: Words = key("an expression over measures, see above", None)
    denominator: Words = key("an expression over measures", None)
    scale: Annotated[float, AfterValidator(_scale), says(*_OUT_OF_RANGE, kind=float)] = key(
        "what numerator / denominator is multiplied by", 1
    )
    total: Words = key("a count or a sum", None)
    statistic: Words = key("a median, a percentile or a product of ratios", None)
    n: Words = key(
        "the number of units behind the value, an expression over measures",
        None,
        otherwise="the denominator, or the total; with a statistic, give it",
    )
    distribution: str = key(
        "a dimension: always one row per value of it; measures named in `whole` are computed "
        "without it",
        None,
    )
    pending: str = key("a measure: the value is provisional while it is above 0", None)
    version: FromOne = key("the version that answers carry (`csat@1`)", 1)
    suppress_below: FromTwo = key(
        "with at least one and fewer than so many units there is no value, `suppressed_small_n`",
        None,
    )
    provisional_days: FromOne = key(
        "the value is provisional until so many days after the period's end", None
    )
    window_covered: WindowCovered = key(
        "what must be covered beside the period, else `not_covered`. `previous`: the period "
        "before, and a denominator of 0 or less is no base: `zero_denominator`; `year`: the twelve "
        "months; `earlier`: something before the period",
        None,
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        said = self.model_fields_set
        forms = said & {"numerator", "total", "statistic"}
        if len(forms) != 1 or ("denominator" in said) != (forms == {"numerator"}):
            raise amiss("{place}: give either numerator and denominator, or total, or statistic.")
        return self

    @model_validator(mode="after")
    def _each_measure_has_a_fact(self) -> Self:
        for name, measure in self.measures.items():
            fact = measure.fact if "fact" in measure.model_fields_set else self.fact
            if fact is None:
                raise amiss("{place}: the measure '{name}' has no fact.", name=name)
        return self

    @model_validator(mode="after")
    def _what_is_named_is_there(self) -> Self:
        nps = ("promoters", "detractors") if self.interval == "nps" else ()
        measures = [str(name) for name in self.measures]
        for name in (*self.whole, *filter(None, [self.pending]), *nps):
            if name not in measures:
                hint = f"Measures: {', '.join(measures)}."
                raise amiss(
                    "{place}: there is no measure '{name}'.", "{measures}", name=name, measures=hint
                )
        by, cut = self.distribution, self.dimensions
        if by and by not in cut and not ("account" in cut and by in ACCOUNT_DIMENSIONS):
            raise amiss("{place}: the distribution '{by}' is none of its dimensions.", by=by)
        return self


class DefinitionsFile(WrittenTable):
    """KPI definitions."""

    model_config = ConfigDict(extra="allow")

    family: str = key("what the KPIs have in common", "", otherwise="the file's name")
    kpis: list[KpiKeys] = key("the definitions")
