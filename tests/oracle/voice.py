"""What clients and employees say: surveys, feedback, mentions, goals, employment."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from .book import Row, satisfied_by_scale
from .dimensions import Cut
from .figures import Figure, adjusted_wald, count, mean, quantile, ratio, wilson
from .populations import Period
from .times import DAY, hours


def _answers(period: Period, cut: Cut, kind: str) -> list[Row]:
    """The responses in P to surveys of a kind that the cut keeps."""
    surveys = period.known.by_id("surveys")
    kept = []
    for row in period.rows_in("responses", "responded_at"):
        if surveys[row.survey_id].kind == kind:
            if cut.keeps(period.at_event("responses", row, row.responded_at)):
                kept.append(row)
    return kept


def _is_satisfied(period: Period, row: Row) -> bool:
    """score >= satisfied_from, else by scale."""
    survey = period.known.by_id("surveys")[row.survey_id]
    if survey.satisfied_from is not None:
        return row.score >= survey.satisfied_from
    return row.score >= satisfied_by_scale(survey)


def _satisfaction(period: Period, cut: Cut, kind: str) -> Figure:
    answers = _answers(period, cut, kind)
    satisfied = [row for row in answers if _is_satisfied(period, row)]
    return wilson(ratio(len(satisfied), len(answers), len(answers)))


def csat(period: Period, cut: Cut) -> Figure:
    """Satisfied responses to csat surveys / all."""
    return _satisfaction(period, cut, "csat")


def employee_satisfaction(period: Period, cut: Cut) -> Figure:
    """As csat on esat surveys; 1 to 4 answers are suppressed."""
    figure = _satisfaction(period, cut, "esat")
    figure.suppressed = 1 <= figure.n <= 4
    return figure


def _latest_per_person(answers: list[Row], column: str) -> list[Row]:
    """The latest response of each person, ties by the greater id; without a person each counts."""
    latest: dict[str, Row] = {}
    unnamed = []
    for row in answers:
        person = getattr(row, column)
        if person is None:
            unnamed.append(row)
            continue
        held = latest.get(person)
        if held is None or (row.responded_at, row.id) > (held.responded_at, held.id):
            latest[person] = row
    return unnamed + list(latest.values())


def _nps_answers(period: Period, cut: Cut) -> list[Row]:
    return _latest_per_person(_answers(period, cut, "nps"), "contact_id")


def _net_promoters(answers: list[Row]) -> Figure:
    promoters = len([row for row in answers if row.score >= 9])
    detractors = len([row for row in answers if row.score <= 6])
    figure = ratio(promoters - detractors, len(answers), len(answers))
    return adjusted_wald(figure, promoters, detractors)


def nps(period: Period, cut: Cut) -> Figure:
    """Promoters - detractors / answers, the latest response per contact across NPS surveys."""
    return _net_promoters(_nps_answers(period, cut))


def promoters_share(period: Period, cut: Cut) -> Figure:
    """Scores 9-10."""
    answers = _nps_answers(period, cut)
    part = [row for row in answers if row.score >= 9]
    return wilson(ratio(len(part), len(answers), len(answers)))


def passives_share(period: Period, cut: Cut) -> Figure:
    """Scores 7-8."""
    answers = _nps_answers(period, cut)
    part = [row for row in answers if 7 <= row.score <= 8]
    return wilson(ratio(len(part), len(answers), len(answers)))


def detractors_share(period: Period, cut: Cut) -> Figure:
    """Scores 0-6."""
    answers = _nps_answers(period, cut)
    part = [row for row in answers if row.score <= 6]
    return wilson(ratio(len(part), len(answers), len(answers)))


def enps(period: Period, cut: Cut) -> Figure:
    """As nps on enps surveys, latest per employee; 1 to 4 answers are suppressed."""
    figure = _net_promoters(_latest_per_person(_answers(period, cut, "enps"), "user_id"))
    figure.suppressed = 1 <= figure.n <= 4
    return figure


def survey_response_rate(period: Period, cut: Cut) -> Figure:
    """Delivered invitations in P with a response within 30 days / delivered invitations in P."""
    invited = [
        row for row in period.rows("invitations", "invited_at", cut) if row.delivered is not False
    ]
    answered = [row for row in invited if _answered_in_time(period, row)]
    figure = ratio(len(answered), len(invited), len(invited))
    figure.window_open = period.window_open(30)
    return figure


def _answered_in_time(period: Period, invitation: Row) -> bool:
    response = period.known.by_id("responses").get(invitation.response_id)
    if response is None:
        later = [
            row
            for row in period.known["responses"]
            if invitation.contact_id is not None
            and row.contact_id == invitation.contact_id
            and row.survey_id == invitation.survey_id
            and row.responded_at >= invitation.invited_at
        ]
        if not later:
            return False
        response = min(later, key=lambda row: (row.responded_at, row.id))
    waited = response.responded_at - invitation.invited_at
    return timedelta(0) <= waited <= 30 * DAY


def feedback_implementation_rate(period: Period, cut: Cut) -> Figure:
    """Actionable, not rejected feedback received in P: implemented within 90 days / all such."""
    received = [
        row
        for row in period.rows("feedback", "received_at", cut)
        if row.is_actionable is not False and row.status != "rejected"
    ]
    implemented = [
        row
        for row in received
        if row.implemented_at is not None
        and timedelta(0) <= row.implemented_at - row.received_at <= 90 * DAY
    ]
    figure = ratio(len(implemented), len(received), len(received))
    figure.window_open = period.window_open(90)
    return figure


def _times_to_action(period: Period, cut: Cut) -> list[Fraction]:
    return [
        hours(row.implemented_at - row.received_at)
        for row in period.rows("feedback", "implemented_at", cut)
    ]


def feedback_time_to_action(period: Period, cut: Cut) -> Figure:
    """implemented_at - received_at, implemented in P: mean."""
    return mean(_times_to_action(period, cut))


def feedback_time_to_action_median(period: Period, cut: Cut) -> Figure:
    """The median."""
    return quantile(_times_to_action(period, cut), Fraction(1, 2))


def social_mentions(period: Period, cut: Cut) -> Figure:
    """Mentions in P."""
    return count(len(period.rows("mentions", "mentioned_at", cut)))


def customer_outcomes(period: Period, cut: Cut) -> Figure:
    """Goals due in P whose latest measurement up to due_on meets the target / goals with one."""
    measured, met = 0, 0
    for goal in period.rows("goals", "due_on", cut):
        measurements = [
            row
            for row in period.known["goal_measurements"]
            if row.goal_id == goal.id and period.zone.local_date(row.measured_at) <= goal.due_on
        ]
        if not measurements:
            continue
        measured += 1
        latest = max(measurements, key=lambda row: row.measured_at)
        if goal.direction == "up" and latest.value >= goal.target:
            met += 1
        if goal.direction == "down" and latest.value <= goal.target:
            met += 1
    return ratio(met, measured, measured)


def employee_turnover(period: Period, cut: Cut) -> Figure:
    """left_on in P / mean of headcount at s and u; n counts the distinct employments of the two
    headcounts.
    """
    first = period.zone.first_instant

    def employed(row: Row, t: datetime) -> bool:
        return first(row.joined_on) < t and (row.left_on is None or first(row.left_on) >= t)

    left, at_s, at_u = [], [], []
    for row in period.known["employees"]:
        if period.contains_date(row.left_on):
            if cut.keeps(period.at_event("employees", row, row.left_on)):
                left.append(row)
        if employed(row, period.s) and cut.keeps(period.at_event("employees", row, period.start)):
            at_s.append(row)
        if employed(row, period.u) and cut.keeps(
            period.at_event("employees", row, period.last_day)
        ):
            at_u.append(row)
    distinct = {id(row) for row in at_s + at_u}
    return ratio(len(left), Fraction(len(at_s) + len(at_u), 2), len(distinct))
