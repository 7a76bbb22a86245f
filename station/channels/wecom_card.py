"""The card with a button that an application in WeCom (企业微信) sends, and the press that comes back, sealed and signed.

The provider's pages: https://developer.work.weixin.qq.com/document/path/90236 (template card with buttons),
https://developer.work.weixin.qq.com/document/path/90238 (the address where presses arrive, and its first call),
https://developer.work.weixin.qq.com/document/path/90240 (what arrives) and
https://developer.work.weixin.qq.com/document/path/90241 (the answer that changes the button).
"""

import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from station import envelope
from station.channels import inbound, texts
from station.channels.base import Outgoing, mark, paragraphs
from station.channels.inbound import Door, Inbound, NotAuthentic, Reply, Told, Unreadable

SETTINGS = ("callback_token", "callback_key")
TAKE = "take"  # the key of the one button
WINDOW_S = 300
# A phone shows about so many characters of a card; the link beside the button leads to everything.
_TITLE, _DESC, _TEXT = 36, 44, 160
_SEALED = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([0-9A-Za-z+/=]{1,60000})(?:\]\]>)?\s*</Encrypt>")


def fits(settings: Mapping[str, str], message: Outgoing) -> bool:
    """Whether this message can be a card whose button takes the incident."""
    known = bool(message.press and message.ref) and all(settings.get(name) for name in SETTINGS)
    return known and texts.buttoned(message)


def card(message: Outgoing) -> dict[str, object]:
    """The template card; its task id must never be used twice in the application, so it is the attempt's own name."""
    said = "\n".join(paragraphs(message))
    return {
        "card_type": "button_interaction",
        "main_title": {"title": (mark(message) + message.title)[:_TITLE], "desc": message.station[:_DESC]},
        "sub_title_text": texts.cut(said, _TEXT * 3),
        "card_action": {"type": 1, "url": message.url},
        "task_id": message.ref,
        "button_list": [
            {"type": 0, "text": message.press, "style": 1, "key": TAKE},
            {"type": 1, "text": message.look, "style": 2, "url": message.url},
        ],
    }


def greet(came: Inbound) -> Reply:
    """The first call, when the address is entered in the console: what is sealed in it goes back in the clear."""
    return Reply(_opened(came, came.query.get("echostr", "")).encode(), "text/plain")


def read(came: Inbound) -> list[Told]:
    """The press, if it is one; whatever else arrives (somebody opened the application) says nothing of a message."""
    said = _fields(came)
    if said.get("Event") != "template_card_event" or said.get("EventKey") != TAKE:
        return []
    return [
        Told(
            ref=inbound.text(said.get("TaskId")),
            state="delivered",
            word="pressed",
            pressed="card",
            by=inbound.text(said.get("FromUserName")),
        )
    ]


def reply(came: Inbound, words: str) -> Reply:
    """The new words on the button that was pressed, sealed and signed; nothing when nothing was pressed."""
    if not words:
        return Reply(b"", "text/plain")
    said, now = _fields(came), str(int(came.now.timestamp()))
    inner = (
        f"<xml><ToUserName>{escape(said.get('FromUserName', ''))}</ToUserName>"
        f"<FromUserName>{escape(came.settings['corp_id'])}</FromUserName><CreateTime>{now}</CreateTime>"
        f"<MsgType>update_button</MsgType><Button><ReplaceName>{escape(words)}</ReplaceName></Button></xml>"
    )
    sealed = envelope.close_up(came.settings["callback_key"], inner, came.settings["corp_id"])
    nonce = came.query.get("nonce", "")
    signature = envelope.sign(came.settings["callback_token"], now, nonce, sealed)
    return Reply(
        f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>{signature}</MsgSignature><TimeStamp>{now}</TimeStamp>"
        f"<Nonce>{escape(nonce)}</Nonce></xml>".encode(),
        "application/xml",
    )


def _fields(came: Inbound) -> dict[str, str]:
    found = _SEALED.search(came.body)
    if found is None:
        raise Unreadable
    inner = _opened(came, found[1].decode())
    if "<!DOCTYPE" in inner:  # without one there are no entities that could swell
        raise Unreadable
    try:
        root = ElementTree.fromstring(inner)  # noqa: S314 - signed by the provider, and without entities
    except ElementTree.ParseError as error:
        raise Unreadable from error
    return {field.tag: field.text or "" for field in root}


def _opened(came: Inbound, sealed: str) -> str:
    """What is in the envelope. Raises NotAuthentic when it is not signed with the token, five minutes off, or not ours."""
    stamp = came.query.get("timestamp", "")
    signed = envelope.is_signed(
        came.query.get("msg_signature", ""),
        came.settings["callback_token"],
        stamp,
        came.query.get("nonce", ""),
        sealed,
    )
    fresh = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
    if not (signed and fresh and abs(came.now.timestamp() - int(stamp)) <= WINDOW_S):
        raise NotAuthentic
    try:
        return envelope.open_up(came.settings["callback_key"], sealed, came.settings["corp_id"])
    except envelope.Unopenable as error:
        raise NotAuthentic from error


DOOR = Door(read, reply, greet, needs=SETTINGS)
