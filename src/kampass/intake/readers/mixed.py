"""Lines of UTF-8 in a file that is read in an encoding of one byte a letter: found, and told."""

import codecs
from pathlib import Path

_LONGEST = 1 << 20
_SHOWN = 60
_WESTERN = {"cp1250", "cp1252", "cp1254", "iso8859-1", "iso8859-15"}


class MixedLines:
    """Finds lines of UTF-8 in a file of a Western encoding, where Müller reads as MÃ¼ller. Other
    encodings have letters where UTF-8 has its second bytes.
    """

    def __init__(self, file: Path, encoding: str) -> None:
        self.file, self.encoding = file, encoding
        self._looks = codecs.lookup(encoding).name in _WESTERN
        self._rest, self._line = b"", 0
        self._found = 0
        self._first = (0, "", "")

    def hear(self, block: bytes, *, final: bool) -> None:
        """Look at the next bytes of the file, the last of them `final`."""
        if not self._looks:
            return
        *lines, rest = (self._rest + block).split(b"\n")
        for line in [*lines, rest] if final else lines:
            self._line += 1
            self.look(self._line, line)
        # A line of megabytes is looked at in parts.
        self._rest = rest if len(rest) <= _LONGEST else b""

    def look(self, number: int, line: bytes) -> None:
        """Look at one line, which has this number."""
        if not self._looks or line.isascii():
            return
        try:
            meant = line.decode()
        except UnicodeDecodeError:
            return
        reads = line.decode(self.encoding, "replace")
        self._first = self._first if self._found else (number, reads, meant)
        self._found += 1

    @property
    def doubts(self) -> tuple[str, ...]:
        """A word on them, where there are any."""
        line, reads, meant = self._first
        many = "1 line looks" if self._found == 1 else f"{self._found:,} lines look"
        told = (
            f"{self.file.name}: {many} like UTF-8 in a file that is read as {self.encoding}: line "
            f"{line} reads {_short(reads)!r} and may mean {_short(meant)!r}; save the file in one "
            "encoding"
        )
        return (told,) if self._found else ()


def _short(text: str) -> str:
    return text.strip()[:_SHOWN]
