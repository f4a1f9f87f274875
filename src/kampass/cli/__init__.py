"""The command line: stdout is data, stderr is narration.

Exit codes: 0 done, 1 a bug, 2 a question that cannot be asked, 3 data or workspace trouble.
"""

import json
import sys


def main() -> None:
    """Run the command and leave with its exit code."""
    import click  # noqa: PLC0415 - start-up

    from kampass.cli.app import app  # noqa: PLC0415
    from kampass.errors import KampassError  # noqa: PLC0415

    try:
        code = app(standalone_mode=False)
    except KampassError as error:
        _complain(error.code, error.message, error.hint)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        if _wants_json():
            _complain("usage", error.format_message(), "kampass --help")
        else:
            error.show()
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _wants_json() -> bool:
    words = sys.argv
    return "--format=json" in words or any(pair == ("--format", "json") for pair in zip(words, words[1:], strict=False))


def _complain(code: str, message: str, hint: str) -> None:
    if _wants_json():
        print(json.dumps({"error": {"code": code, "message": message, "hint": hint}}, ensure_ascii=False), file=sys.stderr)
        return
    print(f"kampass: {message}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
