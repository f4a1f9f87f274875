"""The parts of a page: what each draws from what it is given, that all of them escape, and that
none needs an inline style or script.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import kampass.web
from kampass.server.problems import Problem
from kampass.web.pages.styleguide.view import StyleGuide
from kampass.web.parts import figures, forms, ink, links, pictures, tables
from kampass.web.parts.pictures import BridgeStep
from kampass.web.rendering import Flash, PageHead

WEB = Path(kampass.web.__file__).parent
EVIL = '"><script>alert(1)</script>'


@cache
def environment() -> Environment:
    made = Environment(loader=FileSystemLoader(WEB), autoescape=True, undefined=StrictUndefined)
    made.globals["static"] = lambda path: f"/static/{path}"
    ink.equip(made)
    return made


def drawn(call: str, **given: object) -> str:
    """A part drawn from its call; the call may name what parts are given."""
    known = {
        name: value
        for module in (figures, forms, links, pictures, tables)
        for name, value in vars(module).items()
    }
    template = environment().from_string('{% import "parts/parts.html" as ui %}' + call)
    return template.render(known | {"Flash": Flash} | given)


def page(template: str = "pages/styleguide/page.html", **given: object) -> str:
    viewer = {"name": "Dana Fox", "email": "dana@example.org", "role": "team_lead"}
    frame = {
        "nav": [("Overview", "/overview", "overview", True)],
        "viewer": viewer,
        "csrf": "token",
        "flash": [],
        "request": None,
        "view": StyleGuide(),
        "page": PageHead("How do the parts look?", "Style guide"),
        "freshness": {
            "text": "3 Jan 2026, 09:12",
            "iso": "2026-01-03T09:12:00Z",
            "snapshot": "e1dcc463",
            "zone": "UTC",
        },
    }
    return environment().get_template(template).render(frame | given)


# ---- geometry


def test_a_sparkline_goes_up_when_values_go_up() -> None:
    assert ink.spark([1.0, 2.0, 3.0]).runs == ("M0 28 L60 16 L120 4",)


def test_a_gap_in_a_sparkline_stays_a_gap() -> None:
    line = ink.spark([1.0, None, 1.0, 1.0])
    assert [run.count("L") for run in line.runs] == [0, 1]


def test_the_way_to_a_partial_value_is_drawn_apart() -> None:
    line = ink.spark([0.0, 1.0, 0.5], partial=True)
    assert line.runs == ("M0 28 L60 4",)
    assert line.open_run == "M60 4 L120 16"


def test_a_target_above_every_value_makes_room_for_itself() -> None:
    line = ink.spark([0.0, 1.0], target=2.0)
    assert line.target == 4
    assert line.runs == ("M0 28 L120 16",)


@pytest.mark.parametrize("values", [[], [None, None]])
def test_no_values_draw_nothing(values: list[None]) -> None:
    assert ink.spark(values) == ink.Spark((), None, None, None)


def test_a_flat_line_runs_through_the_middle() -> None:
    assert ink.spark([7.0, 7.0]).runs == ("M0 16 L120 16",)


def test_bars_of_a_bridge_start_at_zero_and_changes_hang_on_the_level_before() -> None:
    """Start 8, +2, -5, end 5 on a picture from 12 (head) to 100 (zero): one unit is 8.8 high."""
    steps = [
        BridgeStep("start", "x", 8),
        BridgeStep("up", "x", 2),
        BridgeStep("down", "x", -5),
        BridgeStep("end", "x", 5),
    ]
    drawn_bars = [(bar.y, bar.height) for bar in ink.waterfall(steps).bars]
    assert drawn_bars == [(29.6, 70.4), (12.0, 17.6), (12.0, 44.0), (56.0, 44.0)]


def test_a_bridge_below_zero_keeps_zero_on_the_picture() -> None:
    picture = ink.waterfall(
        [
            BridgeStep("start", "a", 1),
            BridgeStep("down", "b", -2),
            BridgeStep("end", "c", -1),
        ]
    )
    assert picture.zero == 56
    assert (picture.bars[2].y, picture.bars[2].height) == (56, 44)


def test_a_long_label_of_a_bridge_wraps() -> None:
    (bar,) = ink.waterfall([BridgeStep("start", "Moved into this team", 1)]).bars
    assert bar.lines == ("Moved into", "this team")


def test_nothing_is_drawn_outside_its_scale() -> None:
    assert (ink.along(-5, 0, 10), ink.along(15, 0, 10), ink.along(5, 3, 3)) == (0, 100, 0)
    assert (ink.shade(-5, 0, 10), ink.shade(15, 0, 10)) == (1, 7)


# ---- markup


def test_no_part_needs_an_inline_style_or_script() -> None:
    shown = page()
    assert not re.search(r"<[^>]+\sstyle=", shown)
    assert not re.search(r"<[^>]+\son[a-z]+=", shown)
    assert not re.search(r"<script(?![^>]*\ssrc=)", shown)


def test_no_template_says_safe() -> None:
    assert not [
        path
        for path in WEB.rglob("*.html")
        if re.search(r"\|\s*safe|autoescape false", path.read_text("utf-8"))
    ]


def test_every_icon_that_is_named_is_drawn() -> None:
    known = set(
        re.findall(r'<symbol id="([a-z]+)"', (WEB / "static" / "icons.svg").read_text("utf-8"))
    )
    assert set(re.findall(r"icons\.svg#([a-z]+)", page())) <= known
    assert {
        "call",
        "mail",
        "meeting",
        "ticket",
        "survey",
        "contract",
        "usage",
        "note",
        "goal",
        "alert",
    } <= known


def test_every_class_of_a_part_is_in_a_style_sheet() -> None:
    styled = set(
        re.findall(
            r"\.([a-z][a-z0-9-]*)",
            "".join(path.read_text("utf-8") for path in (WEB / "static" / "css").glob("*.css")),
        )
    )
    plain = {"badge-neutral", "button-plain", "change-neutral"}
    used = {name for names in re.findall(r'\bclass="([^"]*)"', page()) for name in names.split()}
    bare = {
        name
        for name in used
        if name not in styled | plain and not re.match(r"(entry|bridge|notice|toast)-", name)
    }
    assert not bare


def test_ids_stand_once_on_a_page() -> None:
    ids = re.findall(r'\sid="([^"]+)"', page())
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize(
    "call",
    [
        "ui.tile(FigureTile(evil, evil, evil, why=evil, n=evil, target=evil, status=Badge(evil)))",
        "ui.tile(FigureTile(evil, none, reason=evil, changes=[Delta(evil, against=evil)]))",
        "ui.tile(FigureTile(evil, evil, spark=Course([1, 2], evil)))",
        "ui.tile(FigureTile(evil, evil, interval=Interval(1, 2, 3, text=evil)))",
        "ui.bridge(evil, [BridgeStep('start', evil, 1, evil, evil, evil)])",
        "ui.cohorts(evil, CohortMap([evil], [CohortRow(evil, [HeatCell(none, evil, evil, evil)])]))",
        "ui.timeline([TimelineMonth(evil, [TimelineEntry('note', evil, evil, evil, evil, evil)])])",
        "ui.timeline([TimelineMonth(evil, [TimelineEntry('a', evil, evil, evil, quote=evil)])])",
        "ui.ranked(evil, [RankBand(evil, [RankRow(evil, evil, Interval(1, 2, 3), n=evil)], evil)])",
        "ui.table(evil, DataTable([Heading('a', evil, hint=evil)], [TableRow({'a': evil}, evil)]))",
        "ui.table(evil, DataTable([Heading('a', evil)], [TableRow({'a': TableCell(evil, evil)})]))",
        "ui.table_tools(evil, [(evil, evil, true)], evil, {evil: [evil]}, [Link(evil, evil)])",
        "ui.filters(Filters(evil, [FormField(evil, evil, evil)], evil, chips=[(evil, evil)]))",
        "ui.filled(FormField(evil, evil, evil, hint=evil, error=evil, listed=[evil]))",
        "ui.field(evil, evil, evil, options=[(evil, evil)], prefix=evil)",
        "ui.field(evil, evil, evil, rows=3, attrs={'data-x': evil})",
        "ui.button(evil, href=evil, attrs={'title': evil})",
        "ui.tabs(evil, [Link(evil, evil, true)])",
        "ui.export_menu([Link(evil, evil)])",
        "ui.pager(evil, evil, evil)",
        "ui.notice(evil, href=evil, label=evil)",
        "ui.trouble(evil, evil, evil, evil, [(evil, evil)])",
        "ui.empty(evil, evil, [(evil, evil)])",
        "ui.progress(evil, 1, 2, evil)",
        "ui.facts([Detail(evil, evil, evil, evil)])",
        "ui.code(evil, evil, evil)",
        "ui.moment(evil, evil, evil)",
        "ui.badge(evil)",
        "ui.icon('note', evil)",
        "ui.formula(evil, evil, evil, evil)",
        "ui.palette_results([FoundGroup(evil, [Found(evil, evil, evil)])], evil)",
        "ui.palette_results([], evil)",
        "ui.toasts([Flash(evil, 'good', evil, evil)])",
    ],
)
def test_a_part_escapes_whatever_it_is_given(call: str) -> None:
    shown = drawn("{{ " + call + " }}", evil=EVIL)
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown


def test_a_panel_escapes_its_title() -> None:
    shown = drawn("{% call ui.panel(evil, note=evil, href=evil) %}{% endcall %}", evil=EVIL)
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown


def test_a_tile_without_a_value_says_why() -> None:
    tile = figures.FigureTile("Response", None, reason="No ticket system is connected.")
    shown = drawn("{{ ui.tile(tile) }}", tile=tile)
    assert "No value" in shown
    assert "No ticket system is connected." in shown


@pytest.mark.parametrize(
    ("direction", "tone", "words"),
    [("up", "good", "up, better:"), ("up", "bad", "up, worse:"), ("down", "good", "down, better:")],
)
def test_a_change_says_in_words_what_its_colour_says(direction: str, tone: str, words: str) -> None:
    assert words in drawn(
        "{{ ui.change(Delta('+3.2 pp', direction, tone)) }}", direction=direction, tone=tone
    )


def test_a_sorted_column_says_so() -> None:
    shown = drawn(
        "{{ ui.table('T', DataTable([Heading('a', 'A', sort='?sort=a', sorted='desc')])) }}"
    )
    assert 'aria-sort="descending"' in shown
    assert 'href="?sort=a"' in shown


def test_a_field_in_error_keeps_its_value_and_points_at_the_error() -> None:
    shown = drawn(
        "{{ ui.field('target', 'Target', '250', hint='In percent.', error='At most 200.') }}"
    )
    assert 'value="250"' in shown
    assert 'aria-describedby="field-target-hint field-target-error"' in shown
    assert 'aria-invalid="true"' in shown


def test_a_password_is_never_sent_back() -> None:
    assert "hunter22hunter22" not in drawn(
        "{{ ui.field('password', 'Password', 'hunter22hunter22', kind='password') }}"
    )


def test_a_form_keeps_the_rest_of_the_question() -> None:
    hidden = {"by": ["segment", "region"], "sort": "-nrr"}
    shown = drawn("{{ ui.filters(Filters('Q', [], hidden=hidden)) }}", hidden=hidden)
    assert re.findall(r'name="(\w+)" value="([^"]+)"', shown) == [
        ("by", "segment"),
        ("by", "region"),
        ("sort", "-nrr"),
    ]


def test_the_frame_holds_for_somebody_who_is_not_signed_in() -> None:
    problem = Problem(404, "not_found", "There is no such page.")
    shown = page("parts/page/error.html", viewer=None, nav=[], freshness=None, view=problem)
    assert "There is no such page." in shown
    assert "sign-out" not in shown


def test_signing_out_is_a_form_with_its_token() -> None:
    assert re.search(
        r'<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="token">',
        page(),
    )
