"""Pictures out of the store. The caller has asked whether this person may see this picture, every time."""

from flask import Response, send_file

from studio_server.domain.errors import NotFound
from studio_server.workflow.services import Services


def picture(services: Services, sha256: str) -> Response:
    """The JPEG of this name. The browser asks again before each use, so that it dies in time."""
    if not sha256:
        raise NotFound("This picture is not made yet. It appears on the page as soon as it is.")
    response = send_file(
        services.blobs.path(sha256), mimetype="image/jpeg", etag=sha256, last_modified=None, max_age=0
    )
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def layered(services: Services, sha256: str, name: str) -> Response:
    """A layered TIFF, to be saved under this name."""
    response = send_file(
        services.blobs.path(sha256), mimetype="image/tiff", as_attachment=True, download_name=name, max_age=0
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
