"""Loading holds about as much memory for a large file as for a small one: both loads, in processes
of their own.
"""

from pathlib import Path

import pytest
from benchmarks.memory import measured

MOST_PER_MEGABYTE = 1.2
"""MB of memory for each further MB of CSV. Rows held in a table in memory take 2.5, as Python
objects more than ten; here 0.2 to 0.5.
"""

SETTLING = "96MB"
"""So little that both files spill. With less, DuckDB now and then finds no room for the buffers
that it cannot spill.
"""


@pytest.mark.nightly
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small = list(measured(tmp_path / "small", "touches", 40, publishing=False, settling=SETTLING))
    large = list(measured(tmp_path / "large", "touches", 120, publishing=False, settling=SETTLING))
    for few, many in zip(small, large, strict=True):
        growth = (many.peak - few.peak) / (many.megabytes - few.megabytes)
        print(
            f"\n{many.step}: {few.peak:.0f} MB for {few.megabytes:.0f} MB of CSV, "
            f"{many.peak:.0f} MB for {many.megabytes:.0f}: {growth:.2f} MB per MB"
        )
        assert growth < MOST_PER_MEGABYTE, many


@pytest.mark.nightly
@pytest.mark.parametrize("table", ["touches", "usage_daily"])
def test_a_gigabyte_loads_in_half_a_gigabyte_of_memory(tmp_path: Path, table: str) -> None:
    for taken in measured(tmp_path, table, 1000, publishing=False):
        print(f"\n{taken}")
        assert taken.peak <= 512, taken
