"""Drafts of own KPIs: whatever is typed ends in a finding, examples are tests, and a file is
written whole, by one person at a time.
"""

from pathlib import Path

import duckdb
import pytest
from tests.drafts import HAPPY, LAUGHS, counting_otherwise
from tests.web.small import small_copy

import kampass.catalogue
from kampass.access import NotFound
from kampass.catalogue import shipped
from kampass.errors import DefinitionError
from kampass.workspace import Workspace, authoring
from kampass.workspace.authoring import (
    NOTHING,
    Draft,
    DraftLook,
    Spell,
    Stale,
    edits,
    examples,
    read_draft,
)
from kampass.workspace.authoring.watch import Watch

MARCH = Spell("2026-03", "2026-01..2026-03", "account")
MERGES = "a: &a {x: 1}\n" + "".join(
    f"b{n}: &b{n} {{<<: [{','.join(['*' + (f'b{n - 1}' if n else 'a')] * 9)}]}}\n" for n in range(9)
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_copy(tmp_path)


def draft(text: str) -> Draft:
    return read_draft(text, shipped())


def found(text: str) -> list[tuple[int | None, str]]:
    """The findings of a draft that keep it from being saved."""
    return [(finding.line, finding.text) for finding in draft(text).errors]


def saved(workspace: Workspace, text: str = HAPPY) -> Workspace:
    authoring.save(workspace, read_draft(text, workspace.catalogue), file=None, digest=NOTHING)
    workspace.refresh()
    return workspace


def look(workspace: Workspace, text: str, file: str | None = None) -> DraftLook:
    return authoring.look(workspace, workspace.sight(), text, MARCH, file=file)


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("direction:", "dirction:"), 9, "There is no key 'dirction'. Did you mean 'direction'?"),
        (
            ("where satisfied", "where satisfed"),
            16,
            "There is no column 'satisfed' here. Did you mean 'satisfied'?",
        ),
        (("fact: answers", "fact: anwers"), 13, "There is no fact 'anwers'."),
        (
            ("numerator: happy", "numerator: hapy"),
            18,
            "The formula 'hapy' reads 'hapy', which is no measure of this KPI.",
        ),
        (
            ("unit: percent", "unit: percent\n    unit: count"),
            9,
            "The key 'unit' stands there twice.",
        ),
        (("kind: objective", "kind: [objective"), 7, "It is not YAML that can be read"),
        (
            ("parts: {happy: 3, answers: 4}", "parts: {hapy: 3, answers: 4}"),
            23,
            "Example 1: there is no measure 'hapy'",
        ),
        (
            ("expect: {value: 75}", "expect: {}"),
            23,
            "Example 1: 'expect' says nothing that can be compared",
        ),
        (
            ("period: 2026-01", "period: 2000..2020"),
            26,
            "Example 2: the period has more than 4,000 days.",
        ),
        (
            ("period: 2026-01", "period: 2026-01\n        timezone: ../../etc/passwd"),
            26,
            "Example 2: there is no time zone",
        ),
        (
            ("responses: |", "../../responses: |"),
            26,
            "Example 2: there is no table '../../responses'.",
        ),
        (
            ("id: happy_share", "id: nrr"),
            3,
            "There is a KPI 'nrr' already, which comes with Kampass.",
        ),
        (("id: happy_share", "id: ../../escaped"), 3, "An id has small letters"),
        (("id: happy_share", "id: new"), 3, "An id has small letters"),
        (("needs: [responses]", "needs:"), 11, "The key 'needs' is missing."),
        (("{review: monthly}", "{review: 5}"), 10, "'cadence' says how often"),
        (("scale: 100", "scale: 100\n    n: 5"), 21, "'n' names no measure."),
        (("version: 1", "version: 1\n    traps: [{a: b}]"), 22, "'traps' is a list of texts."),
    ],
)
def test_a_finding_says_what_is_wrong_and_on_which_line(
    change: tuple[str, str], line: int, said: str
) -> None:
    assert any(
        at == line and text.startswith(said) for at, text in found(HAPPY.replace(*change))
    ), found(HAPPY.replace(*change))


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS + "kpis: [{id: x, name: *j}]\n",
        MERGES + "kpis: []\n",
        "[" * 30_000,
        "{a: " * 8_000,
        "- " * 16_000,
        "kpis: &a [*a]\n",
        "kpis: !!python/object/apply:os.system ['x']\n",
        "a: 1\n---\nkpis: []\n",
        "a\x00b",
        'kpis: ["\\ud800"]',
        "x" * 33_000,
        HAPPY.replace("count(*) filter (where satisfied)", "a+" * 15_000 + "a"),
        HAPPY.replace("where satisfied", f"where {'(' * 900}satisfied{')' * 900}"),
        HAPPY.replace("kind = 'csat'", "x->" * 600 + "1"),
        HAPPY.replace("kind = 'csat'", "regexp_matches(kind, '(a+)+$')"),
        HAPPY.replace("kind = 'csat'", "kind like '" + "%a" * 900 + "'"),
        HAPPY.replace("kind = 'csat'", "kind = (select 1 from read_text('/etc/passwd'))"),
        HAPPY.replace("scale: 100", "scale: " + "9" * 3_000),
        HAPPY.replace("scale: 100", "scale: 0x" + "f" * 3_000),
        HAPPY.replace("scale: 100", "scale: 1" + ":59" * 3_000),
        HAPPY.replace("scale: 100", "scale: .inf"),
        HAPPY.replace(
            "measures:",
            "measures:\n" + "\n".join(f"      m{number}: count(*)" for number in range(400)),
        ),
        HAPPY + HAPPY.partition("kpis:\n")[2],
        "",
        "[1]",
        "kpis: 5",
        "kpis: [5]",
        "kpis: []",
    ],
)
def test_nothing_that_is_typed_hangs_or_fails_it_ends_in_a_finding(text: str) -> None:
    assert found(text)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that no test changes; the worlds of its examples are kept."""
    return small_copy(tmp_path_factory.mktemp("unchanged"))


KEYS = sorted(
    {
        line.strip().split(":")[0]
        for line in HAPPY.splitlines()
        if line.startswith("    ") and line[4] != " "
    }
)
VALUES = (
    "",
    "5",
    "[a]",
    "{a: b}",
    "true",
    "[[a]]",
    "[{a: b}]",
    "-1",
    "1.5",
    "'x y'",
    "[null]",
    "{a: null}",
    ".nan",
)


@pytest.mark.parametrize("key", KEYS)
def test_any_kind_of_value_under_any_key_is_read_or_refused(unchanged: Workspace, key: str) -> None:
    lines = HAPPY.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"    {key}:"))
    end = next(
        (
            number
            for number in range(start + 1, len(lines))
            if not lines[number].startswith("      ")
        ),
        len(lines),
    )
    for value in VALUES:
        seen = authoring.look(
            unchanged, None, "\n".join([*lines[:start], f"    {key}: {value}", *lines[end:]]), None
        )
        assert seen.draft.errors or seen.outcomes, value


def test_every_shipped_kpi_can_be_copied_and_its_copy_says_the_same() -> None:
    files = {kpi.place.partition(":")[0] for kpi in shipped()}
    folder = Path(kampass.catalogue.__file__).parent / "definitions"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in files}
    for kpi in shipped():
        copy = draft(
            edits.copied(
                edits.alone(texts[kpi.place.partition(":")[0]], kpi.id), kpi.id, f"{kpi.id}_copy"
            )
        )
        assert not copy.findings, (kpi.id, copy.findings)
        assert (copy.kpis[0].measures, copy.kpis[0].examples, copy.kpis[0].family) == (
            kpi.measures,
            kpi.examples,
            kpi.family,
        )


def test_the_kpi_that_explains_itself_can_be_saved_as_it_stands(unchanged: Workspace) -> None:
    starter = (Path(authoring.__file__).parent / "starter.yaml").read_text(encoding="utf-8")
    seen = authoring.look(unchanged, None, starter, None)
    assert seen.ready
    assert [outcome.passed for outcome in seen.outcomes] == [True, True]
    assert not seen.draft.findings


def test_an_example_that_fails_says_what_was_expected_and_what_came_out(
    unchanged: Workspace,
) -> None:
    seen = look(
        unchanged,
        HAPPY.replace("filter (where satisfied)", "filter (where not satisfied)").replace(
            "a 4 is happy, a 2 is not", "x"
        ),
    )
    assert seen.ready, "both are 50 % of two answers, and the parts do not know"
    seen = look(unchanged, HAPPY.replace("expect: {value: 50, n: 2}", "expect: {value: 100, n: 2}"))
    (failed,) = seen.failed
    assert (
        failed.number,
        [(each.key, each.wanted, each.found) for each in failed.differences],
    ) == (2, [("value", 100, 50.0)])
    assert not seen.ready


@pytest.mark.parametrize(
    "example",
    [
        "{parts: {happy: 1.0e+308, answers: 1.0e-308}, expect: {value: 1}}",
        "{parts: {happy: -5, answers: 2}, expect: {value: 1}}",
        "{tables: {responses: 'id'}, period: 2026, expect: {value: 1}}",
        "{tables: {responses: 'id,id,id\n\n            ,,'}, period: 2026, expect: {value: 1}}",
        (
            "{tables: {surveys: 'id,kind\n\n            s,\"'}, period: 2026, by: nonsense, "
            "expect: "
            "[{value: 1}]}"
        ),
        (
            "{tables: {responses: 'id,survey_id,responded_at,score\n\n            a,b,c,d,e,f,g'}, "
            "period: 2026, where: '=', expect: {value: 1}}"
        ),
    ],
)
def test_an_odd_example_fails_in_words(unchanged: Workspace, example: str) -> None:
    seen = authoring.look(
        unchanged,
        None,
        HAPPY.replace("    examples:\n", f"    examples:\n      - {example}\n"),
        None,
    )
    assert not seen.ready
    assert seen.draft.errors or [outcome.number for outcome in seen.failed] == [1]


def test_a_preview_is_worked_out_on_the_snapshot_and_nothing_is_saved(unchanged: Workspace) -> None:
    seen = look(unchanged, HAPPY)
    (shown,) = seen.previews
    assert shown.now is not None
    assert shown.slices is not None
    assert (shown.now[0].value, shown.now[0].n) == (75.0, 4)
    assert [answer.value for answer in shown.slices] == [50.0, 100.0]
    assert not list((unchanged.folder / "kpis").iterdir())
    assert "happy_share" not in unchanged.catalogue.kpis


def test_an_expression_whose_types_do_not_fit_is_no_bug_and_is_not_saved(
    unchanged: Workspace,
) -> None:
    seen = look(unchanged, HAPPY.replace("kind = 'csat'", "kind + 1 > 2"))
    assert not seen.ready
    assert seen.previews[0].trouble


def test_a_statement_that_takes_too_long_is_interrupted() -> None:
    with duckdb.connect() as connection, Watch(0.2) as watch:
        cursor = watch.take(connection.cursor())
        with pytest.raises(duckdb.InterruptException):
            cursor.execute(
                "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = "
                "b.range % 11"
            ).fetchall()
        assert watch.said
        with pytest.raises(DefinitionError):
            watch.take(connection.cursor())


def test_examples_that_there_is_no_time_for_are_said_and_not_passed() -> None:
    with examples.WorldShelf() as worlds:
        outcomes = examples.run(draft(HAPPY).kpis, worlds, seconds=0)
    assert [outcome.passed for outcome in outcomes] == [False, False]


def test_a_file_is_named_by_its_kpi_and_written_whole(workspace: Workspace) -> None:
    saved(workspace)
    assert [file.name for file in (workspace.folder / "kpis").iterdir()] == ["happy_share.yaml"]
    assert (workspace.folder / "kpis" / "happy_share.yaml").read_text(encoding="utf-8") == HAPPY
    assert workspace.kpi("happy_share", period="2026-03")[0].value == 75.0


def test_a_draft_with_errors_is_never_written(workspace: Workspace) -> None:
    with pytest.raises(DefinitionError):
        authoring.save(
            workspace,
            draft(HAPPY.replace("id: happy_share", "id: ../x")),
            file=None,
            digest=NOTHING,
        )
    assert not list((workspace.folder / "kpis").iterdir())


def test_counting_otherwise_needs_a_higher_version_and_says_what_it_does_to_figures(
    workspace: Workspace,
) -> None:
    saved(workspace)
    seen = look(workspace, counting_otherwise(HAPPY), "happy_share.yaml")
    assert [(finding.raises, finding.kpi) for finding in seen.draft.errors] == [(2, "happy_share")]
    raised = edits.with_version(counting_otherwise(HAPPY), "happy_share", 2)
    assert raised is not None
    seen = look(workspace, raised, "happy_share.yaml")
    assert seen.ready
    assert [
        (figure.period.start.month, figure.before.value, figure.after.value)
        for figure in seen.changes[0].figures
        if figure.moved
    ] == [(3, 75.0, 7.5)]
    assert seen.moves


def test_other_words_need_no_other_version(workspace: Workspace) -> None:
    saved(workspace)
    seen = look(
        workspace,
        HAPPY.replace("How many answers are happy?", "Which share is happy?"),
        "happy_share.yaml",
    )
    assert seen.ready
    assert not seen.moves


def test_an_id_stays_since_links_name_it(workspace: Workspace) -> None:
    saved(workspace)
    seen = look(workspace, HAPPY.replace("happy_share", "glad_share"), "happy_share.yaml")
    assert [finding.text for finding in seen.draft.errors] == [
        "The KPI 'happy_share' is gone from the file."
    ]


def test_the_second_of_two_people_who_edit_is_shown_what_the_first_wrote(
    workspace: Workspace,
) -> None:
    saved(workspace)
    began = authoring.file_of(workspace, workspace.catalogue.get("happy_share"))
    first, second = (HAPPY.replace("Happy share", name) for name in ("First", "Second"))
    authoring.save(
        workspace,
        read_draft(first, workspace.catalogue, file=began.name),
        file=began.name,
        digest=began.digest,
    )
    with pytest.raises(Stale) as raised:
        authoring.save(
            workspace,
            read_draft(second, workspace.catalogue, file=began.name),
            file=began.name,
            digest=began.digest,
        )
    assert raised.value.now is not None
    assert raised.value.now.text == first
    authoring.save(
        workspace,
        read_draft(second, workspace.catalogue, file=began.name),
        file=began.name,
        digest=raised.value.now.digest,
    )
    assert "name: Second" in (workspace.folder / "kpis" / "happy_share.yaml").read_text(
        encoding="utf-8"
    )


def test_two_who_write_the_same_kpi_at_once_do_not_overwrite_each_other(
    workspace: Workspace,
) -> None:
    fresh = read_draft(HAPPY, workspace.catalogue)
    authoring.save(workspace, fresh, file=None, digest=NOTHING)
    with pytest.raises(Stale):
        authoring.save(workspace, fresh, file=None, digest=NOTHING)


def test_a_kpi_that_is_deleted_is_switched_off_first_so_that_the_workspace_still_opens(
    workspace: Workspace,
) -> None:
    saved(workspace)
    authoring.switch(workspace, "happy_share", on=True)
    workspace.refresh()
    kpi = workspace.catalogue.get("happy_share")
    authoring.delete(workspace, kpi, digest=authoring.file_of(workspace, kpi).digest)
    workspace.refresh()
    assert workspace.enabled == ("csat",)
    assert "happy_share" not in workspace.catalogue.kpis
    assert not list((workspace.folder / "kpis").glob("*.yaml"))


def test_of_two_kpis_in_a_file_one_is_deleted_and_the_other_stays_as_it_was_written(
    workspace: Workspace,
) -> None:
    glad = HAPPY.partition("kpis:\n")[2].replace("happy_share", "glad_share")
    (workspace.folder / "kpis" / "Ours of 2026.yaml").write_text(HAPPY + glad, encoding="utf-8")
    workspace.refresh()
    kpi = workspace.catalogue.get("happy_share")
    authoring.delete(workspace, kpi, digest=authoring.file_of(workspace, kpi).digest)
    assert (workspace.folder / "kpis" / "Ours of 2026.yaml").read_text(
        encoding="utf-8"
    ) == "family: our_own\nkpis:\n" + glad


def test_what_comes_with_kampass_is_not_changed(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        authoring.file_of(workspace, workspace.catalogue.get("nrr"))
