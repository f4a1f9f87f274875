"""Every pinned KPI: its unit, its dimensions, the tables it needs and what computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import activity, commercial, customers, expansion, support, voice
from .dimensions import Cut
from .populations import Period


@dataclass(frozen=True)
class Kpi:
    """One row of the pins."""

    unit: str
    dimensions: str
    needs: tuple[str, ...]
    compute: Callable[[Period, Cut], Any]


KPIS: dict[str, Kpi] = {}


def _add(ids: str, unit: str, dimensions: str, needs: str, module: object) -> None:
    """Each id is computed by the function of its name."""
    for name in ids.split():
        KPIS[name] = Kpi(unit, dimensions, tuple(needs.split()), getattr(module, name))


SUBS = "subscriptions"

_add(
    "customers_start customers_end new_customers reactivated_customers transient_customers "
    "lost_customers",
    "count",
    "A",
    SUBS,
    customers,
)
_add("customer_churn_rate client_retention_rate", "percent", "A", SUBS, customers)
_add("trials", "count", "A", SUBS, customers)
_add("trial_conversion_rate", "percent", "A", SUBS, customers)
_add("mrr_start mrr_end", "money", "B", SUBS, customers)
_add(
    "new_mrr reactivation_mrr expansion_mrr contraction_mrr churned_mrr transfer_in_mrr "
    "transfer_out_mrr account_growth",
    "money",
    "A",
    SUBS,
    customers,
)
_add("nrr grr revenue_churn_rate customer_expansion_revenue_rate", "percent", "A", SUBS, customers)
_add(
    "upsell_revenue cross_sell_revenue price_increase_revenue unclassified_expansion_revenue",
    "money",
    "A",
    "subscriptions products",
    expansion,
)
_add("upsell_ratio cross_sell_rate", "percent", "A", "subscriptions products", expansion)
_add("contract_renewal_rate contract_retention_rate", "percent", "B", "contracts", commercial)
_add("missed_renewals", "count", "B", "contracts", commercial)
_add("contract_extension_revenue", "money", "B", "contracts", commercial)
_add("revenue_booked customer_upsell_revenue", "money", "D", "deals", commercial)
_add(
    "win_rate upsell_success_rate upsell_revenue_share cross_sell_revenue_share "
    "reference_sales_share",
    "percent",
    "D",
    "deals",
    commercial,
)
_add("sales_cycle sales_cycle_median", "days", "D", "deals", commercial)
_add("average_deal_size open_pipeline", "money", "D", "deals", commercial)
_add("touches_to_closure", "touches per deal", "D", "deals touches", commercial)
_add("purchase_nrr purchase_grr", "percent", "A", "purchases", commercial)
_add(
    "sales_growth_rate repeat_customer_share repeat_buyer_share",
    "percent",
    "B",
    "purchases",
    commercial,
)
_add("average_purchase_value", "money", "B", "purchases", commercial)
_add("purchase_frequency", "purchases per account", "B", "purchases", commercial)
_add("new_to_repeat_ratio", "ratio", "B", "purchases", commercial)
_add("clv", "money", "A", "purchases subscriptions", commercial)
_add("cac", "money", "none", "costs subscriptions", customers)
_add("account_profitability", "money", "A", "purchases costs", commercial)
_add("csat", "percent", "R+agent", "responses", voice)
_add("nps", "points", "R", "responses", voice)
_add("promoters_share passives_share detractors_share", "percent", "R", "responses", voice)
_add("enps", "points", "M", "responses", voice)
_add("employee_satisfaction", "percent", "M", "responses", voice)
_add("survey_response_rate", "percent", "R", "invitations", voice)
_add(
    "time_to_resolution time_to_resolution_median time_to_resolution_p90 "
    "time_to_resolution_business time_to_resolution_business_median "
    "time_to_resolution_business_p90 response_time response_time_median response_time_p90 "
    "response_time_business response_time_business_median response_time_business_p90",
    "hours",
    "K",
    "tickets",
    support,
)
_add("touches_to_resolution", "touches per ticket", "K", "tickets", support)
_add("fcr ticket_reopen_rate", "percent", "K", "tickets", support)
_add("ticket_backlog", "count", "K", "tickets", support)
_add(
    "support_emails support_calls support_touches success_emails success_calls success_touches "
    "clients_touched_distinct customer_interactions clients_reached",
    "count",
    "T",
    "touches",
    activity,
)
_add("clients_touched", "accounts per day", "T", "touches", activity)
_add("interaction_time", "hours", "T", "touches", activity)
_add("inbound_touch_rate", "percent", "T", "touches", activity)
_add(
    "client_communication_frequency",
    "touches per account and month",
    "A",
    "touches subscriptions",
    activity,
)
_add("interaction_gap", "days", "A", "touches subscriptions", activity)
_add("client_load_ratio", "accounts per manager", "A", SUBS, customers)
_add("acquisition_rate", "percent", "T", "touches subscriptions", activity)
_add("acquisition_source_mix", "percent", "A", SUBS, customers)
_add(
    "customer_referral_rate referred_customer_rate",
    "percent",
    "A",
    "referrals subscriptions",
    customers,
)
_add("referenceable_clients", "count", "A", "references subscriptions", customers)
_add("usage_per_client", "active days per account", "A", "usage_daily subscriptions", activity)
_add("usage_logins", "count", "A+product", "usage_daily", activity)
_add("usage_time", "hours", "A+product", "usage_daily", activity)
_add(
    "client_engagement_level",
    "active days and touches per account and month",
    "A",
    "usage_daily touches subscriptions",
    activity,
)
_add("feedback_implementation_rate", "percent", "A", "feedback", voice)
_add("feedback_time_to_action feedback_time_to_action_median", "hours", "A", "feedback", voice)
_add("customer_outcomes", "percent", "A", "goals goal_measurements", voice)
_add("employee_turnover", "percent", "M", "employees", voice)
_add("social_mentions", "count", "A+channel", "mentions", voice)
