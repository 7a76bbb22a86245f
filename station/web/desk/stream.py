"""The live feed of the console: Server-Sent Events that resume, and polling that works alone."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

from flask import Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import clock
from station.config import WEB_PROCESSES
from station.db import DatabaseError, StationDatabase
from station.errors import StorageGone
from station.incidents import events, feed
from station.incidents.feed import Notice
from station.web import access, connection
from station.web.desk.blueprint import LOOK, bp

MOST_STREAMS = 128 // WEB_PROCESSES  # of one process; each holds a thread, and beyond it a console polls
# A browser opens six connections to a host without HTTP/2 and keeps the seventh request waiting; six tabs that all
# listen would leave none for a press.
MOST_OF_ONE = 4 // WEB_PROCESSES
LOOK_EVERY_S = 0.25
BEAT_S = 10.0
LONGEST_S = 600.0  # then the console comes back, and with it the check of its session
RETRY_AFTER_S = 30


class Places:
    """How many consoles listen: all together, and of each browser, known by its session."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, who: str) -> bool:
        with self._lock:
            if self._taken[who] >= self._most_of_one or self._taken.total() >= self._most:
                return False
            self._taken[who] += 1
            return True

    def give_back(self, who: str) -> None:
        with self._lock:
            self._taken -= Counter([who])


_places = Places(MOST_STREAMS, MOST_OF_ONE)


@bp.get("/desk/events")
@access.allowed(*LOOK)
def follow() -> ResponseReturnValue:
    last = _last_seen()
    if not _wants_stream():
        return _poll(last)
    who = request.cookies.get(access.COOKIE, "")
    if not _places.take(who):
        body = jsonify(error=gettext("Too many consoles listen just now. Ask again every few seconds."))
        return body, 503, {"Retry-After": str(RETRY_AFTER_S)}
    return _open_stream(last, who)


def _wants_stream() -> bool:
    accept = request.headers.get("Accept", "")
    if "text/event-stream" in accept:
        return True
    return "after" not in request.args and "application/json" not in accept


def _last_seen() -> int:
    """The event id to go on from: the browser's Last-Event-ID, else `after`, else now."""
    for text in (request.headers.get("Last-Event-ID", ""), request.args.get("after", "")):
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
    return events.newest_id(connection.get_db())


def _poll(last: int) -> ResponseReturnValue:
    found, last = feed.after(connection.get_db(), g.staff.station, last)
    return jsonify(events=[as_json(notice) for notice in found], last=last)


def _open_stream(last: int, who: str) -> ResponseReturnValue:
    try:
        # A connection of the stream's own: the thread's belongs to whatever request the thread serves next.
        db = StationDatabase(connection.config().database)
    except BaseException:
        _places.give_back(who)
        raise
    # A console that went away is noticed at once where the server can tell (waitress with a lookahead), else only
    # by the third heartbeat that cannot be written; until then it holds a place.
    left = request.environ.get("waitress.client_disconnected", _cannot_tell)
    response = Response(_blocks(db, g.staff.station, last, left), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(lambda: _end(db, who))
    return response


def _end(db: StationDatabase, who: str) -> None:
    db.close()
    _places.give_back(who)


def _cannot_tell() -> bool:
    return False


def _blocks(db: StationDatabase, station: int, last: int, left: Callable[[], bool]) -> Iterator[str]:
    """What goes over the wire, until the console left, the time is over or the database was replaced."""
    yield "retry: 2000\n\n"
    ends = time.monotonic() + LONGEST_S
    beat = time.monotonic() + BEAT_S
    version = None
    try:
        while time.monotonic() < ends and not left():
            # The version is read before the rows, so that a commit in between is seen on the next round.
            before, version = version, db.scalar("PRAGMA data_version")
            if version != before:
                since, (found, last) = last, feed.after(db, station, last)
                yield from (_block(notice) for notice in found)
                version = None if last - since >= feed.MOST else version  # there may be more
            if time.monotonic() >= beat:
                db.check_same_file()
                beat = time.monotonic() + BEAT_S
                yield ": heartbeat\n\n"
            time.sleep(LOOK_EVERY_S)
    except (StorageGone, DatabaseError):
        return


def _block(notice: Notice) -> str:
    return f"id: {notice.id}\ndata: {json.dumps(as_json(notice))}\n\n"


def as_json(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.id,
        "kind": notice.kind,
        "incident": str(notice.incident_id) if notice.incident_id else None,
        "state": notice.state,
        "at": clock.text(notice.at),
        "badge_number": notice.badge_number,
        "act": notice.act,
    }
