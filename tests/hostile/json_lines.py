"""JSON lines that are torn, doubled, bottomless, or no lines at all."""

import codecs

from tests.hostile.cases import Aside, Cells, Hostile, lines

MAPPING = 'file = "c.jsonl"\n[columns]\nid = "id"\nname = "name"\nregion = "at.region"'
BUYS = (
    'file = "c.jsonl"\n[columns]\nid = "id"\naccount_id = "a"\npurchased_at = "on"\namount = '
    '"net"\ncurrency = { constant = "EUR" }'
)
ANN, BOB = (
    '{"id": "1", "name": "Ann", "at": {"region": "x"}}',
    '{"id": "2", "name": "Bob", "at": {"region": "y"}}',
)
BOTH: tuple[Cells, ...] = (("1", "Ann", "x"), ("2", "Bob", "y"))


def _lines(
    name: str, raw: bytes, *read: Cells, aside: tuple[Aside, ...] = (), **more: str
) -> Hostile:
    return Hostile(
        name,
        "c.jsonl",
        raw,
        more.pop("mapping", MAPPING),
        read=read,
        aside=aside,
        table=more.pop("table", "accounts"),
        **more,
    )  # type: ignore[arg-type]


def _torn(name: str, line: str | bytes, reason: str) -> Hostile:
    """A line between two good ones that is no object."""
    raw = line if isinstance(line, bytes) else line.encode()
    return _lines(
        name,
        ANN.encode() + b"\n" + raw + b"\n" + BOB.encode() + b"\n",
        *BOTH,
        aside=(Aside(2, "", "", reason),),
    )


CASES = (
    _lines("a byte order mark, blank lines and carriage returns", codecs.BOM_UTF8 + f"{ANN}\r\n\r\n\r\n{BOB}".encode(), *BOTH),
    _lines("one array", f"[{ANN},{BOB}]".encode(), refused="one array", way_out="one object a line"),
    _lines("one object over many lines", b'{\n  "id": "1"\n}\n', refused="one object over several " "lines", way_out="one object a line"),
    _lines("UTF-16", f"{ANN}\n".encode("utf-16"), refused="UTF-16", way_out="encoding"),
    _lines("nothing", b"", refused="no JSON object", way_out="one object a line"),
    _lines("blank lines and nothing else", b"\n\n \n", refused="no JSON object", way_out="one object a line"),
    _lines("no object at all", b"1\n2\n", refused="no JSON object", way_out="one object a line"),
    _lines("keys that were renamed", b'{"ID": "1", "name": "Ann"}\n', refused="no column 'id'", way_out="Did you mean 'ID'"),
    _torn("a line that is cut", ANN[:20], "is no JSON"),
    _torn("a key said twice", '{"id": "3", "name": "C", "id": "4"}', "says 'id' twice"),
    _torn("a path said in two ways", ('{"id": "3", "name": "C", "at.region": "x", "at": ' '{"region": "z"}}'), "says 'at.region' twice"),
    _torn("NaN", '{"id": "3", "name": NaN}', "holds NaN"),
    _torn("Infinity", '{"id": "3", "name": -Infinity}', "holds -Infinity"),
    _torn("half a letter", '{"id": "3", "name": "\\ud83d"}', "half a letter"),
    _torn("half a letter in a key", '{"id": "3", "\\ud83d": "C"}', "half a letter"),
    _torn("ten thousand arrays in each other", '{"id": ' + "[" * 10_000 + "]" * 10_000 + "}", "nested too deeply"),
    _torn("ten thousand objects in each other", '{"a":' * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
    _lines("three hundred objects in each other", (ANN + "\n" + '{"a":' * 300 + "1" + "}" * 300 + "\n").encode(), BOTH[0], aside=(Aside(2, "id", None, "required and empty"),)),
    _torn("single quotes", "{'id': '3'}", "is no JSON"),
    _torn("a comma at the end", '{"id": "3",}', "is no JSON"),
    _torn("two objects on one line", '{"id": "3"} {"id": "4"}', "is no JSON"),
    _torn("a list", '["3", "C"]', "is no object"),
    _torn("a byte of Latin-1", '{"id": "3", "name": "M\u00fcller"}'.encode("latin-1"), "a byte does not read, at " "letter 23"),
    _torn("a byte order mark in the middle", '\ufeff{"id": "3"}', "is no JSON"),
    _lines(
        "numbers keep their digits", lines(('{"id": 12345678901234567890, "name": 1.10, "at": ' '{"region": 1.0}}'), ('{"id": "007", "name": true, ' '"at": {"region": null}}'), '{"id": 1E5, "name": [1.10, ' '"x"]}'),
        ("12345678901234567890", "1.10", "1.0"), ("007", "true", None), ("100000", '["1.10", "x"]', None),
    ),
    _lines("NUL and letters that nobody sees", lines('{"id": "1\\u0000", "name": "A"}', ('{"id": "2\\u200b", "name": ' '"B"}'), ANN), BOTH[0], aside=(Aside(1, "id", "1\u2400", "NUL"), Aside(2, "id", "2\u200b", "invisible"))),
    _lines(
        "numbers beyond measure",
        lines('{"id": "1", "a": "a", "on": "2026-03-01", "net": 1e400}', ('{"id": "2", "a": "a", "on": ' '"2026-03-01", "net": ' '1e999999999}'), ('{"id": "3", "a": "a", "on": ' '"2026-03-01", "net": ') + "9" * 5000 + "}", ('{"id": "4", "a": "a", "on": ' '"2026-03-01", "net": 1.5e2}'), '{"id": "5", "a": "a", "on": ' '"2026-03-01", "net": "1,5"}'),
        ("4", "150"), mapping=BUYS, table="purchases", shown="id amount",
        aside=(Aside(1, "net", "", "is not a number"), Aside(2, "net", "", "is not a number"), Aside(3, "net", "", "is not a number"), Aside(5, "net", "1,5", "is not a number")),
    ),
)  # fmt: skip
