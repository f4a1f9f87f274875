"""Text that is safe to print: nothing in it steers a terminal."""


def harmless(text: str) -> str:
    r"""Lines of text without what would steer a terminal.

    >>> harmless("a\x1b[31mb\n  c")
    'a?[31mb\n  c'
    """
    return "\n".join(map(printable, text.split("\n")))


def printable(text: str) -> str:
    """A cell or a line without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
