"""A robot in a Feishu or Lark (飞书) group chat, with a signature.

The provider's page: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (signature, codes, 100
messages a minute and 5 a second). A custom robot hears no presses: the button of its card is a link
(https://open.feishu.cn/document/common-capabilities/message-card/message-cards-content).
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping

from station.channels import codes, texts
from station.channels.base import Channel, Delivery, Limit, Outgoing, Result, mark, paragraphs
from station.channels.codes import Meaning
from station.channels.connect import Undeliverable
from station.channels.post import Target, home, post, target, verdict
from station.vocabulary import N_

HOME = "https://open.feishu.cn"
HOSTS = ("open.feishu.cn", "open.larksuite.com")
_PATH = "/open-apis/bot/v2/hook/"
_KEY = re.compile(r"[0-9A-Za-z_-]{1,128}")
_TEXT_LIMIT = 4096  # bytes; a body may have 20 KB, a phone's screen has less

CODES: Mapping[int, Meaning] = {
    0: codes.OK,
    11232: codes.TOO_OFTEN,
    9499: codes.BAD_REQUEST,
    19001: codes.BAD_SECRET,
    19002: codes.BAD_REQUEST,
    19021: codes.BAD_SIGNATURE,
    19022: codes.BAD_IP,
    19024: codes.KEYWORDS,
}


def deliver(delivery: Delivery) -> Result:
    body = json.dumps(_card(delivery), ensure_ascii=False).encode()
    answer = post(_address(delivery), body, {"Content-Type": "application/json; charset=utf-8"}, delivery)
    return codes.weigh(verdict(answer), judge(answer.body))


def judge(body: bytes) -> Result:
    """Judge by the body code; HTTP 200 says nothing."""
    code = codes.fields(body).get("code")
    if type(code) is not int:
        return codes.result(codes.UNREADABLE)
    return codes.result(codes.meaning_of(code, CODES), code)


def signature(secret: str, seconds: int) -> str:
    """Base64 of HMAC-SHA256 over nothing, with "seconds, line feed, secret" as the key."""
    return base64.b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def _card(delivery: Delivery) -> dict[str, object]:
    seconds = int(delivery.now.timestamp())
    signed: dict[str, object] = {
        "timestamp": str(seconds),
        "sign": signature(delivery.settings["secret"], seconds),
    }
    everybody = delivery.settings.get("mention") == "@all"
    if texts.buttoned(delivery.message):
        return signed | {"msg_type": "interactive", "card": _interactive(delivery.message, everybody)}
    # Feishu reads <at …> in a text as a call to people; only the settings may call.
    text = texts.full(delivery.message, _TEXT_LIMIT).replace("<", "＜")
    if everybody:
        text = f'<at user_id="all"></at> {text}'
    return signed | {"msg_type": "text", "content": {"text": text}}


def _interactive(message: Outgoing, everybody: bool) -> dict[str, object]:
    """A card of plain text, in which nothing that people wrote can be a tag, with a button to the link."""
    said = [_plain(texts.cut(one, _TEXT_LIMIT)) for one in paragraphs(message)]
    call: list[object] = []
    if everybody:
        call = [{"tag": "div", "text": {"tag": "lark_md", "content": "<at id=all></at>"}}]
    button = {"tag": "button", "type": "primary", "text": _plain(message.look), "url": message.url}
    return {
        "config": {"wide_screen_mode": True},
        "header": {"title": _plain(mark(message) + message.title), "template": "red"},
        "elements": [
            *call,
            *({"tag": "div", "text": one} for one in said),
            {"tag": "action", "actions": [button]},
        ],
    }


def _plain(words: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": words}


def _address(delivery: Delivery) -> Target:
    base = home(delivery, HOME, HOSTS)
    key = delivery.destination.strip().removeprefix(f"{base}{_PATH}")
    if not _KEY.fullmatch(key):
        raise Undeliverable(N_("the destination is neither a robot's id nor its whole address"))
    return target(f"{base}{_PATH}{key}", plain=delivery.allow_private)


CHANNEL = Channel(
    deliver,
    required=("secret",),
    optional=("mention", "base_url", "ca_file", "deadline_s"),
    secret=("secret",),
    limit=Limit(100, 60),
)
