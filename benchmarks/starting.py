"""How long it takes until something happens: importing, `--help`, and one question, each as a
process of its own.
"""

import sys
from pathlib import Path

from benchmarks.clock import Laps, repeated

STARTS = 10
COMMAND = str(Path(sys.executable).with_name("kampass"))


def starts() -> dict[str, Laps]:
    """Starting Python alone, importing Kampass, and the command line's help."""
    return {
        "python -c pass": repeated([sys.executable, "-c", "pass"], STARTS),
        "import kampass": repeated([sys.executable, "-c", "import kampass"], STARTS),
        "kampass --help": repeated([COMMAND, "--help"], STARTS),
    }


def one_question(folder: Path) -> dict[str, Laps]:
    """Questions from the command line, from start to end."""
    asked = {
        "kampass kpi nrr --period 2025-Q4": ["nrr", "--period", "2025-Q4"],
        "kampass kpi nrr --period 2025-Q4 --by segment": [
            "nrr",
            "--period",
            "2025-Q4",
            "--by",
            "segment",
        ],
        "kampass kpi clients_touched --period 2025 --grain month": [
            "clients_touched",
            "--period",
            "2025",
            "--grain",
            "month",
        ],
    }
    return {
        shown: repeated([COMMAND, "kpi", *words, "--workspace", str(folder)], STARTS // 2)
        for shown, words in asked.items()
    }
