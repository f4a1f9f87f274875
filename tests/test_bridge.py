"""From one figure to another: what entered, left and changed adds up to the difference, with
nothing left over.
"""

import math
import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.sample import sample_company

from kampass.errors import QuestionError
from kampass.insight.change.bridge import Bridge, BridgeEnd, bridge
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

PERIODS = ("2024-Q1", "2024-Q3", "2025-Q1", "2025-Q4", "2025-03", "2024-11", "2025", "2026-01")
PAIRS = int(os.environ.get("KAMPASS_PAIRS", "1"))
ACCOUNTS = "id,name,segment\na,A,small\nb,B,small\nc,C,large\nd,D,large\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator["Desk"]:
    made = Desk(tmp_path)
    yield made
    if made.workspace:
        made.workspace.close()


class Desk:
    """A workspace made of a few CSV texts."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.workspace: Workspace | None = None

    def bridge(
        self, kpi: str, before: str, after: str, tables: dict[str, str], **asked: Any
    ) -> Bridge:
        files = self.place / "files"
        files.mkdir()
        for name, text in tables.items():
            (files / f"{name}.csv").write_text(
                "\n".join(line.strip() for line in text.strip().splitlines()) + "\n",
                encoding="utf-8",
            )
        self.workspace = create(
            self.place / "workspace",
            WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
        )
        self.workspace.sync()
        (made,) = self.workspace.bridge(kpi, before, after, **asked)
        return made


def test_a_sum_is_what_entered_less_what_left_and_what_changed_within(desk: Desk) -> None:
    """A 100 -> 130, B 50 -> gone, C comes with 70: 150 + 70 - 50 + 30 = 200."""
    subscriptions = """
        id,account_id,mrr,currency,valid_from,valid_to
        a1,a,100,USD,2025-01-01,2026-02-10
        a2,a,130,USD,2026-02-10,
        b1,b,50,USD,2025-01-01,2026-02-15
        c1,c,70,USD,2026-02-20,"""
    made = desk.bridge(
        "mrr_end", "2026-01", "2026-02", {"accounts": ACCOUNTS, "subscriptions": subscriptions}
    )
    assert (made.before.value, made.after.value, made.difference) == (150, 200, 50)
    assert made.summary == {"entered": 70, "left": -50, "changed": 30}
    assert made.counts == {"changed": 1, "left": 1, "entered": 1}
    assert made.residual == 0


def test_a_ratio_moves_by_mix_and_by_rate_at_the_midpoint(desk: Desk) -> None:
    """Win rate by segment: small 3 of 4 -> 1 of 2, large 1 of 4 -> 3 of 8, so 50 % -> 40 %.

    Weights .5/.5 -> .2/.8, rates .75/.25 -> .5/.375; the mean of both figures is .45.
    small: mix -.3 x (.625 - .45) = -.0525, rate -.25 x .35 = -.0875
    large: mix .3 x (.3125 - .45) = -.04125, rate .125 x .65 = .08125; together -.1
    """
    wins = [
        ("a", 3, 1, "2026-01-10"),
        ("c", 1, 3, "2026-01-10"),
        ("a", 1, 1, "2026-02-10"),
        ("c", 3, 5, "2026-02-10"),
    ]
    deals = [
        f"{account}{status}{number}{day},{account},new,{status},2026-01-01,{day},{account}"
        for account, won, lost, day in wins
        for status, count in (("won", won), ("lost", lost))
        for number in range(count)
    ]
    table = "id,account_id,kind,status,created_at,closed_at,owner_id\n" + "\n".join(
        line.rsplit(",", 1)[0] + "," for line in deals
    )
    made = desk.bridge(
        "win_rate", "2026-01", "2026-02", {"accounts": ACCOUNTS, "deals": table}, by="segment"
    )
    assert (made.before.value, made.after.value) == (50, 40)
    effects = {effect.label[0]: effect for effect in made.effects}
    assert effects["small"].mix == pytest.approx(-5.25)
    assert effects["small"].rate == pytest.approx(-8.75)
    assert effects["large"].mix == pytest.approx(-4.125)
    assert effects["large"].rate == pytest.approx(8.125)
    assert made.summary == pytest.approx({"mix": -9.375, "rate": -0.625})
    assert made.residual == 0


def test_a_median_is_replaced_member_by_member_in_the_stated_order(desk: Desk) -> None:
    """January: chat 2 h, 4 h, mail 10 h (median 4). February: mail 6 h, 8 h, phone 1 h (median 6).

    Chat leaves: mail 10 (median 10, +6). Phone enters: 1, 10 (5.5, -4.5). Mail is replaced: 1, 6, 8
    (6, +0.5).
    """
    tickets = """
        id,channel,created_at,resolved_at
        t1,chat,2026-01-05T00:00:00Z,2026-01-05T02:00:00Z
        t2,chat,2026-01-05T00:00:00Z,2026-01-05T04:00:00Z
        t3,mail,2026-01-05T00:00:00Z,2026-01-05T10:00:00Z
        t4,mail,2026-02-05T00:00:00Z,2026-02-05T06:00:00Z
        t5,mail,2026-02-05T00:00:00Z,2026-02-05T08:00:00Z
        t6,phone,2026-02-05T00:00:00Z,2026-02-05T01:00:00Z"""
    made = desk.bridge(
        "time_to_resolution_median",
        "2026-01",
        "2026-02",
        {"accounts": ACCOUNTS, "tickets": tickets},
        by="channel",
    )
    assert [(effect.kind, effect.label, effect.effect) for effect in made.effects] == [
        ("left", ("chat",), 6.0),
        ("entered", ("phone",), -4.5),
        ("changed", ("mail",), 0.5),
    ]
    assert (made.difference, made.residual, made.method) == (2.0, 0, "step by step")
    assert [list(effect) for effect in made.to_dict()["effects"]] == [
        ["kind", "dimensions", "effect", "mix", "rate"]
    ] * 3


def test_a_step_that_takes_several_members_together_is_named_as_a_step_in_json(
    sample: Workspace,
) -> None:
    (made,) = sample.bridge("time_to_resolution_median", "2025-Q1", "2025-Q4")
    effects = made.to_dict()["effects"]
    assert made.method == "step by step"
    assert [effect["step"] for effect in effects] == [
        [f"{effect.count} {effect.kind}"] for effect in made.effects
    ]


def test_an_account_counted_in_two_channels_is_counted_once_in_the_whole(desk: Desk) -> None:
    """A by mail and call in January (1 account), A and B by call in February (2): channels do not
    add up, the steps do.
    """
    touches = """
        id,occurred_at,channel,direction,account_id
        t1,2026-01-05,email,outbound,a
        t2,2026-01-06,call,outbound,a
        t3,2026-02-05,call,outbound,a
        t4,2026-02-06,call,outbound,b"""
    made = desk.bridge(
        "clients_touched_distinct",
        "2026-01",
        "2026-02",
        {"accounts": ACCOUNTS, "touches": touches},
        by="channel",
    )
    assert [(effect.kind, effect.label, effect.effect) for effect in made.effects] == [
        ("left", ("email",), 0.0),
        ("changed", ("call",), 1.0),
    ]
    assert made.residual == 0


def test_without_a_value_at_one_end_there_is_no_bridge(desk: Desk) -> None:
    deals = "id,account_id,kind,status,created_at,closed_at\nd1,a,new,won,2026-01-01,2026-01-05"
    made = desk.bridge("win_rate", "2026-01", "2026-02", {"accounts": ACCOUNTS, "deals": deals})
    assert (made.reason, made.effects, made.residual) == ("zero_denominator", (), None)


def test_answers_of_employees_are_not_cut(sample: Workspace) -> None:
    with pytest.raises(QuestionError, match="not taken apart"):
        sample.bridge("enps", "2025-Q1", "2025-Q2", by="team")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The sample company, small, with both its loads."""
    options = {"scale": 0.2, "touches": 3000, "usage": 5000, "tickets": 600}
    with closing(sample_company(tmp_path_factory, "bridge", **options)) as workspace:
        yield workspace


