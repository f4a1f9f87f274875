"""Drafts of a KPI of one's own: one that is right, the same counting otherwise, and one that laughs."""

HAPPY = """\
family: our_own
kpis:
  - id: happy_share
    name: Happy share
    question: How many answers are happy?
    formula: happy answers / answers x 100
    kind: objective
    unit: percent
    direction: up
    cadence: {review: monthly}
    needs: [responses]
    dimensions: [account]
    fact: answers
    where: kind = 'csat'
    measures:
      happy: count(*) filter (where satisfied)
      answers: count(*)
    numerator: happy
    denominator: answers
    scale: 100
    version: 1
    examples:
      - about: 3 of 4
        parts: {happy: 3, answers: 4}
        expect: {value: 75}
      - about: a 4 is happy, a 2 is not
        tables:
          surveys: |
            id,kind,scale_min,scale_max
            s,csat,1,5
          responses: |
            id,survey_id,responded_at,score
            r1,s,2026-01-05T10:00:00Z,4
            r2,s,2026-01-06T10:00:00Z,2
        period: 2026-01
        expect: {value: 50, n: 2}
"""
"""3 of the 4 answers of March in the small workspace are happy: 75 %."""
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
    for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)
"""A few lines of YAML that would become a billion."""


def counting_otherwise(text: str) -> str:
    return (
        text.replace("scale: 100", "scale: 10")
        .replace("{value: 75}", "{value: 7.5}")
        .replace("{value: 50, n: 2}", "{value: 5, n: 2}")
    )
