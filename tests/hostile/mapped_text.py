"""Other people's text files under a mapping: what is declared is read, what is left open is asked,
what does not fit is set aside.
"""

import codecs
import gzip

from tests.hostile.cases import Aside, Cells, Hostile, lines

NAMES = '[columns]\nid = "No"\nname = "Name"\nregion = "Area"'
PLAIN = "No,Name,Area\n1,M\u00fcller,x\n2,Bob,y\n"
BOTH = (("1", "M\u00fcller", "x"), ("2", "Bob", "y"))
BUYS = (
    '[columns]\nid = "No"\naccount_id = {{ constant = "a" }}\npurchased_at = {}\namount = '
    '{}\ncurrency = {{ constant = "EUR" }}'
)


def names(
    name: str,
    raw: bytes | str,
    said: str,
    *read: Cells,
    file: str = "c.csv",
    columns: str = NAMES,
    aside: tuple[Aside, ...] = (),
    **more: str,
) -> Hostile:
    """Somebody's accounts: No, Name, Area."""
    whole = raw if isinstance(raw, bytes) else raw.encode()
    return Hostile(
        name,
        file,
        whole,
        f'file = "{file}"\n{said}\n{columns}',
        read=read,
        aside=aside,
        table="accounts",
        **more,
    )  # type: ignore[arg-type]


def cells(  # noqa: PLR0917
    name: str,
    kind: str,
    how: str,
    said: str,
    good: dict[str, str],
    bad: dict[str, str] | None = None,
    refused: str = "",
    way_out: str = "",
) -> Hostile:
    """Somebody's purchases, one a line: the amounts, or the instants, are written in the way to be
    read.
    """
    texts = [*good, *(bad or {})]
    raw = lines(
        "No|When|Net",
        *(
            f"{number}|{text}|1" if kind == "purchased_at" else f"{number}|2026-03-01|{text}"
            for number, text in enumerate(texts)
        ),
    )
    columns = BUYS.format(how, '"Net"') if kind == "purchased_at" else BUYS.format('"When"', how)
    column = "When" if kind == "purchased_at" else "Net"
    aside = tuple(
        Aside(number + 2, column, text, reason)
        for number, (text, reason) in enumerate((bad or {}).items(), start=len(good))
    )
    read = (
        tuple((str(number), value) for number, value in enumerate(good.values()))
        if not refused
        else ()
    )
    mapping = f'file = "p.txt"\ndelimiter = "|"\n{said}\n{columns}'
    return Hostile(
        name,
        "p.txt",
        raw,
        mapping,
        f"id {kind}",
        read,
        aside if not refused else (),
        0,
        refused,
        way_out,
        "purchases",
    )


ENCODINGS = (
    names("UTF-16 as declared", PLAIN.encode("utf-16"), 'encoding = "utf-16"', *BOTH),
    names("UTF-16 without a mark, as declared", PLAIN.encode("utf-16-be"), 'encoding = "utf-16-be"', *BOTH),
    names("UTF-16 that nobody declared", PLAIN.encode("utf-16"), "", refused="seems to be UTF-16", way_out='encoding = "utf-16"'),
    names("UTF-32 that nobody declared", PLAIN.encode("utf-32"), "", refused="seems to be UTF-32", way_out='encoding = "utf-32"'),
    names("UTF-16 that lost a byte", PLAIN.encode("utf-16")[:-1], 'encoding = "utf-16"', refused="line 3: the bytes", way_out="encoding"),
    names("Windows-1252 as declared", PLAIN.encode("cp1252"), 'encoding = "windows-1252"', *BOTH),
    names("Windows-1252 that nobody declared", PLAIN.encode("cp1252"), "", BOTH[1], aside=(Aside(2, "", "", "in column B 'Name'"),)),
    names("UTF-8 declared as Windows-1252", PLAIN.encode(), 'encoding = "windows-1252"', refused="reads as UTF-8", way_out='encoding = "utf-8"'),
    names("Windows-1252 declared as Latin-1", "No,Name,Area\n1,\x80uro,x\n2,Bob,y\n".encode("latin-1"), 'encoding = "latin-1"', BOTH[1], aside=(Aside(2, "", "", "a byte does not read"),)),
    names("Shift-JIS, whose letters end in backslashes", "No,Name,Area\n1,\u30bd\u8868,x\n".encode("shift_jis"), 'encoding = "shift_jis"', ("1", "\u30bd\u8868", "x")),
    names("a byte order mark under a header further down", codecs.BOM_UTF8 + b"Report\n" + PLAIN.encode(), "header_row = 2", *BOTH),
)  # fmt: skip

