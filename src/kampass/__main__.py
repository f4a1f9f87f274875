"""`python -m kampass` is `kampass`."""

from kampass.cli import main

main()
