"""Canonical CSV files whose cells could be taken for something else: numbers, dates, truths and
names.
"""

from tests.hostile.cases import Aside, Hostile, accounts, lines

NUMBER, DATE, INSTANT = (
    "is not a number",
    "is not a date",
    "is not a date or a timestamp with an offset",
)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _column(  # noqa: PLR0917
    name: str,
    table: str,
    column: str,
    head: str,
    good: dict[str, str],
    bad: tuple[str, ...],
    reason: str,
) -> Hostile:
    """A file with one cell a line: `{}` in `head` stands for it, the good ones are read as said,
    the bad ones set aside.
    """
    names, _, row = head.partition("\n")
    texts = [*good, *bad]
    raw = lines(
        names,
        *(
            row.replace("#", str(number)).replace("{}", _cell(text))
            for number, text in enumerate(texts)
        ),
    )
    read = tuple((str(number), value) for number, value in enumerate(good.values()))
    aside = tuple(
        Aside(number + 2, column, texts[number], reason) for number in range(len(good), len(texts))
    )
    return Hostile(name, f"{table}.csv", raw, shown=f"id {column}", read=read, aside=aside)


def _amounts(name: str, *bad: str, **good: str) -> Hostile:
    return _column(
        name,
        "purchases",
        "amount",
        "id,account_id,purchased_at,amount,currency\n#,a,2026-03-01,{},EUR",
        good,
        bad,
        NUMBER,
    )


def _amounts_read(name: str, good: dict[str, str], *bad: str) -> Hostile:
    return _column(
        name,
        "purchases",
        "amount",
        "id,account_id,purchased_at,amount,currency\n#,a,2026-03-01,{},EUR",
        good,
        bad,
        NUMBER,
    )


def _counts(name: str, good: dict[str, str], *bad: str) -> Hostile:
    return _column(
        name,
        "tickets",
        "agent_replies",
        "id,created_at,agent_replies\n#,2026-03-01,{}",
        good,
        bad,
        "is not a whole number",
    )


def _days(name: str, *bad: str, good: dict[str, str] | None = None) -> Hostile:
    return _column(
        name, "accounts", "acquired_on", "id,name,acquired_on\n#,Ann,{}", good or {}, bad, DATE
    )


def _instants(name: str, good: dict[str, str], *bad: str) -> Hostile:
    return _column(
        name,
        "purchases",
        "purchased_at",
        "id,account_id,purchased_at,amount,currency\n#,a,{},1,EUR",
        good,
        bad,
        INSTANT,
    )


