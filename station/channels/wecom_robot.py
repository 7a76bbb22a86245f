"""A robot in a WeCom (企业微信) group chat.

The provider's page: https://developer.work.weixin.qq.com/document/path/91770 (text of at most 2048 bytes, at most
20 messages a minute). It answers HTTP 200 even when nothing was sent; only the code in the body tells.
"""

import json
import re
from urllib.parse import parse_qs, urlsplit

from station.channels import codes, texts, wecom
from station.channels.base import Channel, Delivery, Limit, Outgoing, Result, mark, paragraphs
from station.channels.connect import Undeliverable
from station.channels.post import Target, home, post, target, verdict
from station.vocabulary import N_

_PATH = "/cgi-bin/webhook/send"
_KEY = re.compile(r"[0-9A-Za-z_-]{1,128}")
_TEXT_LIMIT = 2048
_CARD_TITLE, _CARD_TEXT = 26, 112  # characters that a card shows for certain

# A robot has no token of its own to renew: what the others renew is final here.
CODES = {**wecom.CODES, 40014: codes.BAD_SECRET, 41001: codes.BAD_SECRET, 42001: codes.BUSY}


def deliver(delivery: Delivery) -> Result:
    body = json.dumps(_card(delivery), ensure_ascii=False).encode()
    answer = post(_address(delivery), body, {"Content-Type": "application/json"}, delivery)
    return codes.weigh(verdict(answer), judge(answer.body))


def judge(body: bytes) -> Result:
    """Judge by the body code. One that is not in the table is tried again: it says nothing about the message."""
    code = codes.fields(body).get("errcode")
    if type(code) is not int:  # In JSON false is no 0, in Python it is.
        return codes.result(codes.UNREADABLE)
    return codes.result(codes.meaning_of(code, CODES), code)


def _card(delivery: Delivery) -> dict[str, object]:
    called = [name.strip() for name in delivery.settings.get("mention", "").split(",") if name.strip()]
    if not called and _fits(delivery.message):
        return {"msgtype": "template_card", "template_card": _notice(delivery.message)}
    # Text and not markdown: markdown cannot call people (@all), and shows as raw source in WeChat itself.
    card: dict[str, object] = {"content": texts.full(delivery.message, _TEXT_LIMIT)}
    return {"msgtype": "text", "text": card | ({"mentioned_list": called} if called else {})}


def _fits(message: Outgoing) -> bool:
    """Whether a card shows the whole message: it cannot call people either, and cuts what is long."""
    title, said = mark(message) + message.title, "\n".join(paragraphs(message))
    return texts.buttoned(message) and len(title) <= _CARD_TITLE and len(said) <= _CARD_TEXT


def _notice(message: Outgoing) -> dict[str, object]:
    return {
        "card_type": "text_notice",
        "main_title": {"title": mark(message) + message.title},
        "sub_title_text": "\n".join(paragraphs(message)),
        "jump_list": [{"type": 1, "title": message.look, "url": message.url}],
        "card_action": {"type": 1, "url": message.url},
    }


def _address(delivery: Delivery) -> Target:
    base = home(delivery, wecom.HOME)
    key = _key(delivery.destination.strip(), base)
    if not _KEY.fullmatch(key):
        raise Undeliverable(N_("the destination is neither a robot's key nor its whole address"))
    return target(f"{base}{_PATH}?key={key}", plain=delivery.allow_private)


def _key(destination: str, base: str) -> str:
    if "://" not in destination:
        return destination
    if not destination.startswith(f"{base}{_PATH}?"):
        raise Undeliverable(N_("the robot's address is not one of the provider set for this station"))
    return parse_qs(urlsplit(destination).query).get("key", [""])[0]


CHANNEL = Channel(
    deliver,
    required=(),
    optional=("base_url", "ca_file", "deadline_s", "mention"),
    limit=Limit(20, 60),
)
