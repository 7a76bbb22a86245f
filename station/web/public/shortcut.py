"""Help pages and reports without the way through Flask, once Flask has answered a phone of the same kind.

A page that is in fact ready took twice the time of a bare Flask route, most of it spent in the framework
and in checking the same eleven headers anew; of a report it was a third. The routes in doors.py stay the truth:
the first answer for each kind of phone comes from there, and its headers are the ones that are sent again here.
What is not plain and simple (a form, an unknown code, a page in another language) goes there as well.
"""

import io
import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

from flask import Flask
from flask.sansio.blueprints import BlueprintSetupState

from station import seal
from station.incidents import intake
from station.web import connection, damping
from station.web.public import card, page, reception

log = logging.getLogger("station.web")

PATH_LENGTH = 1 + seal.TOKEN_LENGTH
MOST_KINDS = 1024
USUAL = 16_384  # bytes of a report

Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]


def install(state: BlueprintSetupState) -> None:
    """Put the shortcut before the application that registers the finder's doors."""
    app = cast(Flask, state.app)
    app.wsgi_app = Shortcut(app)  # type: ignore[method-assign]


class Kind(NamedTuple):
    """How phones that send the same two Accept headers are answered."""

    spoken: str
    zipped: bool
    headers: Headers


class Shortcut:
    """A WSGI application before Flask's own; it answers help pages and reports, and passes everything else on."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.flask = app.wsgi_app
        self.kinds: dict[tuple[str, str], Kind] = {}
        self.reported: dict[str, Kind] = {}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        token, rest = environ.get("PATH_INFO", "")[1:PATH_LENGTH], environ.get("PATH_INFO", "")[PATH_LENGTH:]
        if len(token) != seal.TOKEN_LENGTH or not token.isdigit() or environ.get("QUERY_STRING"):
            return self.flask(environ, start_response)
        if environ["REQUEST_METHOD"] == "GET" and rest == "":
            return self._help(token, environ, start_response)
        if environ["REQUEST_METHOD"] == "POST" and rest == "/scans":
            return self._report(token, environ, start_response)
        return self.flask(environ, start_response)

    def _help(self, token: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        asked = environ.get("HTTP_ACCEPT_LANGUAGE", ""), environ.get("HTTP_ACCEPT_ENCODING", "")
        kind = self.kinds.get(asked)
        body = self._page(token, kind) if kind else None
        if kind is None or body is None:
            return self.flask(environ, _remembering(self.kinds, asked, "200", start_response))
        start_response("200 OK", [*kind.headers, ("Content-Length", str(len(body)))])
        log.info("GET /<token> 200")
        return (body,)

    def _report(self, token: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        speaks = environ.get("HTTP_ACCEPT_LANGUAGE", "")
        kind = self.reported.get(speaks)
        if kind is None:
            return self.flask(environ, _remembering(self.reported, speaks, "201", start_response))
        raw = _json_object(environ)
        kept = None if raw is None else self._kept(token, raw, environ.get("REMOTE_ADDR", ""))
        if kept is None:
            return self.flask(environ, start_response)
        body, status = kept
        start_response(status, [*kind.headers, ("Content-Length", str(len(body)))])
        log.info("POST /<token>/scans %s", status[:3])
        return (body,)

    def _kept(self, token: str, raw: dict[str, Any], caller: str) -> tuple[bytes, str] | None:
        """The answer to a report that is on the disk; None when Flask is to answer, which then keeps it."""
        with self.app.app_context():
            opened = seal.open_badge_token(connection.ring(), token)
            if opened is None:
                return None
            sent, ignored = intake.read(raw, card.point(opened[0]))
            try:
                kept = reception.keep(*opened, sent, damping.network(caller))
            except OSError:
                return None
            answer = json.dumps(reception.as_json(kept, ignored), separators=(",", ":"), ensure_ascii=True)
            return answer.encode() + b"\n", "202 ACCEPTED" if kept.spooled else "201 CREATED"

    def _page(self, token: str, kind: Kind) -> bytes | None:
        with self.app.app_context():
            opened = seal.open_badge_token(connection.ring(), token)
            if opened is None:
                return None
            pieces = page.help_pieces(*card.of_page(*opened), page.press_form(f"/{token}/scans"), kind.spoken)
            return page.joined(pieces) if kind.zipped else page.plain(pieces)


def _remembering(
    known: dict[Any, Kind], asked: Any, status: str, start_response: StartResponse
) -> StartResponse:
    """A start_response that keeps the headers of an answer of this status, but for what is that answer's own."""

    def remember(given: str, headers: Headers, *more: Any) -> Any:
        named = dict(headers)
        if given.startswith(status) and "Set-Cookie" not in named:
            if len(known) >= MOST_KINDS:
                known.clear()
            kept = [(name, value) for name, value in headers if name != "Content-Length"]
            known[asked] = Kind(named.get("Content-Language", ""), "Content-Encoding" in named, kept)
        return start_response(given, headers, *more)

    return remember


def _json_object(environ: dict[str, Any]) -> dict[str, Any] | None:
    """The body, when it is a JSON object of a usual size; whoever reads it next finds it unread."""
    length = environ.get("CONTENT_LENGTH") or ""
    if environ.get("CONTENT_TYPE") != "application/json" or not length.isdigit() or int(length) > USUAL:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return raw if isinstance(raw, dict) else None
