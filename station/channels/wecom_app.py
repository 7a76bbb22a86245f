"""An application in WeCom (企业微信) that writes to one person; in WeChat too where the plug-in is followed.

The provider's pages: https://developer.work.weixin.qq.com/document/path/91039 (access token, to be kept and shared),
https://developer.work.weixin.qq.com/document/path/90236 (sending; more than 30 messages a minute to one person are
dropped in silence) and https://developer.work.weixin.qq.com/document/path/90313 (body codes). With the two settings of a
callback an alert is a card whose button takes the incident (wecom_card.py).
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from station.channels import codes, texts, tokens, wecom, wecom_card
from station.channels.base import Channel, Delivery, Limit, Result
from station.channels.connect import Undeliverable
from station.channels.post import get, home, post, target, verdict
from station.vocabulary import N_

_USER = re.compile(r"[0-9A-Za-z_.@-]{1,64}")
_TEXT_LIMIT = 2048


def deliver(delivery: Delivery) -> Result:
    """Send, with a button where there can be one; a card that is not understood goes as a text at once."""
    text = _text_message(delivery)
    if not wecom_card.fits(delivery.settings, delivery.message):
        return _deliver(delivery, text)
    card = {name: value for name, value in text.items() if name != "text"} | {
        "msgtype": "template_card",
        "template_card": wecom_card.card(delivery.message),
    }
    sent = _deliver(delivery, card)
    return _deliver(delivery, text) if sent.words == codes.BAD_REQUEST.words else sent


def _deliver(delivery: Delivery, message: Mapping[str, object]) -> Result:
    """Send with the token at hand; when it is refused, get a new one and send once more."""
    key = tokens.key(home(delivery, wecom.HOME), delivery.settings["corp_id"], delivery.settings["secret"])
    body = json.dumps(message, ensure_ascii=False).encode()
    token = tokens.known(key)
    if token:
        tried = _send(delivery, token, body)
        if tried.words != codes.TOKEN.words:
            return tried
        tokens.forget(key, token)
    renewed = _renew(delivery, key)
    return renewed if isinstance(renewed, Result) else _send(delivery, renewed, body)


def judge(body: bytes) -> Result:
    """Judge by the body code, and by who was left out: a message to one person who is left out was not sent."""
    said = codes.fields(body)
    code = said.get("errcode")
    if type(code) is not int:
        return codes.result(codes.UNREADABLE)
    if code == 0 and (said.get("invaliduser") or said.get("unlicenseduser")):
        return codes.result(codes.BAD_TARGET, code)
    return codes.result(codes.meaning_of(code, wecom.CODES), code, provider_id=_text(said.get("msgid")))


def _send(delivery: Delivery, token: str, body: bytes) -> Result:
    url = f"{home(delivery, wecom.HOME)}/cgi-bin/message/send?access_token={quote(token, safe='')}"
    to = target(url, plain=delivery.allow_private)
    answer = post(to, body, {"Content-Type": "application/json"}, delivery)
    return codes.weigh(verdict(answer), judge(answer.body))


def _renew(delivery: Delivery, key: str) -> str | Result:
    """A new access token, or why there is none."""
    settings = delivery.settings
    who = f"corpid={quote(settings['corp_id'], safe='')}&corpsecret={quote(settings['secret'], safe='')}"
    url = f"{home(delivery, wecom.HOME)}/cgi-bin/gettoken?{who}"
    answer = get(target(url, plain=delivery.allow_private), delivery)
    said = codes.fields(answer.body)
    token, lives_s = said.get("access_token"), said.get("expires_in")
    if said.get("errcode") == 0 and answer.status == 200 and isinstance(token, str) and token:
        tokens.keep(key, token, float(lives_s) if isinstance(lives_s, int) else 0.0)
        return token
    refused = codes.weigh(verdict(answer), judge(answer.body))
    return codes.result(codes.UNREADABLE) if refused.outcome == "ok" else refused


def _text_message(delivery: Delivery) -> dict[str, object]:
    user = delivery.destination.strip()
    if not _USER.fullmatch(user) or user == "@all":
        raise Undeliverable(N_("the destination is not a user id of WeCom"))
    if not delivery.settings["agent_id"].isdecimal():
        raise Undeliverable(N_("the setting agent_id must be a number"))
    to = {"touser": user, "agentid": int(delivery.settings["agent_id"])}
    return to | {"msgtype": "text", "text": {"content": texts.full(delivery.message, _TEXT_LIMIT)}}


def _text(found: object) -> str | None:
    return found[:200] if isinstance(found, str) and found else None


CHANNEL = Channel(
    deliver,
    required=("corp_id", "agent_id", "secret"),
    optional=(*wecom_card.SETTINGS, "base_url", "ca_file", "deadline_s"),
    secret=("secret", *wecom_card.SETTINGS),
    to="user",
    limit=Limit(30, 60),
    door=wecom_card.DOOR,
)