def test_nothing_is_left_over_for_any_kpi_between_random_periods_and_snapshots(
    sample: Workspace,
) -> None:
    """Every KPI, over accounts and over a cut, between two periods and two snapshots drawn at
    random; by day every second KPI, KAMPASS_PAIRS draws more.
    """
    rng = random.Random(os.environ.get("KAMPASS_SEED", "3"))
    first, last = (load.recorded_at for load in sample.manifest.loads())
    engines = [sample.engine(known_at=first), sample.engine(known_at=last)]
    bridged = 0
    for kpi in list(engines[0].catalogue)[:: 1 if PAIRS > 1 else 2]:
        for _ in range(PAIRS):
            before, after = (BridgeEnd(rng.choice(engines), rng.choice(PERIODS)) for _ in range(2))
            cuts = [
                (),
                *(
                    (name,)
                    for name in ("segment", "account_manager", "channel", "team")
                    if name in kpi.named_dimensions
                ),
            ]
            for made in _bridges(before, after, kpi.id, rng.choice(cuts)):
                bridged += made.reason is None
                _check(made)
    assert bridged > 30 * PAIRS


def _bridges(before: BridgeEnd, after: BridgeEnd, kpi: str, by: tuple[str, ...]) -> list[Bridge]:
    if kpi in {"enps", "employee_satisfaction"}:
        by = ()
    return bridge(before, after, kpi, by=by)


