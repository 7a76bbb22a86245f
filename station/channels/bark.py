"""Bark, an app that rings an iPhone even when it is silent; only a title and the link pass through its server.

The server is open, and its answers are in its source: https://github.com/Finb/bark-server (route_push.go); the fields
of a message are on https://bark.day.app/#/tutorial. A station may run a server of its own.
"""

import json
import re
from collections.abc import Mapping

from station.channels import codes, texts
from station.channels.base import Channel, Delivery, Limit, Outgoing, Result, mark
from station.channels.codes import Meaning
from station.channels.connect import Undeliverable
from station.channels.post import Target, post, target, verdict
from station.vocabulary import N_

HOME = "https://api.day.app"
_KEY = re.compile(r"[0-9A-Za-z_-]{8,64}")

CODES: Mapping[int, Meaning] = {
    200: codes.OK,
    400: codes.BAD_TARGET,
    404: codes.BAD_REQUEST,
    429: codes.TOO_OFTEN,
    500: codes.BUSY,
}


def deliver(delivery: Delivery) -> Result:
    body = json.dumps(_note(delivery), ensure_ascii=False).encode()
    answer = post(_address(delivery), body, {"Content-Type": "application/json; charset=utf-8"}, delivery)
    return codes.weigh(verdict(answer), judge(answer.body))


def judge(body: bytes) -> Result:
    """Judge by the body code: 200 is success, and nothing else."""
    code = codes.fields(body).get("code")
    if type(code) is not int:
        return codes.result(codes.UNREADABLE)
    return codes.result(codes.meaning_of(code, CODES), code)


def _note(delivery: Delivery) -> dict[str, str]:
    message = delivery.message
    note = {
        "device_key": _key(delivery.destination.strip()),
        "title": mark(message) + message.title,
        "body": texts.link_only(message),
        "group": message.incident or "station",
        "level": _level(message),
    }
    note |= {"url": message.url} if message.url else {}
    # A ring goes on for thirty seconds and passes the silent switch; nothing else may wake anybody.
    return note | ({"call": "1"} if message.kind == "ladder" else {})


def _level(message: Outgoing) -> str:
    return {"ladder": "critical", "soft_notice": "active", "closed": "active"}.get(
        message.kind, "timeSensitive"
    )


def _key(destination: str) -> str:
    key = destination.rstrip("/").rpartition("/")[2]
    if not _KEY.fullmatch(key):
        raise Undeliverable(N_("the destination is not a key of the Bark app"))
    return key


def _address(delivery: Delivery) -> Target:
    base = (delivery.settings.get("base_url") or HOME).rstrip("/")
    typed = delivery.destination.strip()
    if "://" in typed and not typed.startswith(f"{base}/"):
        raise Undeliverable(N_("the address in the Bark app is not one of the server set for this station"))
    return target(f"{base}/push", plain=delivery.allow_private)


CHANNEL = Channel(
    deliver,
    required=(),
    optional=("base_url", "ca_file", "deadline_s"),
    to="key",
    limit=Limit(60, 60),
)
