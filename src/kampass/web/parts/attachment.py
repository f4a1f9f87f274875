"""A view as a file: handed over under a plain name, and written into the audit log with the
question it answers.
"""

from starlette.responses import Response

from kampass.render.files import Download
from kampass.server.rules import Call


def attachment(call: Call, file: Download, question: str) -> Response:
    """The response that saves a file, recorded as an export of `question`."""
    call.record("exported", question, file=file.name, bytes=len(file.content))
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"content-disposition": f'attachment; filename="{file.name}"'},
    )