NUMBERS = (
    _amounts("German numbers", "1.234,56", "12,5", "1.234.567,00"),
    _amounts("American thousands", "1,234.56", "1,234", "1,234,567"),
    _amounts("French and Swiss thousands", "1 234,56", "1\u00a0234.56", "1\u202f234.56", "1'234.56", "1\u2019234.56"),
    _amounts("numbers of accountants", "(123)", "123-", "+5", "\u22125", "5 CR"),
    _amounts("numbers of programmers", "1E5", "1e400", "0x10", "1_000", "1e-3", "1.", ".5"),
    _amounts("numbers that are none", "NaN", "inf", "-inf", "Infinity", "-", "n/a", "--5", "1.2.3"),
    _amounts("numbers with a sign of money", "12%", "$12", "EUR 12", "12 \u20ac", "USD12"),
    _amounts("digits of other scripts", "\uff11\uff12", "\u0661\u0662", "\u00b2", "\u2462"),
    _amounts("numbers with blanks", " 12", "12 ", "12\u200b", "\t12"),
    _amounts_read("numbers that look odd and are plain", {"-0": "0", "1.10": "1.1", "007.50": "7.5", "-0.5": "-0.5", "1.234": "1.234"}),
    _amounts_read("numbers at the edge", {"999999999999.999999": "999999999999.999999"}, "9007199254740993", "1000000000000", "9" * 400),
    _amounts_read("more decimals than are kept", {"1.100000000": "1.1", "1.23456749": "1.234567", "1.2345675": "1.234568", "0." + "3" * 400: "0.333333"}),
    _counts("whole numbers", {"9007199254740993": "9007199254740993", "3.0": "3", "-0": "0"}, "3.5", "1e3", "99999999999999999999", "1,000", "true"),
    _column("a negative price", "subscriptions", "mrr", "id,account_id,mrr,currency,valid_from\n#,a,{},EUR,2026-01-01", {"0": "0"}, ("-1", "-0.000001"), "is negative"),
    Hostile(
        "a line of totals under numbers", "purchases.csv", lines("id,account_id,purchased_at,amount,currency", "1,a,2026-03-01,5,EUR", "Total,,,5,"),
        shown="id amount", read=(("1", "5"),), aside=(Aside(3, "account_id", None, "required and empty"),),
    ),
    Hostile(
        "a second line of header, with units", "purchases.csv", lines("id,account_id,purchased_at,amount,currency", "text,text,UTC,EUR,ISO", "1,a,2026-03-01,5,EUR"),
        shown="id amount", read=(("1", "5"),), aside=(Aside(2, "purchased_at", "UTC", INSTANT),),
    ),
    Hostile(
        "two files in one, each with its header", "purchases.csv",
        lines("id,account_id,purchased_at,amount,currency", "1,a,2026-03-01,5,EUR", "id,account_id,purchased_at,amount,currency", "2,a,2026-03-01,6,EUR"),
        shown="id amount", read=(("1", "5"), ("2", "6")), aside=(Aside(3, "purchased_at", "purchased_at", INSTANT),),
    ),
)  # fmt: skip

