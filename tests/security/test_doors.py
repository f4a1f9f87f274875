"""Ways round the door: redirects, paths, hosts, methods, sizes, odd characters, other people's
things, locked connections, secrets.
"""

import ast
from pathlib import Path
from urllib.parse import quote, urlsplit

import duckdb
import pytest
from tests.each import each
from tests.security.routes import CHANGING, READING, Route, name
from tests.security.world import PASSWORD, QUERY, World

import kampass
from kampass.web.rendering import local

ELSEWHERE = [
    "https://evil.example",
    "http://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\tevil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "//evil.example/%2f..",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "//testserver@evil.example",
    "http://testserver.evil.example",
    "evil.example",
    ".evil.example",
    "@evil.example",
    "/\x00/evil.example",
    "\uff0f\uff0fevil.example",
    "/\u2028/evil.example",
    "//[::1]",
    "//evil.example:80",
    "https://testserver@evil.example",
    "?next=//evil.example",
]
ABOVE = [
    "../rendering.py",
    "../../web/rendering.py",
    "css/../../rendering.py",
    "..%2frendering.py",
    "%2e%2e/rendering.py",
    "%2e%2e%2frendering.py",
    "..%252frendering.py",
    "..\\rendering.py",
    "..%5crendering.py",
    "%2e%2e%5crendering.py",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "css/%2e%2e/%2e%2e/rendering.py",
    "....//rendering.py",
    "..;/rendering.py",
    "css/base.css%00.py",
    "css/base.css/",
    "css",
    "",
    ".",
    "..",
    "css/",
    "%00",
    "css/base.css.gz.gz",
    "file:///etc/passwd",
    "..%c0%afrendering.py",
    "%ff%fe",
    "css/base.css?../../rendering.py#",
    "vendor/../../parts/page/base.html",
]
ODD = [
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "\u202e\ufffe🙂",
    "%%%s%n",
    "\r\nset-cookie: a=b",
    "9" * 400,
    "-1e999",
    "NaN",
    "é" * 500,
]
INJECTED = [
    "'",
    "''",
    '"',
    "';--",
    "' OR '1'='1",
    "' OR 1=1--",
    "1; DROP TABLE accounts",
    "nrr'; SELECT 1--",
    "nrr UNION SELECT 1",
    "nrr) OR (1=1",
    "$$x$$",
    "read_text('/etc/passwd')",
    "(SELECT 1)",
    "segment=' OR '1'='1",
    "segment=enterprise' OR 1=1--",
    "segment in 'a','b'",
    "account=A1' UNION SELECT id FROM accounts--",
    "segment=\\",
    "2025-Q4'; ATTACH 'x'",
    "2025-Q4'--",
    "1=1",
    "id);COPY accounts TO '/tmp/kampass-x'",
    "mrr_end desc; --",
    "-mrr_end'",
    "10; SELECT 1",
    "0 OR 1=1",
    "{}",
    "[]",
    "segment=enterprise;",
    "\\'; --",
]
ENTRIES = [
    ("/api/v1/kpis/{}", None),
    ("/kpis/{}", None),
    ("/why/{}", None),
    ("/bridge/{}", None),
    ("/accounts/{}", None),
    ("/api/v1/accounts/{}", None),
    ("/api/v1/labels/{}", None),
    *(
        ("/api/v1/kpis/mrr_end", key)
        for key in ("period", "by", "where", "grain", "snapshot", "known_at", "compare", "limit")
    ),
    *(
        (path, key)
        for path in ("/accounts", "/api/v1/accounts")
        for key in ("q", "where", "sort", "period", "by", "column", "limit", "after", "page")
    ),
    ("/overview", "where"),
    ("/settings/audit", "person"),
    ("/settings/audit", "action"),
    ("/api/v1/notes", "account"),
]
IN_PATHS = ["%00", "%ed%a0%80", "%0d%0aset-cookie:a=b", "🙂", "a" * 3000, "'"]
UNPROTECTED = ("/static/", "/health", "/ready")
ASKED = [
    route for route in READING if route.rule is not None and not route.path.startswith(UNPROTECTED)
]
NAMED = [route for route in READING if route.names and not route.path.startswith("/static/")]


def in_turn(values: list[str], turn: int, count: int) -> list[str]:
    """Some of the values, others for each turn, so that all of them are tried without trying all of
    them everywhere.
    """
    return [values[(turn * count + step) % len(values)] for step in range(count)]


