"""The door of each channel: its provider says here what became of a message, and who pressed a key or a button."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import answers
from station.answers import AtDoor
from station.channels.inbound import Inbound, Reply
from station.errors import NotFound, UserError
from station.web import access, connection, damping, pages

bp = Blueprint("answers", __name__)

LARGEST = 64 * 1024  # bytes; some 200 receipts

_strangers = damping.Damper(burst=20, every_s=3)


class TooMany(UserError):
    """Addresses tried one after the other."""

    status = 429

    def __init__(self) -> None:
        super().__init__("Too many tries. Wait a minute, then try again.")


@bp.get("/receipts/<door>")
@access.unguessable
def greet(door: str) -> ResponseReturnValue:
    """The first call of a provider, when the address is entered in its console."""
    return _sent(answers.greet(connection.get_db(), _enter(door, b"")))


@bp.post("/receipts/<door>")
@access.unguessable
def hear(door: str) -> ResponseReturnValue:
    request.max_content_length = LARGEST
    at = _enter(door, request.get_data())
    outcome = answers.hear(connection.get_db(), connection.get_vault(), at)
    return _sent(answers.reply(at, gettext(answers.WORDS[outcome]) if outcome else ""))


@bp.errorhandler(UserError)
def refused(error: UserError) -> ResponseReturnValue:
    """Always JSON: no person reads it."""
    return jsonify(pages.as_json(error)), error.status


def _enter(door: str, body: bytes) -> AtDoor:
    """Who is spoken to. Raises NotFound; who guesses often is slowed down."""
    came = Inbound({}, body, request.args, request.headers.get("X-Station-Signature", ""), connection.now())
    try:
        return answers.enter(connection.get_db(), connection.get_vault(), door, came)
    except NotFound:
        if not _strangers.allows(damping.source()):
            raise TooMany from None
        raise


def _sent(reply: Reply) -> Response:
    return Response(reply.body, mimetype=reply.mimetype)