DATES = (
    _days("ambiguous dates", "03/04/2026", "13/04/2026", "04/13/2026", "3.4.2026", "03-04-2026"),
    _days("days that never were", "2026-02-29", "2026-04-31", "2026-13-01", "0000-00-00", "1900-01-00", "2026-00-10", good={"2024-02-29": "2024-02-29"}),
    _days("years at the edge", "99999-01-01", "10000-01-01", "0000-01-01", "-2026-01-01", "26-03-01", good={"9999-12-31": "9999-12-31", "0001-01-01": "0001-01-01"}),
    _days("dates in other notations", "20260301", "2026-3-1", "2026-W09-1", "2026-060", "2026/03/01", "2026.03.01"),
    _days("dates in words", "March 1, 2026", "1 Mar 2026", "1. M\u00e4rz 2026", "today", "epoch", "infinity", "-infinity"),
    _days("dates as numbers", "46082", "1772323200", "1772323200000", "46082.5"),
    _days("dates with more around them", "2026-03-01 ", " 2026-03-01", "2026-03-01T00:00:00", "2026-03-01 (BC)", "2026-03-01\u200b", "'2026-03-01"),
    _days("dates with other signs", "2026\u201103\u201101", "2026\u201303\u201301", "\uff12\uff10\uff12\uff16-03-01"),
    _instants("timestamps without an offset", {"2026-03-01": "2026-03-01T00:00:00.000000"}, "2026-03-01T09:30:00", "2026-03-01 09:30", ("2026-03-01T09:30:00 " "Europe/Berlin"), "2026-03-01T09:30:00 UTC"),
    _instants(
        "offsets as people write them",
        {
            "2026-03-01T09:30:00Z": "2026-03-01T09:30:00.000000", "2026-03-01 09:30:00+00": "2026-03-01T09:30:00.000000", "2026-03-01T09:30:00-00:00": "2026-03-01T09:30:00.000000",
            "2026-03-01T09:30:00+0530": "2026-03-01T04:00:00.000000", "2026-03-01T09:30+14:00": "2026-02-28T19:30:00.000000", "2026-03-01T23:30:00-12:00": "2026-03-02T11:30:00.000000",
        },
        "2026-03-01T09:30:00+24:00", "2026-03-01T09:30:00+05:60", "2026-03-01T09:30:00+5", "2026-03-01T09:30:00z", "2026-03-01t09:30:00Z",
    ),
    _instants(
        "hours and seconds that clocks do not show",
        {"2026-03-01T23:59:59.999999Z": "2026-03-01T23:59:59.999999", "2026-03-01T09:30:00.123456000Z": "2026-03-01T09:30:00.123456", "2026-03-01T24:00:00Z": "2026-03-02T00:00:00.000000"},
        "2026-03-01T25:00:00Z", "2026-03-01T24:30:00Z", "2026-03-01T23:59:60Z", "2026-03-01T09:60:00Z", "2026-03-01T9:30:00Z", "2026-03-01T09:30:00,5Z",
    ),
    _instants("instants at the edge", {"9999-12-31T23:59:59Z": "9999-12-31T23:59:59.000000"}, "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "10000-01-01T00:00:00Z", "1772323200"),
)  # fmt: skip

WORDS = (
    _column(
        "truth in other words", "accounts", "is_test", "id,name,is_test\n#,Ann,{}", {"true": "true", "false": "false"},
        ("TRUE", "True", "Y", "N", "1", "0", "yes", "WAHR", "t", " true"), "is neither true nor false",
    ),
    _column(
        "words that are almost on the list", "deals", "status", "id,kind,status,created_at,closed_at\n#,new,{},2026-01-01,2026-02-01", {"won": "won"},
        ("Won", "won ", "closed won", "gewonnen"), "is none of open, won, lost",
    ),
    accounts(
        "ids that look like numbers, nothing or truth",
        "007,a,\n7,b,\n1E5,c,\n100000,d,\n1.0,e,\n1,f,\nTRUE,g,\nfalse,h,\n0x10,i,\n-,j,\n2026-03-01,k,\n+5,l,\n",
        *((text, name, None) for text, name in zip(("007 7 1E5 100000 1.0 1 TRUE false 0x10 - " "2026-03-01 +5").split(), "abcdefghijkl", strict=True)),
    ),
    accounts(
        "ids with something that nobody sees",
        "1,Ann,x\n1\u200b,a,\n1\u200d,b,\n1\u2060,c,\n\u00a01,d,\n1\u200e,e,\n\u202e1,f,\n1\u2067,g,\n1\u00ad,h,\n",
        ("1", "Ann", "x"),
        aside=tuple(
            Aside(number, "id", text, "invisible")
            for number, text in enumerate(("1\u200b", "1\u200d", "1\u2060", "\u00a01", "1\u200e", "\u202e1", "1\u2067", "1\u00ad"), start=3)
        ),
    ),
    accounts("NUL in a name and in an id", b"id,name,region\n1,A\0nn,x\n2\0,Bob,y\n3,Cid,z\n", ("3", "Cid", "z"), aside=(Aside(2, "name", "A\0nn", "NUL"), Aside(3, "id", "2\0", "NUL"))),
    accounts("ids with blanks at their ends", "1 ,Ann,x\n1,Bob,y\n 1,Cid,z\n", ("1 ", "Ann", "x"), ("1", "Bob", "y"), (" 1", "Cid", "z")),
    accounts("one letter written in two ways", "caf\u00e9,Ann,x\ncafe\u0301,Bob,y\n", ("caf\u00e9", "Ann", "x"), ("cafe\u0301", "Bob", "y")),
    accounts("emoji and letters of the astral planes", "\U0001f98a,\U0001f469\u200d\U0001f4bb,\U00020000\n", ("\U0001f98a", "\U0001f469\u200d\U0001f4bb", "\U00020000")),
    accounts("text from right to left", "1,\u202b\u05d0\u05d1\u202c,\u200fx\n", ("1", "\u202b\u05d0\u05d1\u202c", "\u200fx")),
    accounts("formulas", "=1+1,\"=cmd|' /C calc'!A0\",@SUM(A1)\n-2+3,+1,\t=1\n", ("=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)"), ("-2+3", "+1", "\t=1")),
    accounts("SQL in a cell", "1,'); DROP TABLE accounts; --,\"x\"\"; ATTACH 'y'\"\n", ("1", "'); DROP TABLE accounts; --", "x\"; ATTACH 'y'")),
)  # fmt: skip

CASES = (*NUMBERS, *DATES, *WORDS)
