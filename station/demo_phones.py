"""What the demonstration's phones and mailboxes received: sealed lines in a file that all processes share."""

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from station import clock, seal
from station.config import Config
from station.seal import Keyring

MOST = 600
LONGEST_FILE = 2_000_000  # bytes; then all but the last messages are dropped
MAILED = "mail"  # the kind of a mail that has no message on the phone beside it
_PLACE = "demo|phones"


@dataclass(frozen=True)
class Received:
    """One message as a phone got it, and when the same came by mail."""

    who: str
    at: datetime
    body: Mapping[str, Any]
    mailed_at: datetime | None = None


def keep(config: Config, ring: Keyring, who: str, body: Mapping[str, Any], now: datetime) -> None:
    """Append one sealed line: its links are keys to an incident."""
    message = {"who": who, "at": clock.text(now), "body": body}
    line = base64.b64encode(seal.seal(_key(ring), json.dumps(message).encode(), _PLACE)) + b"\n"
    path = _path(config)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_size > LONGEST_FILE:
            kept = path.read_bytes().splitlines()[-MOST:]
            file.truncate(0)
            line = b"".join(one + b"\n" for one in kept) + line
        file.write(line)


def received(config: Config, ring: Keyring) -> list[Received]:
    """The last messages, oldest first; a retry of one that came already is shown once, and so is a mail beside it."""
    path = _path(config)
    phones: dict[tuple[str, str], Received] = {}
    mails: dict[tuple[str, str], Received] = {}
    for line in path.read_bytes().splitlines()[-MOST:] if path.exists() else ():
        one = json.loads(seal.unseal(_key(ring), base64.b64decode(line), _PLACE))
        found = Received(one["who"], clock.parse(one["at"]), one["body"])
        is_mail = found.body.get("kind") == MAILED
        name = str(found.body.get("id")) if is_mail else mail_name(str(found.body.get("id")))
        (mails if is_mail else phones).setdefault((found.who, name), found)
    alone = [one for key, one in mails.items() if key not in phones]
    both = [
        Received(one.who, one.at, one.body, mails[key].at if key in mails else None)
        for key, one in phones.items()
    ]
    return sorted([*both, *alone], key=lambda one: one.at)


def mail_name(message_id: str) -> str:
    """What the mail of a message is called before the @ of its Message-ID; see channels/smtp.py."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]


def _path(config: Config) -> Path:
    return config.data_dir / "demo-phones"


def _key(ring: Keyring) -> bytes:
    return ring.derive("demo-phones")
