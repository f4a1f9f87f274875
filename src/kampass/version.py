"""The version of Kampass, as pyproject.toml has it."""

VERSION = "0.1.0"
