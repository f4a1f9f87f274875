"""Canonical CSV files whose bytes, lines, quotes or headers are not what they should be."""

import codecs
import gzip
import io
import zipfile

from tests.hostile.cases import Aside, Hostile, accounts, lines, refused

HEAD = "id,name,region"
PLAIN = f"{HEAD}\n1,M\u00fcller,x\n2,Bob,y\n"
BOTH = (("1", "M\u00fcller", "x"), ("2", "Bob", "y"))
NO_BYTE = "a byte does not read"


def _spoiled(name: str, cell: bytes, field: int = 2) -> Hostile:
    raw = HEAD.encode() + b"\n1,Ann,x\n2," + cell + b",y\n3,Cid,z\n"
    return accounts(
        name,
        raw,
        ("1", "Ann", "x"),
        ("3", "Cid", "z"),
        aside=(Aside(3, "", "", f"{NO_BYTE}, in field {field}"),),
    )


ENCODINGS = (
    accounts("UTF-8 with a byte order mark", codecs.BOM_UTF8 + PLAIN.encode(), *BOTH),
    refused("UTF-16 with a byte order mark", PLAIN.encode("utf-16"), "seems to be UTF-16", "UTF-8"),
    refused("UTF-16, big end first, with a mark", codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"), "seems to be UTF-16", "UTF-8"),
    refused("UTF-16 without a mark", PLAIN.encode("utf-16-le"), "seems to be UTF-16", "UTF-8"),
    refused("UTF-16, big end first, without a mark", PLAIN.encode("utf-16-be"), "seems to be UTF-16", "UTF-8"),
    refused("UTF-32", PLAIN.encode("utf-32"), "seems to be UTF-32", "UTF-8"),
    _spoiled("Latin-1", "M\u00fcller".encode("latin-1")),
    _spoiled("Windows-1252 with curly quotes and a euro", "\u201cAnn\u201d \u20ac".encode("cp1252")),
    _spoiled("the encoding of DOS", "M\u00fcller".encode("cp437")),
    _spoiled("Shift-JIS", "\u30bd\u30cb\u30fc".encode("shift_jis")),
    _spoiled("an overlong slash", b"a\xc0\xafb"),
    _spoiled("a surrogate encoded as UTF-8", b"a\xed\xa0\x80b"),
    _spoiled("a letter beyond Unicode", b"a\xf4\x90\x80\x80b"),
    accounts("two encodings in one file", HEAD.encode() + "\n1,M\u00fcller,x\n".encode() + "2,M\u00fcller,y\n".encode("latin-1"), BOTH[0], aside=(Aside(3, "", "", NO_BYTE),)),
    accounts("a file cut inside a letter", PLAIN.encode() + b"3,M\xc3", *BOTH, aside=(Aside(4, "", "3,M\ufffd", "has 2 fields"),)),
    accounts("UTF-8 read as Latin-1 and saved again", "1,M\u00c3\u00bcller,x\n", ("1", "M\u00c3\u00bcller", "x")),
    refused("a header in Latin-1", "id,name,gr\u00f6\u00dfe\n1,a,b\n".encode("latin-1"), "line 1: the header", "UTF-8"),
    refused("two byte order marks", codecs.BOM_UTF8 * 2 + PLAIN.encode(), "line 1.*'id'", "did you mean|invisible"),
    accounts("a byte order mark in the middle", "1,Ann,x\n\ufeff2,Bob,y\n", ("1", "Ann", "x"), aside=(Aside(3, "id", "\ufeff2", "invisible"),)),
)  # fmt: skip

LINES = (
    accounts("carriage returns alone", PLAIN.replace("\n", "\r").encode(), *BOTH),
    accounts("carriage returns and line feeds", PLAIN.replace("\n", "\r\n").encode(), *BOTH),
    accounts("no line end at the end", PLAIN.encode()[:-1], *BOTH),
    accounts("three kinds of line ends", b"id,name,region\r\n1,Ann,x\n2,Bob,y\r3,Cid,z\n", ("1", "Ann", "x"), ("2", "Bob", "y"), ("3", "Cid", "z")),
    accounts("line ends doubled by a transfer", PLAIN.replace("\n", "\r\r\n").encode(), *BOTH),
    accounts("blank lines at the end", PLAIN.encode() + b"\n\n\n", *BOTH),
    accounts("blank lines inside, and a torn line after them", "1,Ann,x\n\n\n2,Bob\n3,Cid,z\n", ("1", "Ann", "x"), ("3", "Cid", "z"), aside=(Aside(5, "", "2,Bob", "has 2 fields, the header " "has 3"),)),
    accounts("a line of blanks", "1,Ann,x\n   \n3,Cid,z\n", ("1", "Ann", "x"), ("3", "Cid", "z"), aside=(Aside(3, "", "   ", "has 1 fields"),)),
    accounts("lines that end inside a cell", '1,"two\nlines",x\n2,"a\r\nb",y\n3,,z\n', ("1", "two\nlines", "x"), ("2", "a\r\nb", "y"), aside=(Aside(6, "name", None, "required and empty"),)),
    accounts("letters that other programs take for line ends", "1,a\u2028b\x0bc\x0cd\x1ce\x85f,x\n", ("1", "a\u2028b\x0bc\x0cd\x1ce\x85f", "x")),
    accounts("a carriage return in an unquoted cell", "1,Ann\rBob,x\n3,Cid,z\n", ("3", "Cid", "z"), aside=(Aside(2, "", "1,Ann", "has 2 fields"), Aside(3, "", "Bob,x", "has 2 fields"))),
    accounts("the end-of-file letter of DOS", PLAIN.encode() + b"\x1a", *BOTH, aside=(Aside(4, "", "\x1a", "has 1 fields"),)),
)  # fmt: skip

ROWS = (
    accounts("a row that is too short", "1,Ann,x\n2,Bob\n", ("1", "Ann", "x"), aside=(Aside(3, "", "2,Bob", "has 2 fields, the header " "has 3"),)),
    accounts("a row that is too long", "1,Ann,x\n2,Bob,y,z\n", ("1", "Ann", "x"), aside=(Aside(3, "", "2,Bob,y,z", "has 4 fields, the header " "has 3"),)),
    accounts("a comma at the end of one row", "1,Ann,x\n2,Bob,y,\n", ("1", "Ann", "x"), aside=(Aside(3, "", "2,Bob,y,", "has 4 fields"),)),
    accounts("a comma at the end of every row", "1,Ann,x,\n2,Bob,y,\n", aside=(Aside(2, "", "1,Ann,x,", "has 4 fields"), Aside(3, "", "2,Bob,y,", "has 4 fields"))),
    accounts("short rows and long ones that make up for each other", "1,Ann\n2,Bob,y,z\n3,Cid,z\n", ("3", "Cid", "z"), aside=(Aside(2, "", "1,Ann", "has 2 fields"), Aside(3, "", "2,Bob,y,z", "has 4 fields"))),
    accounts("a quote that is never closed", '1,"Ann,x\n2,Bob,y\n3,Cid,z\n', ("2", "Bob", "y"), ("3", "Cid", "z"), aside=(Aside(2, "", "", "cannot be read"),)),
    accounts("a quote that the next one closes", '1,"Ann,x\n2,"Bob",y\n3,Cid,z\n', ("2", "Bob", "y"), ("3", "Cid", "z"), aside=(Aside(2, "", "", "cannot be read"),)),
    accounts("a quote open at the end", '1,Ann,x\n2,Bob,"y', ("1", "Ann", "x"), aside=(Aside(3, "", "", "cannot be read"),)),
    accounts("quotes that are doubled", '1,"Ann ""the"" Fox",x\n2,"""",y\n', ("1", 'Ann "the" Fox', "x"), ("2", '"', "y")),
    accounts("a quote inside a cell", '1,5" pipe,x\n', ("1", '5" pipe', "x")),
    accounts("letters after a closing quote", '1,"Ann"e,x\n2,Bob,y\n', ("2", "Bob", "y"), aside=(Aside(2, "", "", "cannot be read"),)),
    accounts("a quote escaped by a backslash", '1,"A\\"nn",x\n2,Bob,y\n', ("2", "Bob", "y"), aside=(Aside(2, "", "", "cannot be read"),)),
    accounts("single quotes around a comma", "1,'Ann, Bob',x\n", aside=(Aside(2, "", "1,'Ann, Bob',x", "has 4 fields"),)),
    accounts("curly quotes around a comma", "1,\u201cAnn, Bob\u201d,x\n", aside=(Aside(2, "", "1,\u201cAnn, Bob\u201d,x", "has 4 fields"),)),
    accounts("blanks around quotes", '1, "Ann" ,x\n', ("1", ' "Ann" ', "x")),
    accounts("words that some programs take for nothing", "NA,null,\\N\nNone,nan,NULL\n", ("NA", "null", "\\N"), ("None", "nan", "NULL")),
    accounts("two lines for one key", "1,Ann,x\n1,Anna,y\n", ("1", "Anna", "y"), superseded=1),
    accounts("the header once more in the middle", f"1,Ann,x\n{HEAD}\n2,Bob,y\n", ("1", "Ann", "x"), ("2", "Bob", "y"), aside=(Aside(3, "id", "id", "repeats the header"),)),
    accounts("a line of totals", "1,Ann,x\nTotal,,\n", ("1", "Ann", "x"), aside=(Aside(3, "name", None, "required and empty"),)),
    accounts("a cell of a million letters", (HEAD + "\n1," + "\u00e4" * 1_000_000 + ",x\n").encode(), ("1", "\u00e4" * 1_000_000, "x")),
    accounts("a line of 40 MB", lambda: b"id,name,region\n1,Ann,x\n2," + b"a" * (40 << 20) + b",y\n3,,z\n4,Dan,z\n", ("1", "Ann", "x"), ("4", "Dan", "z"), aside=(Aside(3, "", "", "longer than"), Aside(4, "name", None, "required and empty"))),
)  # fmt: skip

WIDE = ",".join(f"c{number}" for number in range(10_000))
HEADERS = (
    refused("semicolons", b"id;name;region\n1;Ann;x\n", "line 1.*'id'", "';'"),
    refused("tabs", b"id\tname\tregion\n1\tAnn\tx\n", "line 1.*'id'", "tab"),
    refused("pipes", b"id|name|region\n1|Ann|x\n", "line 1.*'id'", "'[|]'"),
    refused("sep=; on the first line", b"sep=;\nid;name;region\n1;Ann;x\n", "line 1.*'id'", "line 2|sep="),
    refused("a comment on the first line", b"# exported on Monday\nid,name,region\n1,Ann,x\n", "line 1.*'id'", "line 2"),
    refused("three lines above the header", (b"Report,,\nof " b"Monday,,\n,,\nid,name,region\n1,Ann,x\n"), "line 1.*'id'", "line 4"),
    refused("a header in capitals", b"ID,Name,Region\n1,Ann,x\n", "line 1.*'id'", "'ID'.*small letters"),
    refused("a header with blanks", b"id ,name ,region\n1,Ann,x\n", "line 1.*'id'", "'id '"),
    refused("a header with a zero-width space", "\u200bid,name,region\n1,Ann,x\n".encode(), "line 1.*'id'", "invisible"),
    refused("one column twice", b"id,name,region,region\n1,Ann,x,y\n", "line 1.*'region' twice", "one name"),
    refused("one column twice, in capitals", b"id,name,region,Region\n1,Ann,x,y\n", "line 1.*twice", "one name"),
    refused("a column without a name", b"id,name,\n1,Ann,x\n", "line 1.*without a name", "one name"),
    refused("a header that ends with a comma", b"id,name,region,\n1,Ann,x,\n", "line 1.*without a name", "one name"),
    refused("the header of another table", b"order,total\n1,2\n", "line 1.*'id'", "template"),
    refused("no header at all", b"1,Ann,x\n2,Bob,y\n", "line 1.*'id'", "template"),
    refused("a header that never ends", lambda: b'id,name,"' + b"a" * (17 << 20), "line 1: the header", "quote|CSV"),
    refused("an empty file", b"", "empty", "template"),
    refused("a byte order mark and nothing else", codecs.BOM_UTF8, "empty", "template"),
    refused("a line end and nothing else", b"\n", "empty", "template"),
    refused("blanks and nothing else", b"   \n  \n", "line 1.*'id'", "template"),
    refused("nothing but NUL", bytes(5000), "NUL", "UTF-8"),
    accounts("a header and nothing else", b"id,name,region\n"),
    accounts("a header without a line end", b"id,name,region"),
    refused("ten thousand columns", f"id,name,{WIDE}\n1,Ann,{WIDE}\n".encode(), ("line 1: there are 10,002 " "columns"), "mapping"),
    accounts("a name of a hundred thousand letters", f"id,name,{'n' * 100_000}\n1,Ann,x\n".encode(), ("1", "Ann", "x"), shown="id name " + "n" * 100_000),
    accounts("SQL in a name", lines('id,name,"x""; DROP TABLE accounts; --",\') FROM t --', "1,Ann,a,b"), ("1", "Ann", "b"), shown=("id", "name", "') FROM t --")),
    accounts("names that Kampass uses itself", lines("id,name,_row,_line,_broken,_load,_at,_id,_extra,_deleted,?id,=id", "1,Ann,a,b,c,d,e,f,g,h,i,j", ",Bob,a,b,c,d,e,f,g,h,i,j"), ("1", "Ann", "a", "b", "h", "i", "j"), shown="id name _row _line _deleted " "?id =id", aside=(Aside(3, "id", None, "required and empty"),)),
)  # fmt: skip


def _zip() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as packed:
        packed.writestr("accounts.csv", PLAIN)
    return raw.getvalue()


STRANGERS = (
    refused("gzip posing as CSV", gzip.compress(PLAIN.encode(), mtime=0), "packed", "[Uu]npack"),
    refused("a zip posing as CSV", _zip(), "zip", "CSV|unpack"),
    refused(
        "a web page posing as CSV",
        b"<!DOCTYPE html><html><table><tr><td>id</td></tr></table></html>",
        "web page",
        "CSV",
    ),
    refused("a PDF posing as CSV", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF", "CSV"),
    refused("JSON posing as CSV", b'[{"id": "1", "name": "Ann"}]', "line 1.*'id'", "template|JSON"),
    refused(
        "an old Excel file posing as CSV",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "Excel",
        "CSV",
    ),
    refused("Parquet posing as CSV", b"PAR1" + bytes(40) + b"PAR1", "Parquet", "parquet"),
)

CASES = (*ENCODINGS, *LINES, *ROWS, *HEADERS, *STRANGERS)