def _short(value: object) -> str:
    return ascii(str(value))[1:21] if isinstance(value, str) else str(value)


class TestRedirects:
    """Nobody is sent elsewhere after signing in."""

    @each("to", ELSEWHERE, ids=ascii)
    def test_next_leads_nowhere_but_here(self, world: World, to: str) -> None:
        answer = world.ask(
            None,
            "POST",
            "/sign-in",
            data={"email": "u1@firm.example", "password": PASSWORD, "next": to},
        )
        assert answer.status_code == 303
        found = answer.headers["location"]
        assert found == local(to)
        assert urlsplit(found).netloc == "" and urlsplit(found).scheme == ""
        assert found.startswith("/") and not found.startswith(("//", "/\\"))
        signed_in = world.ask("admin", "GET", "/sign-in", params={"next": to})
        assert signed_in.headers["location"] == found

    @each("to", ["/overview", "/accounts?where=segment%3Da&sort=-nrr", "/kpis/nrr#notes"])
    def test_next_leads_on_where_it_is_ours(self, world: World, to: str) -> None:
        assert world.ask("admin", "GET", "/sign-in", params={"next": to}).headers["location"] == to

    def test_a_page_that_wants_a_sign_in_is_come_back_to(self, world: World) -> None:
        found = world.ask(None, "GET", "/accounts?where=segment%3Da").headers["location"]
        assert found == "/sign-in?next=%2Faccounts%3Fwhere%3Dsegment%253Da"
        for path in ("//evil.example", "/\\evil.example", "/.//evil.example"):
            to = world.client.get(f"http://testserver{path}").headers.get("location", "/")
            assert urlsplit(to).netloc in {"", "testserver"}


class TestPaths:
    """Files come from the folder of static files and from nowhere else."""

    @each("path", ABOVE)
    def test_static_stays_in_its_folder(self, world: World, path: str) -> None:
        answer = world.client.get(f"http://testserver/static/x/{path}")
        assert answer.status_code in {200, 307, 400, 404}
        if answer.status_code == 200:
            assert answer.headers["content-type"].startswith("text/css")
        assert (
            "root:" not in answer.text
            and "def render(" not in answer.text
            and "{% block" not in answer.text
        )

    @pytest.mark.parametrize(
        "path", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "%00", "."]
    )
    @each(
        "route",
        [
            route
            for route in READING
            if {"upload_id", "batch_id", "row_id", "snapshot", "job_id", "kpi", "account"}
            & set(route.names)
        ],
        ids=name,
    )
    def test_a_name_in_an_address_is_no_path(self, world: World, route: Route, path: str) -> None:
        answer = world.get("admin", route.at(**dict.fromkeys(route.names, path)))
        assert answer.status_code in {200, 303, 307, 404, 405, 409, 422}
        assert "root:" not in answer.text

    @pytest.mark.parametrize("name_", ["..", "../../x", "a\r\nx: y", '"; filename="x', "é"])
    def test_a_download_has_a_plain_name(self, world: World, name_: str) -> None:
        answer = world.get(
            "admin",
            "/accounts/export",
            params={"format": "csv", "q": name_, "where": f"segment={name_}"},
        )
        disposition = answer.headers.get("content-disposition", "attachment")
        assert (
            disposition.startswith("attachment")
            and ".." not in disposition
            and "\n" not in disposition
        )