SHAPES = (
    names("semicolons that nobody declared", PLAIN.replace(",", ";"), "", refused="line 1: there is no column " "'No'", way_out='delimiter = ";"'),
    names("sep=; on the first line", "sep=;\n" + PLAIN.replace(",", ";"), ('delimiter = ";"\nheader_row ' '= 2'), *BOTH),
    names("a report's head above the header", "Report\n\n" + PLAIN, "", refused="line 1: there is no column " "'No'", way_out="header_row = 3"),
    names("a header row beyond the end", PLAIN, "header_row = 9", refused="ends before line 9", way_out="header_row"),
    names("a header in other letters", "no,Name,Area\n1,Ann,x\n", "", refused="line 1: there is no column " "'No'", way_out="Did you mean 'no' [(]column " "A"),
    names("one header twice", "No,Name,Area,Area\n1,Ann,x,y\n", "", refused="line 1: the header holds " "'Area' 2 times", way_out='"Area [(]column D[)]"'),
    names("the header once more in the middle", "No,Name,Area\n1,Ann,x\nNo,Name,Area\n2,Bob,y\n", "", ("1", "Ann", "x"), ("2", "Bob", "y"), aside=(Aside(3, "No", "No", "repeats the header"),)),
    names("a tab too many", "No\tName\tArea\n1\tAnn\tx\n2\tBob\ty\tz\n", "", ("1", "Ann", "x"), file="c.tsv", aside=(Aside(3, "", "2\tBob\ty\tz", "has 4 fields"),)),
    names("a torn quote below a header further down", 'x\nNo,Name,Area\n1,"Ann,x\n2,Bob,y\n', "header_row = 2", BOTH[1], aside=(Aside(3, "", "", "cannot be read"),)),
    names("quotes that are letters", 'No|Name|Area\n1|5" pipe|"x\n', 'delimiter = "|"\nquote = ""', ("1", '5" pipe', '"x')),
    names("quotes escaped by a backslash", 'No,Name,Area\n1,"A\\"nn",x\n', 'escape = "\\\\"', ("1", 'A"nn', "x")),
    names("ids with something that nobody sees", "No,Name,Area\n1\u200b,Ann,x\n2,Bob,y\n", "", BOTH[1], aside=(Aside(2, "No", "1\u200b", "invisible"),)),
    names("NUL in a cell", "No,Name,Area\n1,A\0nn,x\n2,Bob,y\n", "", BOTH[1], aside=(Aside(2, "Name", "A\u2400nn", "NUL"),)),
    names("NUL in an attribute", "No,Name,Area,More\n1,Ann,x,a\0b\n2,Bob,y,c\n", "", BOTH[1], columns=NAMES + '\nextra = ["More"]', aside=(Aside(2, "Name", "a\0b (in More)", "NUL"),)),
    names("a value that is on no list", "No,Name,Area\n1,Ann,1\n2,Bob,7\n", "", ("1", "Ann", "emea"), columns=NAMES.replace('"Area"', '{ column = "Area", values = ' '{ 1 = "emea" } }'), aside=(Aside(3, "Area", "7", "none of the values"),)),
    names("words for truth, and another", "No,Name,Area\n1,Ann,Y\n2,Bob,\n3,Cid,J\n", "", ("1", "Ann", "true"), ("2", "Bob", "false"), columns=NAMES.replace('region = "Area"', 'is_test = { column = ' '"Area", true = ["Y"], false ' '= ["N", ""] }'), shown="id name is_test", aside=(Aside(4, "Area", "J", "words for true and false"),)),
    names("lines of one key that disagree", "No,Name,Area\n1,Ann,x\n1,Anna,x\n2,Bob,y\n2,Bob,y\n", "distinct = true", BOTH[1], aside=(Aside(2, "Name", "Ann", "differs between lines"), Aside(3, "Name", "Anna", "differs between lines"))),
    names("an id joined by a sign that both parts hold", "No,Name,Area\na-b,c,x\na,b-c,y\n", "", columns=NAMES.replace('"No"', '{ columns = ["No", "Name"], ' 'join = "-" }'), refused="two rows could get one name", way_out="join"),
    names("more columns than any sheet has", "No,Name,Area," + "," * 17_000 + "\n", "", refused="columns", way_out="only what is needed"),
    names("ten thousand columns", PLAIN.replace("Area", "Area" + ",x" * 10_000).replace(",x\n", ",x" + ",1" * 10_000 + "\n").replace(",y\n", ",y" + ",1" * 10_000 + "\n").replace("Area" + ",x" * 9_999 + ",x" + ",1" * 10_000, "Area" + ",x" * 10_000), "", *BOTH),
    names("gzip", gzip.compress(PLAIN.encode(), mtime=0), "", refused="packed", way_out="ends in .gz"),
    names("a web page", b"<html><table>", "", refused="web page", way_out="export CSV"),
    names("a SELECT that casts what does not read", "No,Name,Area\n1,Ann,x\nA,Bob,y\n", ('select = "SELECT CAST(No AS ' 'INTEGER) AS id, Name AS ' 'name FROM raw"'), columns="", refused="select: .*onver", way_out="TRY_CAST"),
    names("a SELECT that reaches for another file", PLAIN, ('select = "SELECT * FROM ' "read_csv('/etc/passwd')\""), columns="", refused="may read raw and nothing " "else", way_out="raw"),
)  # fmt: skip

