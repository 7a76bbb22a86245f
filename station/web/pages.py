"""What every answer has in common: security headers, error pages, a log without tokens."""

import io
import logging
from typing import IO, Any

from flask import Flask, Request, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge, Unauthorized
from werkzeug.routing import IntegerConverter

from station.errors import Invalid, InvalidForm, StorageGone, UserError
from station.vault import Unsealable
from station.web import access, connection

log = logging.getLogger("station.web")

# Staff pages load their own style, script and pictures, and nothing from anywhere else.
STAFF_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": STAFF_POLICY,
}


class InMemory(Request):
    """A request whose files stay in memory: Werkzeug would write larger ones to the disk, in the clear."""

    def _get_file_stream(self, *_args: object, **_kwargs: object) -> IO[bytes]:
        return io.BytesIO()


class Application(Flask):
    """Flask, but a crash is logged with its route's template, never the path: a path can hold a token."""

    request_class = InMemory

    def log_exception(self, exc_info: Any) -> None:
        log.error("crash at %s %s", request.method, _route(), exc_info=exc_info)


class Number(IntegerConverter):
    """A row's number in an address. What the database could not even compare is no such page."""

    regex = r"\d{1,18}"


def install(app: Flask) -> None:
    """Register handlers and hooks on the app; to be called before any blueprint is registered."""
    app.url_map.converters["int"] = Number
    app.after_request(_finish)
    app.register_error_handler(UserError, _user_error)
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(StorageGone, _storage_gone)
    app.register_error_handler(Unsealable, _unsealable)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(InternalServerError, _crash)


def error_text(error: UserError) -> str:
    """The message in the reader's language."""
    text = gettext(error.message)
    return text % error.params if error.params else text


def _finish(response: Response) -> Response:
    # One look over the headers; setdefault would walk them anew for each, a quarter of the finder's page.
    known = {name.lower() for name, _ in response.headers}
    response.headers.extend([(name, value) for name, value in HEADERS.items() if name.lower() not in known])
    if connection.config().secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    log.info("%s %s %s", request.method, _route(), response.status_code)
    return response


def _route() -> str:
    """The route's template, never the path: a path can hold a token."""
    return request.url_rule.rule if request.url_rule else "(no route)"


def _user_error(error: UserError) -> ResponseReturnValue:
    if access.wants_json():
        return jsonify(as_json(error)), error.status
    return render_template("error.html", text=error_text(error)), error.status


def as_json(error: UserError) -> dict[str, object]:
    """The message, and those of single fields."""
    body: dict[str, object] = {"error": error_text(error)}
    errors = error.errors if isinstance(error, InvalidForm) else [error] if isinstance(error, Invalid) else []
    if errors:
        body["fields"] = {one.field: error_text(one) for one in errors}
    return body


def _expired(error: CSRFError) -> ResponseReturnValue:
    """The form stood open too long. What was typed goes back into the page, to be sent with one press."""
    if access.wants_json():
        return jsonify(error=gettext("The page is out of date. Load it again.")), 400
    typed = access.typed_fields()
    page = render_template(
        "expired.html", path=request.full_path.rstrip("?"), typed=typed, had_file=bool(request.files)
    )
    return page, 400


def _storage_gone(error: StorageGone) -> ResponseReturnValue:
    log.error("storage: %s", error)
    text = gettext("The station's records cannot be reached just now. Nothing was saved. Ring the hotline.")
    if access.wants_json():
        return jsonify(error=text), 503
    return render_template("error.html", text=text), 503


def _unsealable(error: Unsealable) -> ResponseReturnValue:
    """A record whose key is gone: erased, as it should be, or lost, which the log shows."""
    log.error("unsealable at %s %s: %s", request.method, _route(), error)
    text = gettext("This record has been erased, or its key is missing. The operator finds in the log which.")
    if access.wants_json():
        return jsonify(error=text), 410
    return render_template("error.html", text=text), 410


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, InternalServerError):
        return _crash(error)
    texts = {
        401: gettext("Please log in first."),
        404: gettext("There is no such page."),
        405: gettext("This page cannot be called in this way."),
        413: gettext("This is too large. Send less at once, or ring the hotline."),
    }
    status = error.code or 500
    text = texts.get(status, gettext("This request could not be understood."))
    if access.wants_json():
        return jsonify(error=text), status
    return render_template("error.html", text=text), status


def _crash(error: InternalServerError) -> ResponseReturnValue:
    """A bug. It has been logged with its route; the person gets the hotline."""
    text = gettext("Something went wrong on our side. Please ring the hotline.")
    if access.wants_json():
        return jsonify(error=text), 500
    return render_template("error.html", text=text), 500


__all__ = ["HEADERS", "RequestEntityTooLarge", "Unauthorized", "error_text", "install"]
