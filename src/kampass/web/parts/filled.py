"""Forms as they are sent, read only after the caller was let in."""

from collections.abc import AsyncIterator, Mapping, Sequence

from fastapi import Request
from starlette.datastructures import UploadFile

_LONGEST = 20_000
Fields = Mapping[str, Sequence[str]]
Sent = Mapping[str, UploadFile | str]


async def sent(request: Request) -> AsyncIterator[Sent]:
    """A form with a file, each field once; read only after the caller was let in, and let go of
    afterwards.
    """
    async with request.form() as form:
        yield dict(form)


async def filled(request: Request) -> Fields:
    """A form without files, each field with all its values."""
    form = await request.form()
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name != "csrf":
            found.setdefault(name, []).append(value.replace("\r\n", "\n")[:_LONGEST])
    return found
