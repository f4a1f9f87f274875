"""Tie bands are judged by worlds whose truth is known: equal managers share one, and real
differences are found.
"""

import numpy as np
import pytest

from kampass.insight.bands import Bands, bands


def _renewals(
    rng: np.random.Generator, chances: list[float], accounts: int = 30
) -> dict[str, list[tuple[float, float]]]:
    """Managers with so many accounts, each with one contract due, renewed by chance."""
    return {
        f"m{place}": [(float(rng.random() < chance), 1.0) for _ in range(accounts)]
        for place, chance in enumerate(chances)
    }


def _revenue(
    rng: np.random.Generator, managers: int, accounts: int = 25
) -> dict[str, list[tuple[float, float]]]:
    """Closing and opening revenue of accounts of very unequal size, a few of which leave."""
    made = {}
    for place in range(managers):
        opening = rng.lognormal(7, 1.2, accounts)
        closing = opening * np.where(
            rng.random(accounts) < 0.08, 0.0, rng.lognormal(0.02, 0.15, accounts)
        )
        made[f"m{place}"] = list(zip(closing.tolist(), opening.tolist(), strict=True))
    return made


def _one_band(worlds: list[Bands]) -> float:
    return sum(found.count == 1 for found in worlds) / len(worlds)


def test_six_equally_good_managers_share_a_band_in_at_least_94_of_100_worlds() -> None:
    rng = np.random.default_rng(7)
    worlds = [bands(_renewals(rng, [0.85] * 6), scale=100) for _ in range(300)]
    assert _one_band(worlds) >= 0.94
    assert np.mean([found.spread for found in worlds]) == pytest.approx(16.5, abs=2)


def test_equal_managers_share_a_band_where_contracts_share_accounts_and_revenue_is_uneven() -> None:
    rng = np.random.default_rng(11)
    clustered = []
    for _ in range(200):
        world = {}
        for place in range(8):
            moods = rng.beta(4, 1, 16)
            world[f"m{place}"] = [(float(rng.binomial(3, mood)), 3.0) for mood in moods]
        clustered.append(bands(world))
    assert _one_band(clustered) >= 0.94
    assert _one_band([bands(_revenue(rng, 8)) for _ in range(200)]) >= 0.94


def test_luck_is_as_wide_as_equal_managers_differ() -> None:
    rng = np.random.default_rng(3)
    worlds = [bands(_renewals(rng, [0.9] * 6), scale=100) for _ in range(200)]
    assert np.mean([found.luck for found in worlds]) == pytest.approx(
        np.mean([found.spread for found in worlds]), rel=0.05
    )
    assert np.mean([found.spread <= found.luck_at_most for found in worlds]) >= 0.94


def test_a_manager_who_is_truly_worse_is_told_apart() -> None:
    rng = np.random.default_rng(5)
    worlds = [bands(_renewals(rng, [0.9, 0.9, 0.9, 0.3], accounts=40)) for _ in range(100)]
    assert sum(found.count >= 2 and found.ranked[-1].name == "m3" for found in worlds) >= 90


def test_bands_end_only_where_intervals_of_both_sides_stay_apart() -> None:
    rng = np.random.default_rng(9)
    for _ in range(50):
        found = bands(_renewals(rng, [0.95, 0.9, 0.5, 0.2], accounts=40))
        for above in found.ranked:
            for below in found.ranked:
                if above.band < below.band:
                    assert above.low > below.high


def test_less_is_better_where_it_is_said() -> None:
    worse = bands(
        {"slow": [(9.0, 1.0)] * 5 + [(11.0, 1.0)] * 5, "fast": [(1.0, 1.0)] * 5 + [(2.0, 1.0)] * 5},
        upwards=False,
    )
    assert [(member.name, member.band) for member in worse.ranked] == [("fast", 1), ("slow", 2)]


def test_members_with_few_accounts_are_named_and_not_ranked() -> None:
    found = bands({"few": [(1.0, 1.0)] * 7, "some": [(1.0, 1.0)] * 8, "none": [(0.0, 0.0)] * 20})
    assert [member.name for member in found.ranked] == ["some"]
    assert found.few == ("few", "none")
    assert (found.spread, found.count) == (0.0, 1)


def test_nobody_to_compare_is_no_band() -> None:
    assert bands({}) == Bands((), (), 0.0, 0.0, 0.0)


def test_alike_to_the_last_account_is_one_band_without_width() -> None:
    found = bands({"a": [(1.0, 1.0)] * 10, "b": [(1.0, 1.0)] * 10})
    assert found.count == 1
    assert {(member.low, member.high) for member in found.ranked} == {(1.0, 1.0)}


def test_the_same_question_has_the_same_answer() -> None:
    parts = _renewals(np.random.default_rng(1), [0.8] * 5)
    assert bands(parts) == bands(parts)
