"""A signed JSON POST to an address of the station's choice, and the signed receipt that may come back later."""

import hashlib
import hmac
import json
import re
from datetime import UTC

from station.channels import codes, inbound
from station.channels.base import Channel, Delivery, Outgoing, Result
from station.channels.inbound import Door, Inbound, NotAuthentic, Reply, Told, Unreadable
from station.channels.post import post, target, verdict

WINDOW_S = 300
_SIGNED = re.compile(r"t=(\d{1,11}),v1=[0-9a-f]{64}")


def deliver(delivery: Delivery) -> Result:
    to = target(delivery.destination, plain=delivery.allow_private)
    body = json.dumps(_fields(delivery.message), ensure_ascii=False).encode()
    sent_at = int(delivery.now.timestamp())
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "anti-wandering-station",
        "X-Station-Signature": signature(delivery.settings["secret"], sent_at, body),
    }
    return verdict(post(to, body, headers, delivery))


def signature(secret: str, sent_at: int, body: bytes) -> str:
    """Return "t=<unix seconds>,v1=<hex HMAC-SHA256(secret, t + "." + body)>".

    The time is signed too, so that a receiver can refuse an old message that somebody plays again.
    """
    signed = b"%d.%b" % (sent_at, body)
    return f"t={sent_at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def read(came: Inbound) -> list[Told]:
    """One receipt: {"receipt", "state": "delivered" or "failed", "reason"}, signed as our own messages are."""
    signed = _SIGNED.fullmatch(came.signature)
    if signed is None or abs(came.now.timestamp() - int(signed[1])) > WINDOW_S:
        raise NotAuthentic
    expected = signature(came.settings["secret"], int(signed[1]), came.body)
    if not hmac.compare_digest(expected.encode(), came.signature.encode()):
        raise NotAuthentic
    said = codes.fields(came.body)
    state = said.get("state")
    if state not in ("delivered", "failed"):
        raise Unreadable
    word = codes.word(inbound.text(said.get("reason")))
    return [
        Told(
            ref=inbound.text(said.get("receipt")),
            state="delivered" if state == "delivered" else "failed",
            word=word,
        )
    ]


def thanks(_came: Inbound, _words: str) -> Reply:
    return inbound.as_json({"ok": True})


def _fields(message: Outgoing) -> dict[str, object]:
    return {
        "id": message.id,
        "incident": message.incident,
        "kind": message.kind,
        "text": message.text,
        "url": message.url,
        "station": message.station,
        "badge_number": message.badge_number,
        "location": dict(message.location) if message.location is not None else None,
        "attempt": message.attempt,
        "at": message.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "receipt": message.ref or None,
    }


CHANNEL = Channel(
    deliver,
    required=("secret",),
    optional=("ca_file", "deadline_s"),
    secret=("secret",),
    to="web",
    shared=False,
    door=Door(read, thanks),
)