class TestSizes:
    """Whatever is sent: an answer, and never a bug."""

    @each(
        "route",
        [
            route
            for route in CHANGING
            if "upload" not in route.path
            and "mended" not in route.path
            and route.path != "/sign-out"
        ],
        ids=name,
    )
    def test_a_huge_body_is_refused(self, world: World, route: Route) -> None:
        answer = world.ask(
            "admin",
            route.method,
            route.at(),
            content=b"a=" + b"x" * (2 << 20),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert 400 <= answer.status_code < 500

    @pytest.mark.parametrize(
        "body",
        [
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b"{",
            b"\xff\xfe",
            b'{"text": "\\ud800"}',
            b"null",
            b"[]",
            b'"x"',
            b"1e999",
            b'{"a": NaN}',
        ],
        ids=lambda body: repr(body[:12]),
    )
    @each("route", [route for route in CHANGING if route.is_api], ids=name)
    def test_broken_and_deep_json_is_refused(self, world: World, route: Route, body: bytes) -> None:
        answer = world.ask(
            "analyst",
            route.method,
            route.at(),
            content=body,
            headers={"content-type": "application/json"},
        )
        assert 400 <= answer.status_code < 500 or (
            answer.status_code < 300 and route.method == "DELETE"
        ), answer.text[:300]

    @each(
        ("route", "odd"),
        [(route, odd) for route in ASKED for odd in in_turn(ODD, ASKED.index(route), 3)],
        ids=_short,
    )
    def test_odd_characters_in_every_parameter_break_nothing(
        self, world: World, route: Route, odd: str
    ) -> None:
        answer = world.ask(
            "admin", "GET", route.at(), params=QUERY | dict.fromkeys(_parameters(route), odd)
        )
        assert answer.status_code < 500, answer.text[:300]
        assert "set-cookie: a=b" not in str(answer.headers)

    @each(
        ("route", "odd"),
        [(route, odd) for route in NAMED for odd in in_turn(IN_PATHS, NAMED.index(route), 3)],
        ids=_short,
    )
    def test_odd_characters_in_a_path_break_nothing(
        self, world: World, route: Route, odd: str
    ) -> None:
        path = route.path
        for part in route.names:
            path = path.replace(f"{{{part}}}", odd)
        answer = world.ask("admin", "GET", path, params=QUERY)
        assert answer.status_code < 500, answer.text[:300]


class TestInjection:
    """No word of a question is ever a piece of SQL."""

    @each(("path", "key"), ENTRIES)
    def test_a_question_is_never_sql(self, world: World, path: str, key: str | None) -> None:
        plain = {"period": "2025-12"}
        heavy = not path.startswith("/api/v1/kpis")
        for attack in in_turn(INJECTED, ENTRIES.index((path, key)), 8) if heavy else INJECTED:
            address = path.format(quote(attack, safe=""))
            answer = world.ask(
                "account_manager",
                "GET",
                address,
                params=plain if key is None else plain | {key: attack},
            )
            assert answer.status_code < 500, (attack, answer.text[:300])
            assert "mk-A4" not in answer.text and "root:" not in answer.text
            assert (
                "Parser Error" not in answer.text
                and "Catalog Error" not in answer.text
                and "Binder Error" not in answer.text
            )
            if path.startswith("/api/v1/kpis") and answer.status_code == 200:
                assert all(
                    row["value"] is None or row["value"] <= 750
                    for row in answer.json()
                    if isinstance(row, dict) and "value" in row
                )


class TestLocked:
    """The connections that serve reach no file, no network and no other database."""

    @each(
        "sql",
        [
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM read_blob('/etc/passwd')",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM read_parquet('x.parquet')",
            "SELECT * FROM read_json('x')",
            "SELECT * FROM glob('/*')",
            "COPY (SELECT 1) TO '/tmp/kampass-x.csv'",
            "ATTACH '/tmp/kampass-x.db'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SET lock_configuration = false",
            "SET allow_unsigned_extensions = true",
            "EXPORT DATABASE '/tmp/kampass-x'",
            "SELECT * FROM read_text('https://example.com')",
            "PRAGMA database_list; COPY x FROM '/etc/passwd'",
            "SELECT getenv('HOME')",
            "SET home_directory = '/'",
        ],
    )
    @pytest.mark.parametrize("who", ["account_manager", "admin"])
    def test_a_serving_connection_is_locked(self, world: World, who: str, sql: str) -> None:
        backend = world.workspace.sight(world.scope(who)).backend
        with pytest.raises(duckdb.Error):
            backend.run(sql).all()

    def test_a_connection_within_a_scope_sees_nothing_else(self, world: World) -> None:
        backend = world.workspace.sight(world.scope("account_manager")).backend
        assert {row[0] for row in backend.run("SELECT id FROM accounts").all()} == {
            "A1",
            "A2",
            "A3",
            'A7"><xss-probe onload=x>&?#%',
        }
        assert backend.run(
            "SELECT count(*) FROM contacts WHERE account_id IN ('A4', 'A5', 'A6')"
        ).first() == (0,)


def test_nothing_is_pickled_or_evaluated() -> None:
    """No module of ours loads what runs when it is loaded."""
    for file in Path(kampass.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = (
                {alias.name for alias in node.names}
                if isinstance(node, ast.Import | ast.ImportFrom)
                else set()
            )
            assert not names & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}, file
            called = (
                node.func.id
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                else ""
            )
            assert called not in {"eval", "exec"}, file


def _parameters(route: Route) -> list[str]:
    """Every parameter of the query that a route knows."""
    return [*sorted({parameter for parameter in route.asks if parameter not in QUERY}), "q"]
