"""A signed JSON POST to an address of the station's choice."""

import hashlib
import hmac
import json
from datetime import UTC

from station.channels.base import Channel, Delivery, Outgoing, Result
from station.channels.post import post, target, verdict


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
    }


CHANNEL = Channel(
    deliver,
    required=("secret",),
    optional=("ca_file", "deadline_s"),
    secret=("secret",),
    to="web",
    shared=False,
)
