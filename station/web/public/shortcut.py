"""The help page without the way through Flask, once Flask has answered a phone of the same kind.

A page that is in fact ready took twice the time of a bare Flask route, most of it spent in the framework
and in checking the same eleven headers anew. The route in doors.py stays the truth: the first answer for
each pair of Accept headers comes from there, and its headers are the ones that are sent again here.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

from flask import Flask
from flask.sansio.blueprints import BlueprintSetupState

from station import seal
from station.web import connection
from station.web.public import card, page

log = logging.getLogger("station.web")

PATH_LENGTH = 1 + seal.TOKEN_LENGTH
MOST_KINDS = 1024

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
    """A WSGI application before Flask's own; it answers help pages and passes everything else on."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.flask = app.wsgi_app
        self.kinds: dict[tuple[str, str], Kind] = {}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if len(path) != PATH_LENGTH or not path[1:].isdigit():
            return self.flask(environ, start_response)
        if environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
            return self.flask(environ, start_response)
        asked = environ.get("HTTP_ACCEPT_LANGUAGE", ""), environ.get("HTTP_ACCEPT_ENCODING", "")
        kind = self.kinds.get(asked)
        body = self._page(path[1:], kind) if kind else None
        if kind is None or body is None:
            return self.flask(environ, self._remembering(asked, start_response))
        start_response("200 OK", [*kind.headers, ("Content-Length", str(len(body)))])
        log.info("GET /<token> 200")
        return (body,)

    def _page(self, token: str, kind: Kind) -> bytes | None:
        with self.app.app_context():
            opened = seal.open_badge_token(connection.ring(), token)
            if opened is None:
                return None
            station = card.of_station(opened[0])
            pieces = page.help_pieces(
                station, card.of_badge(station, *opened), page.press_form(f"/{token}/scans"), kind.spoken
            )
            return page.joined(pieces) if kind.zipped else page.plain(pieces)

    def _remembering(self, asked: tuple[str, str], start_response: StartResponse) -> StartResponse:
        def remember(status: str, headers: Headers, *more: Any) -> Any:
            known = dict(headers)
            if status.startswith("200") and "Set-Cookie" not in known:
                kept = [(name, value) for name, value in headers if name != "Content-Length"]
                if len(self.kinds) >= MOST_KINDS:
                    self.kinds.clear()
                self.kinds[asked] = Kind(known["Content-Language"], "Content-Encoding" in known, kept)
            return start_response(status, headers, *more)

        return remember
