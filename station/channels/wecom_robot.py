"""A robot in a WeCom (企业微信) group chat.

The provider's pages: https://developer.work.weixin.qq.com/document/path/91770 (robot; text of at most 2048
bytes, at most 20 messages a minute) and https://developer.work.weixin.qq.com/document/path/90313 (body codes).
It answers HTTP 200 even when nothing was sent; only the code in the body tells.
"""

import json
import re
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from station.channels.base import Channel, Delivery, Outgoing, Result, mark, paragraphs
from station.channels.connect import Undeliverable
from station.channels.post import Target, post, target, verdict

_HOME = "https://qyapi.weixin.qq.com"
_PATH = "/cgi-bin/webhook/send"
_KEY = re.compile(r"[0-9A-Za-z_-]{1,128}")
_TEXT_LIMIT = 2048
# The limit counts a minute; half of it is the longest wait that the ladder's own backoff would take.
_PAUSE_S = 30.0

_TOO_OFTEN = 45009
_Meaning = tuple[Literal["retry", "permanent"], str]
_UNKNOWN: _Meaning = ("retry", "a code that is not in the table")
_CODES: dict[int, _Meaning] = {
    -1: ("retry", "the provider is busy"),
    42001: ("retry", "the access token has expired"),
    _TOO_OFTEN: ("retry", "more than 20 messages in a minute"),
    45033: ("retry", "too many calls at once"),
    40001: ("permanent", "the secret is not valid"),
    40008: ("permanent", "the message type is not valid"),
    40014: ("permanent", "the access token is not valid"),
    40033: ("permanent", "the message has a character that is not allowed"),
    40035: ("permanent", "a parameter is not valid"),
    40058: ("permanent", "a parameter is not valid"),
    40063: ("permanent", "a parameter is empty"),
    41001: ("permanent", "the access token is missing"),
    44004: ("permanent", "the text is empty"),
    45002: ("permanent", "the message is too long"),
    48002: ("permanent", "this interface is not permitted"),
    60020: ("permanent", "this machine's address is not on the provider's list"),
    93000: ("permanent", "the key is not valid, or the robot was removed from the group"),
    93004: ("permanent", "the robot is switched off"),
    93008: ("permanent", "the robot is not in the group"),
}


def deliver(delivery: Delivery) -> Result:
    body = json.dumps(_card(delivery), ensure_ascii=False).encode()
    answer = post(_address(delivery), body, {"Content-Type": "application/json"}, delivery)
    result = verdict(answer)
    return judge(answer.body) if result.outcome == "ok" else result


def judge(body: bytes) -> Result:
    """Judge by the body code. One that is not in the table is tried again: it says nothing about the message."""
    try:
        code = json.loads(body)["errcode"]
    except (ValueError, KeyError, TypeError, RecursionError):
        code = None
    if type(code) is not int:  # In JSON false is no 0, in Python it is.
        return Result("retry", detail="the provider's answer cannot be read")
    if code == 0:
        return Result("ok", detail="the provider answered 0")
    outcome, words = _CODES.get(code, _UNKNOWN)
    pause = _PAUSE_S if code == _TOO_OFTEN else None
    return Result(outcome, detail=f"the provider answered {code}: {words}", retry_after_s=pause)


def text(message: Outgoing) -> str:
    """Return title, text, place and link within 2048 bytes; what is too long is cut, the link never."""
    said = "\n".join([mark(message) + message.title, *paragraphs(message)])
    link = f"\n{message.url}" if message.url else ""
    return _cut(said, _TEXT_LIMIT - len(link.encode())) + link


def _card(delivery: Delivery) -> dict[str, object]:
    # Text and not markdown: markdown cannot call people (@all), and shows as raw source in WeChat itself.
    card: dict[str, object] = {"content": text(delivery.message)}
    called = [name.strip() for name in delivery.settings.get("mention", "").split(",") if name.strip()]
    return {"msgtype": "text", "text": card | ({"mentioned_list": called} if called else {})}


def _address(delivery: Delivery) -> Target:
    home = delivery.settings.get("base_url") or _HOME
    key = _key(delivery.destination.strip(), home)
    if not _KEY.fullmatch(key):
        raise Undeliverable("the destination is neither a robot's key nor its whole address")
    return target(f"{home.rstrip('/')}{_PATH}?key={key}", plain=delivery.allow_private)


def _key(destination: str, home: str) -> str:
    if "://" not in destination:
        return destination
    if not destination.startswith(f"{home.rstrip('/')}{_PATH}?"):
        raise Undeliverable("the robot's address is not one of the provider set for this station")
    return parse_qs(urlsplit(destination).query).get("key", [""])[0]


def _cut(words: str, limit: int) -> str:
    if len(words.encode()) <= limit:
        return words
    return words.encode()[: max(limit - len("…".encode()), 0)].decode(errors="ignore") + "…"


CHANNEL = Channel(deliver, required=(), optional=("base_url", "ca_file", "deadline_s", "mention"))
