"""ServerChan (Server 酱), which writes to one person's WeChat; only a title and the link pass through it.

The provider's pages: https://sct.ftqq.com and https://sc3.ft07.com; the two kinds of keys and the answer
{"code", "message"} are in the provider's own https://github.com/easychen/serverchan-sdk. Its codes are nowhere
listed: 0 is success, 40001 comes when the day's messages are used up, everything else is tried again.
"""

import json
import re
from collections.abc import Mapping

from station.channels import codes, texts
from station.channels.base import Channel, Delivery, Limit, Result, mark
from station.channels.codes import Meaning
from station.channels.connect import Undeliverable
from station.channels.post import Target, home, post, target, verdict
from station.vocabulary import N_

HOME = "https://sctapi.ftqq.com"
_TURBO = re.compile(r"SCT[0-9A-Za-z]{8,120}")
_THREE = re.compile(r"sctp(\d{1,12})t[0-9A-Za-z]{8,120}")
_TITLE_LIMIT = 32  # characters

CODES: Mapping[int, Meaning] = {0: codes.OK, 40001: codes.DAY_LIMIT}


def deliver(delivery: Delivery) -> Result:
    message = delivery.message
    note = {"title": (mark(message) + message.title)[:_TITLE_LIMIT], "desp": texts.link_only(message)}
    body = json.dumps(note, ensure_ascii=False).encode()
    answer = post(_address(delivery), body, {"Content-Type": "application/json; charset=utf-8"}, delivery)
    return codes.weigh(verdict(answer), judge(answer.body))


def judge(body: bytes) -> Result:
    """Judge by the body code, and by the one inside: both must be 0."""
    said = codes.fields(body)
    inside = said.get("data")
    code = said.get("code")
    if code == 0 and isinstance(inside, dict):
        code = inside.get("errno", 0)
    if type(code) is not int:
        return codes.result(codes.UNREADABLE)
    return codes.result(codes.meaning_of(code, CODES), code)


def _address(delivery: Delivery) -> Target:
    key = delivery.destination.strip()
    three = _THREE.fullmatch(key)
    if not three and not _TURBO.fullmatch(key):
        raise Undeliverable(N_("the destination is not a SendKey of ServerChan"))
    usual = f"https://{three[1]}.push.ft07.com" if three else HOME
    path = f"/send/{key}.send" if three else f"/{key}.send"
    return target(home(delivery, usual) + path, plain=delivery.allow_private)


CHANNEL = Channel(
    deliver,
    required=(),
    optional=("base_url", "ca_file", "deadline_s"),
    to="key",
    limit=Limit(10, 60),
    verified=False,
)
