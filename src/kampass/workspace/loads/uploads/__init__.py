"""Files that people upload: received, mapped with everything in sight, and loaded only when
somebody says so.
"""

from kampass.workspace.loads.uploads.loading import Loaded, load
from kampass.workspace.loads.uploads.look import UploadLook, look
from kampass.workspace.loads.uploads.pending import Upload, Uploads

__all__ = ["Loaded", "Upload", "UploadLook", "Uploads", "load", "look"]
