"""Rows of a sheet that look like those before them: one expression, learnt from the first rows,
takes each apart at once.
"""

import re
from collections.abc import Sequence

Found = tuple[str, str, str, str]
"""A cell's column, style and kind as they are written, and its value."""
_WIDEST, _MOST_TURNS = 200, 20
_NEVER = re.compile("(?!)")
_NUMBERS, _SHARED, _INLINE = {"", "n"}, "s", "inlineStr"
_LEARNT = {*_NUMBERS, _SHARED, _INLINE, "str"}


class Look:
    """What rows look like: in which column stand cells of which style and kind. `row` takes a row
    apart, its number first; a cell that is not there gives None.

    `shared` are the columns of shared strings, `numbers` those of numbers (each with its style
    and the texts of those known), `typed` says which columns Excel has typed.
    """

    def __init__(self) -> None:
        self.row = _NEVER
        self.shared: tuple[int, ...] = ()
        self.numbers: tuple[tuple[int, int, dict[str, str]], ...] = ()
        self.typed: list[bool] = []
        self._cells: dict[int, Found] = {}
        self._turns = 0

    def learn(self, found: Sequence[Found], places: Sequence[int]) -> None:
        """See a row that looks unlike those before: the next may be like this one."""
        if self._turns >= _MOST_TURNS:
            return
        cells = {
            at: (*cell[:3], "")
            for at, cell in zip(places, found, strict=True)
            if at < _WIDEST and cell[2] in _LEARNT
        }
        if self._cells | cells == self._cells:
            return
        self._turns += 1
        self._cells.update(cells)
        ordered = [self._cells[at] for at in sorted(self._cells)]
        if len(ordered) != max(self._cells) + 1:
            return
        # Possessive: a row that looks otherwise is found out without trying it in other ways.
        said = "".join(f"(?:{_cell(*cell)})?+" for cell in ordered)
        self.row = re.compile(f'\\s*<row r="([0-9]{{1,7}})"[^<>]*>{said}</row>')
        self.typed = [kind in _NUMBERS for _, _, kind, _ in ordered]
        self.shared = tuple(at for at, cell in enumerate(ordered) if cell[2] == _SHARED)
        self.numbers = tuple(
            (at, int(style or 0), {})
            for at, (_, style, kind, _) in enumerate(ordered)
            if kind in _NUMBERS
        )


def _cell(letters: str, style: str, kind: str, _: str) -> str:
    """A cell with a value, or one that has nothing but its style."""
    begins = f'<c r="{letters}[0-9]++"'
    said = (f' s="{style}"' if style else "") + (f' t="{kind}"' if kind else "")
    value = (
        '<is><t(?: xml:space="preserve")?>([^<&\\r]*+)</t></is>'
        if kind == _INLINE
        else "<v>([^<&\\r]++)</v>"
    )
    return f'{begins}(?:{said}>{value}</c>|(?: s="[0-9]+")?/>)'
