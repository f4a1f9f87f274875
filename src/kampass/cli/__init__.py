"""The command line: stdout is data, stderr is narration.

Exit codes: 0 done, 1 a bug, 2 a question that cannot be asked, 3 data or workspace trouble.
"""

import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from itertools import pairwise

from kampass.cli.terminal import harmless


def main() -> None:
    """Run the command and leave with its exit code."""
    import typer
    from typer.exceptions import TyperException

    from kampass.cli.app import app
    from kampass.errors import KampassError

    if hasattr(signal, "SIGPIPE"):
        signal.signal(
            signal.SIGPIPE, signal.SIG_DFL
        )  # a reader that has seen enough ends us quietly, as it does any filter
    warnings.showwarning = _note
    try:
        _arm(os.environ.get("KAMPASS_FAIL_AT"))
        code = _run(app)
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


def _run(app: Callable[..., object]) -> object:
    """Run the command; once more where a damaged snapshot was in its way, which is built again
    then.
    """
    import typer
    from typer.exceptions import TyperException

    from kampass.errors import KampassError

    try:
        return app(standalone_mode=False)
    except (KampassError, TyperException, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:
        _name(error)
        from kampass.store.integrity import DAMAGE
        from kampass.workspace.repair import mend

        traceback.clear_frames(error.__traceback__)  # they hold the damaged file open
        if not isinstance(error, DAMAGE) or not mend():
            raise
        return app(standalone_mode=False)


def _name(error: Exception) -> None:
    """Trouble with the disk is a person's matter, not a bug."""
    from kampass.store.trouble import named

    trouble = named(error)
    if trouble is not None:
        raise trouble from error


def _note(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Warnings for people go to stderr; those for programmers stand aside, as Python has them."""
    from kampass.errors import KampassWarning

    if issubclass(category, KampassWarning):
        print(harmless(f"kampass: {message}"), file=sys.stderr)


def _arm(fail_point: str | None) -> None:
    """Tests end a command at a named place (docs/durability.md)."""
    if fail_point:
        from kampass.store.faults import arm

        arm(fail_point)


def _wants_json() -> bool:
    words = sys.argv
    return "--format=json" in words or ("--format", "json") in pairwise(words)


def _complain(code: str, message: str, hint: str) -> None:
    if _wants_json():
        print(
            json.dumps(
                {"error": {"code": code, "message": message, "hint": hint}}, ensure_ascii=False
            ),
            file=sys.stderr,
        )
        return
    print(harmless(f"kampass: {message}"), file=sys.stderr)
    if hint:
        print(harmless(f"  {hint}"), file=sys.stderr)
