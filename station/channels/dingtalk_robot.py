"""A robot in a DingTalk (钉钉) group chat, with a signature.

The provider's pages: https://open.dingtalk.com/document/orgapp/customize-robot-security-settings (signature) and
https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages (codes; at most 20 messages a minute,
whoever sends more is silenced for ten minutes). 130101 and 300001 are in the older list of server codes. A robot of
this kind hears no presses: the button of its card (actionCard) is a link.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, urlsplit

from station.channels import codes, texts
from station.channels.base import Channel, Delivery, Limit, Outgoing, Result, mark, paragraphs
from station.channels.codes import Meaning
from station.channels.connect import Undeliverable
from station.channels.post import Target, home, post, target, verdict
from station.vocabulary import N_

HOME = "https://oapi.dingtalk.com"
_PATH = "/robot/send"
_KEY = re.compile(r"[0-9A-Za-z_-]{1,128}")
_TEXT_LIMIT = 4096  # bytes; a body may have 20,000, a phone's screen has less

CODES: Mapping[int, Meaning] = {
    0: codes.OK,
    -1: codes.BUSY,
    410100: codes.TOO_OFTEN,
    130101: codes.TOO_OFTEN,
    90030: codes.DAY_LIMIT,
    310000: codes.KEYWORDS,
    400101: codes.BAD_SECRET,
    300001: codes.BAD_SECRET,
    300005: codes.BAD_SECRET,
    88: codes.BAD_SECRET,
    400013: codes.NO_ROBOT,
    400102: codes.NO_ROBOT,
    400106: codes.NO_ROBOT,
    400105: codes.BAD_REQUEST,
    40035: codes.BAD_REQUEST,
    43004: codes.BAD_REQUEST,
    430101: codes.BAD_TEXT,
    430102: codes.BAD_TEXT,
    430103: codes.BAD_TEXT,
    430104: codes.BAD_TEXT,
}
# 310000 stands for three faults of which only the sentence tells which one it is.
_SENTENCES = (("sign", codes.BAD_SIGNATURE), ("timestamp", codes.BAD_CLOCK), ("whitelist", codes.BAD_IP))


def deliver(delivery: Delivery) -> Result:
    body = json.dumps(_card(delivery), ensure_ascii=False).encode()
    answer = post(_address(delivery), body, {"Content-Type": "application/json; charset=utf-8"}, delivery)
    return codes.weigh(verdict(answer), judge(answer.body))


def judge(body: bytes) -> Result:
    """Judge by the body code; HTTP 200 says nothing."""
    said = codes.fields(body)
    code = said.get("errcode")
    if type(code) is not int:
        return codes.result(codes.UNREADABLE)
    meaning = codes.meaning_of(code, CODES)
    if meaning is codes.KEYWORDS:
        words = str(said.get("errmsg", ""))
        meaning = next((better for sign, better in _SENTENCES if sign in words), meaning)
    return codes.result(meaning, code)


def signature(secret: str, milliseconds: int) -> str:
    """Base64 of HMAC-SHA256 with the secret over "milliseconds, line feed, secret"."""
    signed = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _card(delivery: Delivery) -> dict[str, object]:
    called = [name.strip() for name in delivery.settings.get("mention", "").split(",") if name.strip()]
    if not called and texts.buttoned(delivery.message):
        return {"msgtype": "actionCard", "actionCard": _action(delivery.message)}
    # A card cannot call people (at), a text can; the link in it is the same.
    at = {"isAtAll": "@all" in called, "atUserIds": [name for name in called if name != "@all"]}
    return {"msgtype": "text", "text": {"content": texts.full(delivery.message, _TEXT_LIMIT)}, "at": at}


def _action(message: Outgoing) -> dict[str, object]:
    """A card whose one button is the link; its text is markdown, so what people wrote is kept from being any."""
    said = [mark(message) + message.title, *paragraphs(message)]
    return {
        "title": mark(message) + message.title,
        "text": texts.cut("\n\n".join(texts.unmarked(one) for one in said), _TEXT_LIMIT),
        "singleTitle": message.look,
        "singleURL": message.url,
    }


def _address(delivery: Delivery) -> Target:
    base = home(delivery, HOME)
    key = _key(delivery.destination.strip(), base)
    if not _KEY.fullmatch(key):
        raise Undeliverable(N_("the destination is neither a robot's access_token nor its whole address"))
    milliseconds = int(delivery.now.timestamp() * 1000)
    sign = quote(signature(delivery.settings["secret"], milliseconds), safe="")
    url = f"{base}{_PATH}?access_token={key}&timestamp={milliseconds}&sign={sign}"
    return target(url, plain=delivery.allow_private)


def _key(destination: str, base: str) -> str:
    if "://" not in destination:
        return destination
    if not destination.startswith(f"{base}{_PATH}?"):
        raise Undeliverable(N_("the robot's address is not one of the provider set for this station"))
    return parse_qs(urlsplit(destination).query).get("access_token", [""])[0]


CHANNEL = Channel(
    deliver,
    required=("secret",),
    optional=("mention", "base_url", "ca_file", "deadline_s"),
    secret=("secret",),
    limit=Limit(20, 60),
)
