"""The command line: stdout is data, stderr is narration.

Exit codes: 0 done, 1 a bug, 2 a question that cannot be asked, 3 data or workspace trouble.
"""

import json
import signal
import sys
from itertools import pairwise


def main() -> None:
    """Run the command and leave with its exit code."""
    import typer
    from typer.exceptions import TyperException

    from kampass.cli.app import app
    from kampass.errors import KampassError

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has seen enough ends us quietly, as it does any filter
    try:
        code = app(standalone_mode=False)
    except KampassError as error:
        _complain(error.code, error.message, error.hint)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        _complain("usage", message, "'kampass --help' and 'kampass COMMAND --help' show how.")
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _wants_json() -> bool:
    words = sys.argv
    return "--format=json" in words or ("--format", "json") in pairwise(words)


def _complain(code: str, message: str, hint: str) -> None:
    if _wants_json():
        print(json.dumps({"error": {"code": code, "message": message, "hint": hint}}, ensure_ascii=False), file=sys.stderr)
        return
    print(f"kampass: {message}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