OTHER = {"03/04/2026": "2026-04-03T00:00:00.000000", "29/02/2024": "2024-02-29T00:00:00.000000"}
DAY = '{ column = "When", date = "%d/%m/%Y" }'
CLOCK = '{ column = "When", timestamp = "%Y-%m-%d %H:%M:%S" }'
ZONE = 'timezone = "Europe/Berlin"'
OVERLAP = "2026-10-25 02:30:00"
VALUES = (
    cells("dates that read in two ways", "purchased_at", '"When"', "", {"03/04/2026": ""}, refused="line 2, column 'When': " "'03/04/2026' could be read " "in two ways", way_out="%d/%m/%Y.*\n.*%m/%d/%Y"),
    cells("days and months as declared", "purchased_at", DAY, "", OTHER, {"04/13/2026": "is no date as", "29/02/2026": "is no date as", "3/4/26": "is no date as", "46082": "is no date as", "1/4/2026 ": "is no date as"}),
    cells("years of two digits", "purchased_at", '{ column = "When", date = "%d.%m.%y" }', "pivot = 30", {"1.2.29": "2029-02-01T00:00:00.000000", "1.2.30": "1930-02-01T00:00:00.000000"}, {"1.2.2029": "is no date as"}),
    cells("months by name", "purchased_at", ('{ column = "When", date = ["%d %b %Y", "%B %d, ' '%Y"] ' '}'), "", {"1 Mar 2026": "2026-03-01T00:00:00.000000", "March 1, 2026": "2026-03-01T00:00:00.000000"}, {"1 M\u00e4r 2026": "is no date as", "31 Jun 2026": "is no date as"}),
    cells("two formats that contradict each other", "purchased_at", ('{ column = "When", date = ' '["%d/%m/%Y", "%m/%d/%Y"] }'), "", {"13/04/2026": "2026-04-13T00:00:00.000000", "04/04/2026": "2026-04-04T00:00:00.000000"}, {"03/04/2026": "more than one way"}),
    cells("timestamps without a zone", "purchased_at", '"When"', "", {"2026-03-01 09:30:00": ""}, refused="line 2, column " "'When'.*which time zone", way_out="timezone"),
    cells("hours that clocks skip and repeat", "purchased_at", CLOCK, ZONE, {"2026-03-29 03:00:00": "2026-03-29T01:00:00.000000"}, {"2026-03-29 02:30:00": "never was", OVERLAP: "was twice", "2026-03-29 24:00:00": "is no timestamp", "2026-03-29 23:59:60": "is no timestamp"}),
    cells("the second of two equal hours", "purchased_at", CLOCK, f'{ZONE}\nfold = "second"', {OVERLAP: "2026-10-25T01:30:00.000000"}),
    cells("seconds since 1970", "purchased_at", '{ column = "When", timestamp = "unix" }', "", {"1772323200": "2026-03-01T00:00:00.000000", "-1": "1969-12-31T23:59:59.000000"}, {"1772323200.5": "is no timestamp", "1E9": "is no timestamp", "999999999999999": "is no timestamp"}),
    cells("numbers that read in two ways", "amount", '"Net"', "", {"1.234": "", "5": ""}, refused="line 2, column 'Net': " "'1.234' could be read in " "two ways", way_out='thousands = "[.]"'),
    cells("a comma that reads in two ways", "amount", '"Net"', "", {"7": "", "1,234": ""}, refused="line 3, column 'Net': " "'1,234' could be read in " "two ways", way_out='decimal = ","'),
    cells("German numbers as declared", "amount", '"Net"', 'decimal = ","\nthousands = "."', {"1.234,56": "1234.56", "1.234": "1234", "-0,5": "-0.5", "12": "12"}, {"1234.56": "decimal sign ,", "1.23,4": "decimal sign ,", "12.34.567": "decimal sign ,", "1E5": "decimal sign ,", "(5)": "decimal sign ,"}),
    cells("Swiss numbers as declared", "amount", '"Net"', 'decimal = "."\nthousands = "\'"', {"1'234.56": "1234.56"}, {"1,234.56": "thousands sign", "1''234": "thousands sign"}),
    cells("French numbers as declared", "amount", '"Net"', 'decimal = ","\nthousands = "\\u202f"', {"1\u202f234,56": "1234.56"}, {"1 234,56": "thousands sign"}),
    cells("numbers with signs taken off", "amount", ('{ column = "Net", remove = ["\u20ac", ' '"EUR"], decimal = "." }'), "", {"12.50 \u20ac": "12.5", "EUR 12": "12"}, {"$12": "is not a number", "\u20ac": "is not a number"}),
    cells("words that mean nothing", "amount", '"Net"', 'decimal = "."', {"1": "1"}, {"n/a": "is not a number", "-": "is not a number", "NaN": "is not a number", "inf": "is not a number", "\uff11": "is not a number"}),
)  # fmt: skip

CASES = (*ENCODINGS, *SHAPES, *VALUES)
