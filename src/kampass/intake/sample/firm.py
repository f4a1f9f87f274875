"""The sample company's own side: its people, teams, products, surveys, exchange rates and
campaigns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from kampass.intake.sample.shapes import END, FIRST, NULL, day, make, rows
from kampass.intake.sample.stories import STORIES, account_id

_FIRST_NAMES = [
    "Ada",
    "Alma",
    "Amir",
    "Anton",
    "Astrid",
    "Bela",
    "Bruno",
    "Carla",
    "Chen",
    "Clara",
    "Dario",
    "Diana",
    "Elif",
    "Emil",
    "Esther",
    "Farid",
    "Fiona",
    "Felix",
    "Greta",
    "Hana",
    "Hugo",
    "Ines",
    "Ivan",
    "Jana",
    "Jonas",
    "Kaya",
    "Kofi",
    "Lara",
    "Leon",
    "Lina",
    "Luca",
    "Maja",
    "Marco",
    "Mei",
    "Milan",
    "Mira",
    "Nadia",
    "Nils",
    "Noor",
    "Olga",
    "Oscar",
    "Paula",
    "Priya",
    "Rafael",
    "Rosa",
    "Samir",
    "Selma",
    "Tariq",
    "Tessa",
    "Tomas",
    "Uma",
    "Vera",
    "Viktor",
    "Wanda",
    "Yara",
    "Yusuf",
    "Zoe",
]
_LAST_NAMES = [
    "Abend",
    "Aksoy",
    "Albrecht",
    "Baptiste",
    "Barlow",
    "Bauer",
    "Becker",
    "Berg",
    "Bianchi",
    "Castell",
    "Chandra",
    "Corbett",
    "Dahl",
    "Diallo",
    "Duarte",
    "Eriksen",
    "Faber",
    "Ferreira",
    "Fontaine",
    "Garrow",
    "Gruber",
    "Haddad",
    "Hartley",
    "Holm",
    "Ito",
    "Jansen",
    "Kaur",
    "Keller",
    "Kowal",
    "Lang",
    "Larkin",
    "Lindqvist",
    "Marsh",
    "Mehta",
    "Meyer",
    "Moreau",
    "Nakano",
    "Novak",
    "Okafor",
    "Olsen",
    "Ortega",
    "Park",
    "Petrov",
    "Quinn",
    "Rahimi",
    "Reyes",
    "Ricci",
    "Sato",
    "Schuster",
    "Silva",
    "Tanaka",
    "Thorne",
    "Vance",
    "Varga",
    "Weiss",
    "Winter",
    "Yilmaz",
    "Zeman",
]

ROLES = {"account_manager": 13, "support": 10, "csm": 4, "sales": 5, "product": 4}
TEAM_IDS = ("team-01", "team-02", "team-03", "team-04", "team-05", "team-06", "team-07")
_TEAM_NAMES = (
    "Customer Success",
    "Team Atlas",
    "Team Borealis",
    "Team Cascade",
    "Support",
    "Sales",
    "Product",
)
_TEAM_OF_ROLE = {"support": 4, "csm": 0, "sales": 5, "product": 6}


class Product(NamedTuple):
    """One product with its list price in cents per unit and month."""

    id: str
    name: str
    family: str
    tier_rank: int | None
    is_addon: bool
    price: int


PRODUCTS = (
    Product("prd-01", "Workspace Starter", "Workspace", 1, False, 1900),
    Product("prd-02", "Workspace Team", "Workspace", 2, False, 2900),
    Product("prd-03", "Workspace Business", "Workspace", 3, False, 4200),
    Product("prd-04", "Workspace Enterprise", "Workspace", 4, False, 5900),
    Product("prd-05", "Insights Basic", "Insights", 1, False, 900),
    Product("prd-06", "Insights Pro", "Insights", 2, False, 1500),
    Product("prd-07", "Connect Standard", "Connect", 1, False, 700),
    Product("prd-08", "Connect Plus", "Connect", 2, False, 1200),
    Product("prd-09", "Workspace Sandbox", "Workspace", None, True, 300),
    Product("prd-10", "Insights Forecast", "Insights", None, True, 400),
    Product("prd-11", "Premium Support", "Services", None, True, 500),
    Product("prd-12", "Onboarding Package", "Services", None, True, 250_000),
)

SURVEYS = (
    ("svy-csat", "csat", 1, 5, None, "After your ticket"),
    ("svy-nps", "nps", 0, 10, None, "Quarterly relationship survey"),
    ("svy-enps", "enps", 0, 10, None, "Would you recommend working here?"),
    ("svy-esat", "esat", 1, 5, 4, "How is your work?"),
    ("svy-onboarding", "custom", 1, 7, 5, "Onboarding check-in"),
)

_RISE = STORIES.price_rise
_DEPARTED = STORIES.departure.user_id
_JOINED = {
    STORIES.departure.successor_id: date(2025, 3, 3),
    "usr-021": date(2023, 9, 4),
    "usr-022": date(2024, 4, 2),
    "usr-027": date(2024, 1, 8),
    "usr-032": date(2023, 6, 5),
    "usr-036": date(2024, 10, 1),
}
_LEFT = {
    _DEPARTED: STORIES.departure.departed_on,
    "usr-023": date(2024, 7, 1),
    "usr-031": date(2025, 2, 1),
    "usr-035": date(2024, 3, 1),
}
_RETURNED = {"usr-035": date(2025, 5, 5)}
_MOVED = {
    "usr-004": (date(2024, 2, 1), 2),
    "usr-009": (date(2024, 9, 1), 1),
    "usr-011": (date(2025, 6, 1), 2),
}
"""Account managers who changed to another team: when, and its position."""

_EURO_RATES = (
    (date(2022, 1, 1), "1.065"),
    (date(2023, 1, 1), "1.07"),
    (date(2023, 7, 1), "1.09"),
    (date(2024, 1, 1), "1.095"),
    (date(2024, 7, 1), "1.075"),
    (date(2025, 1, 1), "1.04"),
    (date(2025, 7, 1), "1.165"),
)


@dataclass(frozen=True)
class Firm:
    """The people of the company by position: their ids, roles, teams and employment in days."""

    user_ids: tuple[str, ...]
    names: tuple[str, ...]
    roles: tuple[str, ...]
    teams: tuple[int, ...]
    joined: np.ndarray
    left: np.ndarray

    def people(self, role: str) -> np.ndarray:
        """Positions of everybody in a role."""
        return np.array([position for position, held in enumerate(self.roles) if held == role])

    def on_duty(self, rng: np.random.Generator, role: str, days: np.ndarray) -> np.ndarray:
        """Somebody of a role for each day; days of an absent person go to one who was there
        throughout.
        """
        people = self.people(role)
        steady = np.array(
            [who for who in people if self.joined[who] == FIRST and self.left[who] == END]
        )
        chosen = people[rng.integers(0, len(people), len(days))]
        is_there = (self.joined[chosen] <= days) & (days < self.left[chosen])
        return np.where(is_there, chosen, steady[rng.integers(0, len(steady), len(days))])


def price_of(product: int, rate: float, on: int) -> int:
    """The monthly price per unit in cents that an account pays for a product from a day on."""
    price = round(PRODUCTS[product].price * rate)
    if PRODUCTS[product].family == _RISE.family and on >= day(_RISE.on):
        return round(price * (100 + _RISE.percent) / 100)
    return price


def person_names(rng: np.random.Generator, count: int) -> list[str]:
    """Names of people; they may repeat, as names do."""
    first = rng.integers(0, len(_FIRST_NAMES), count)
    last = rng.integers(0, len(_LAST_NAMES), count)
    return [
        f"{_FIRST_NAMES[one]} {_LAST_NAMES[two]}"
        for one, two in zip(first.tolist(), last.tolist(), strict=True)
    ]


def address(name: str, domain: str) -> str:
    """An e-mail address made of a person's name.

    >>> address("Ada Holm", "kestrel.example")
    'ada.holm@kestrel.example'
    """
    return f"{name.lower().replace(' ', '.')}@{domain}"


def hire(rng: np.random.Generator) -> Firm:
    """Everybody who works or worked for the company."""
    roles = tuple(role for role, count in ROLES.items() for _ in range(count))
    user_ids = tuple(f"usr-{position + 1:03d}" for position in range(len(roles)))
    teams = tuple(_TEAM_OF_ROLE.get(role, 1 + position % 3) for position, role in enumerate(roles))
    return Firm(
        user_ids=user_ids,
        names=tuple(person_names(rng, len(roles))),
        roles=roles,
        teams=teams,
        joined=np.array([day(_JOINED[who]) if who in _JOINED else FIRST for who in user_ids]),
        left=np.array(
            [day(_LEFT[who]) if who in _LEFT and who not in _RETURNED else END for who in user_ids]
        ),
    )


def tables(firm: Firm) -> dict[str, pa.Table]:
    """Everything the company keeps about itself."""
    return {
        "teams": make(
            "teams",
            {
                "id": list(TEAM_IDS),
                "name": list(_TEAM_NAMES),
                "parent_id": [None, *["team-01"] * 4, None, None],
            },
        ),
        "users": _users(firm),
        "memberships": _memberships(firm),
        "employees": _employees(firm),
        "products": rows("products", [_without_price(product) for product in PRODUCTS]),
        "surveys": _surveys(),
        "fx_rates": _fx_rates(),
        "interventions": _interventions(),
    }


def _without_price(product: Product) -> dict[str, object]:
    return {name: value for name, value in product._asdict().items() if name != "price"}


def _users(firm: Firm) -> pa.Table:
    lead = {team: who for who, team in reversed(list(zip(firm.user_ids, firm.teams, strict=True)))}
    records = [
        {
            "id": who,
            "name": firm.names[at],
            "email": address(firm.names[at], "ourfirm.example"),
            "role": firm.roles[at],
            "team_id": TEAM_IDS[_MOVED[who][1] if who in _MOVED else firm.teams[at]],
            "manager_id": None if lead[firm.teams[at]] == who else lead[firm.teams[at]],
            "active_from": firm.joined[at],
            "active_to": NULL if firm.left[at] == END else firm.left[at],
        }
        for at, who in enumerate(firm.user_ids)
    ]
    return rows("users", records)


def _spans(joined: int, left: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    edges = [joined, *cuts, NULL if left == END else left]
    return list(pairwise(edges))


def _memberships(firm: Firm) -> pa.Table:
    records = []
    for at, who in enumerate(firm.user_ids):
        moved = [_MOVED[who]] if who in _MOVED else []
        spans = _spans(firm.joined[at], firm.left[at], [day(on) for on, _ in moved])
        teams = [firm.teams[at], *(team for _, team in moved)]
        for held, (start, end) in zip(teams, spans, strict=True):
            records.append(
                {"user_id": who, "team_id": TEAM_IDS[held], "valid_from": start, "valid_to": end}
            )
    return rows("memberships", records)


def _employees(firm: Firm) -> pa.Table:
    records = []
    for at, who in enumerate(firm.user_ids):
        team = TEAM_IDS[firm.teams[at]]
        left = day(_LEFT[who]) if who in _LEFT else NULL
        records.append(
            {"user_id": who, "joined_on": firm.joined[at], "left_on": left, "team_id": team}
        )
        if who in _RETURNED:
            records.append({"user_id": who, "joined_on": day(_RETURNED[who]), "team_id": team})
    return rows("employees", records)


def _surveys() -> pa.Table:
    names = ("id", "kind", "scale_min", "scale_max", "satisfied_from", "name")
    return rows("surveys", [dict(zip(names, survey, strict=True)) for survey in SURVEYS])


def _fx_rates() -> pa.Table:
    return make(
        "fx_rates",
        {
            "currency": ["EUR"] * len(_EURO_RATES),
            "valid_from": [day(on) for on, _ in _EURO_RATES],
            "rate": [rate for _, rate in _EURO_RATES],
        },
    )


def _interventions() -> pa.Table:
    failing, departure = STORIES.failing_segment, STORIES.departure
    planned = [
        ("Guided onboarding calls", date(2025, 9, 1), None, failing.segment),
        ("Executive check-ins", date(2024, 5, 6), None, "enterprise"),
        ("Adoption workshops", date(2024, 11, 4), None, "mid_market"),
        ("Handover visit", date(2025, 7, 7), departure.account_ids[0], None),
        ("Handover visit", date(2025, 7, 8), departure.account_ids[1], None),
        ("Price lock offer", date(2024, 10, 14), account_id(10), None),
    ]
    records = [
        {
            "id": f"itv-{at + 1:02d}",
            "name": name,
            "on": day(on),
            "account_id": account,
            "segment": segment,
        }
        for at, (name, on, account, segment) in enumerate(planned)
    ]
    return rows("interventions", records)
