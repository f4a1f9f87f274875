"""`python -m benchmarks.same_answers worlds | record | compare`."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.same_answers import commands, figures, pages, questions, worlds
from benchmarks.same_answers.compare import compare
from benchmarks.same_answers.record import Recording

PARTS: Mapping[str, Callable[[Recording], None]] = {
    "sample": figures.of_sample,
    "worlds": figures.of_worlds,
    "questions": questions.of_sample_and_worlds,
    "commands": commands.all_of_them,
    "pages": pages.of_sample_and_world,
}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_answers", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    writing = verbs.add_parser("worlds", help="write random worlds that recordings load")
    writing.add_argument("folder", type=Path)
    writing.add_argument("--count", type=int, default=20)
    recording = verbs.add_parser("record", help="record what the Kampass that is imported answers")
    recording.add_argument("out", type=Path)
    recording.add_argument("--worlds", type=Path, help="the folder that the verb worlds wrote")
    recording.add_argument(
        "--part", action="append", choices=PARTS, help="only this part; again for more"
    )
    comparing = verbs.add_parser("compare", help="say what differs between two recordings")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    return parser.parse_args(arguments)


def _record(options: argparse.Namespace) -> None:
    """Record the parts that were asked for, and say how long each took."""
    import kampass

    print(f"Recording {Path(kampass.__file__).parent} in {options.out}")
    given = options.worlds.resolve() if options.worlds else None
    for part in options.part or PARTS:
        begun = time.perf_counter()
        PARTS[part](Recording(options.out.resolve(), given))
        print(f"{part}: {time.perf_counter() - begun:.0f} s", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked; 1 where two recordings differ."""
    options = _options(arguments)
    if options.verb == "worlds":
        worlds.write(options.folder, options.count)
    elif options.verb == "record":
        _record(options)
    else:
        return compare(options.before, options.after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
