"""Answers and tables as files: CSV, JSON, Parquet, XLSX; answers as PNG and SVG too.

Every number is the same double in every form, to the last bit.
"""

from kampass.render.files.about import About
from kampass.render.files.download import (
    FORMS,
    PICTURES,
    Download,
    file_name,
    picture_of,
    write,
    write_chart,
    write_table,
)
from kampass.render.files.plain import ROW_COLUMNS, csv_lines, row_cells

__all__ = [
    "FORMS",
    "PICTURES",
    "ROW_COLUMNS",
    "About",
    "Download",
    "csv_lines",
    "file_name",
    "picture_of",
    "row_cells",
    "write",
    "write_chart",
    "write_table",
]
