"""Which applications this browser is writing or following: their codes lie in its signed cookie, nowhere else."""

from datetime import timedelta

from flask import g, session

from station import clock
from station.applications import drafts, records
from station.applications.drafts import Draft
from station.applications.records import Application
from station.errors import NotFound
from station.web import connection

MOST = 3  # written at once in one browser, in tabs beside each other
FOLLOWED = timedelta(minutes=30)


def current(uid: str = "") -> Draft | None:
    """The draft that this browser writes; with `uid` that very one, if it is among those begun here."""
    if "draft" not in g or (uid and g.draft and g.draft.uid != uid):
        g.draft = _read(uid or session.get("writing", ""))
    found: Draft | None = g.draft
    return found


def remember(draft: Draft) -> None:
    """From now on this browser writes this draft."""
    codes = {uid: code for uid, code in session.get("drafts", {}).items() if uid != draft.uid}
    session["drafts"] = dict([*codes.items(), (draft.uid, draft.code)][-MOST:])
    session["writing"] = draft.uid
    g.draft = draft


def forget(uid: str) -> None:
    """This browser writes the draft no more; whoever has the code can go on."""
    session["drafts"] = {one: code for one, code in session.get("drafts", {}).items() if one != uid}
    if session.get("writing") == uid:
        del session["writing"]
    g.pop("draft", None)


def sent_elsewhere(uid: str) -> str:
    """The code of a draft of this browser that was sent from another one; empty when it was not."""
    code = session.get("drafts", {}).get(uid, "")
    try:
        records.by_code(connection.get_db(), connection.get_vault(), code)
    except NotFound:
        return ""
    return str(code)


def follow(application: Application) -> None:
    """This browser has shown code and phone of an application, and may read and answer for a while."""
    session["following"] = [application.uid, clock.text(connection.now())]


def followed() -> Application | None:
    uid, since = session.get("following", ["", ""])
    if not uid or connection.now() - clock.parse(since) > FOLLOWED:
        return None
    try:
        return records.by_uid(connection.get_db(), connection.get_vault(), uid)
    except NotFound:
        return None


def stop_following() -> None:
    session.pop("following", None)


def _read(uid: str) -> Draft | None:
    code = session.get("drafts", {}).get(uid)
    if not code:
        return None
    try:
        return drafts.get(connection.get_db(), connection.get_vault(), code, connection.now())
    except NotFound:
        return None
