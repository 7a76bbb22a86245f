"""The six digits of a message, typed at the start page: they lead to the same page as the message's link."""

from flask import make_response
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import damm
from station.errors import NotFound
from station.incidents import codes
from station.web import connection, damping
from station.web.public import card, page
from station.web.public.card import UNREACHABLE

# A million codes, of which a few are alive: one network has five tries and then one a minute; all networks
# together a hundred and then one in twenty seconds, so that many networks guess no faster.
_source = damping.Damper(burst=5, every_s=60)
_all = damping.Damper(burst=100, every_s=20)


def link_of(digits: str) -> ResponseReturnValue | None:
    """What a code leads to that stands in the field for badge numbers; None for anything else.

    No code passes for a badge's number, and a finder's slip in a number must not look like a wrong code.
    """
    if len(digits) != codes.DIGITS or damm.is_valid(digits) or not _may_try():
        return None
    try:
        return _lead(digits)
    except (NotFound, *UNREACHABLE):
        return None


def open_code(typed: str) -> ResponseReturnValue:
    """Show the place to the officer whose code it is; nothing is taken by that."""
    code = "".join(str(int(c)) for c in typed if c.isdecimal())
    if not _may_try():
        return _again(
            gettext("Too many codes were tried. Use the link in the message, the desk, or ring us."), 429
        )
    try:
        return _lead(code)
    except NotFound:
        return _again(
            gettext("This code is not known or its incident is over. Compare it with the message."), 404
        )
    except UNREACHABLE:
        return _again(gettext("The records cannot be reached just now. Ring the station."), 503)


def _may_try() -> bool:
    return _source.allows(damping.source()) and _all.allows(b"everybody")


def _lead(code: str) -> ResponseReturnValue:
    token = codes.open_code(connection.get_db(), connection.get_vault(), code)
    answer = make_response("", 303)
    answer.headers["Location"] = f"/go/{token}"
    return answer


def _again(wrong: str, status: int) -> ResponseReturnValue:
    return page.render("code.html", status, wrong=wrong, hotlines=card.hotlines())