def _check(made: Bridge) -> None:
    if made.reason is not None:
        assert made.before.value is None or made.after.value is None
        return
    what = (
        f"{made.after.kpi} {made.before.period_start}..{made.after.period_end} by {made.dimensions}"
    )
    assert made.residual == 0, what
    scale = max(1.0, abs(made.before.value or 0), abs(made.after.value or 0))
    difference = made.after.value - made.before.value
    for total in (
        made.difference,
        math.fsum(effect.effect for effect in made.effects),
        math.fsum(made.summary.values()),
    ):
        assert math.isclose(total, difference, abs_tol=1e-9 * scale), what


def test_the_effects_are_those_of_the_answers_by_member(sample: Workspace) -> None:
    """A second derivation, from `kpi --by` alone: sums member by member, ratios by their weights
    and rates.
    """
    engine = sample.engine()
    for kpi, by in (
        ("mrr_end", "account"),
        ("revenue_booked", "user"),
        ("nrr", "segment"),
        ("csat", "account_manager"),
        ("fcr", "channel"),
    ):
        (made,) = bridge(BridgeEnd(engine, "2025-Q1"), BridgeEnd(engine, "2025-Q4"), kpi, by=(by,))
        ends = [
            {answer.dimensions[by]: answer for answer in sample.kpi(kpi, period=period, by=by)}
            for period in ("2025-Q1", "2025-Q4")
        ]
        for effect in made.effects:
            expected = _effect(made, [end.get(effect.label[0]) for end in ends])
            assert math.isclose(
                effect.effect, expected, abs_tol=1e-9 * max(1, abs(made.after.value or 0))
            ), f"{kpi} {effect}"


def _effect(made: Bridge, ends: list[Any]) -> float:
    tops = [end.numerator if end else 0.0 for end in ends]
    if made.before.denominator is None:
        return tops[1] - tops[0]
    bottoms = [end.denominator if end else 0.0 for end in ends]
    wholes = [made.before, made.after]
    mean = sum(whole.numerator / whole.denominator for whole in wholes) / 2
    parts = [
        (top - mean * bottom) / whole.denominator
        for top, bottom, whole in zip(tops, bottoms, wholes, strict=True)
    ]
    return 100 * (parts[1] - parts[0])


def test_a_source_that_brought_nobody_at_one_end_has_none_of_the_new_customers_there(
    desk: Desk,
) -> None:
    """January: A by referral. February: B and C by event. Referral falls from 1 of 1 to 0 of 2."""
    accounts = "id,name,acquisition_source\na,A,referral\nb,B,event\nc,C,event"
    lines = "id,account_id,mrr,currency,valid_from\n1,a,10,USD,2026-01-05\n2,b,10,USD,2026-02-05\n3,c,10,USD,2026-02-05"
    desk.bridge("mrr_end", "2026-01", "2026-02", {"accounts": accounts, "subscriptions": lines})
    assert desk.workspace is not None
    event, referral = desk.workspace.bridge("acquisition_source_mix", "2026-01", "2026-02")
    ends = [(side.value, side.n, side.dimensions) for side in (referral.before, referral.after)]
    assert ends == [
        (100, 1, {"acquisition_source": "referral"}),
        (0, 2, {"acquisition_source": "referral"}),
    ]
    assert (event.before.value, event.before.n, event.after.value) == (0, 1, 100)
    assert event.residual == referral.residual == 0


def test_the_earlier_figure_may_be_read_by_another_clock(sample: Workspace) -> None:
    """The same quarter as known then and now: the bridge is what the later load restated."""
    first = sample.manifest.loads()[0].recorded_at
    (made,) = sample.bridge("revenue_booked", "2025-Q3", "2025-Q3", before_known_at=first)
    assert made.before.snapshot != made.after.snapshot
    _check(made)
