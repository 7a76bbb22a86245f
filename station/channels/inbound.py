"""What comes in at a channel's own door: what a provider says later of a message, or a press by its receiver."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

_BEIJING = timezone(timedelta(hours=8))  # the providers' clocks know no other time
MOST_AT_ONCE = 500


class NotAuthentic(Exception):
    """The request is not signed as the channel's settings say, or its time is off."""


class Unreadable(Exception):
    """The request is none that this provider makes."""


@dataclass(frozen=True)
class Inbound:
    """One request as it came, with the settings of the channel whose door it is."""

    settings: Mapping[str, str]
    body: bytes
    query: Mapping[str, str]
    signature: str  # the header X-Station-Signature
    now: datetime


@dataclass(frozen=True)
class Told:
    """One thing that is said of one attempt, found by our own `ref` of it or by the provider's id.

    `state` is empty when nothing is said of the delivery. `word` is the provider's own code. `pressed` says what was
    pressed to take the incident: key or card; `by` is the account that pressed, where the provider names it.
    """

    ref: str = ""
    provider_id: str = ""
    state: Literal["", "delivered", "failed"] = ""
    word: str = ""
    at: datetime | None = None
    pressed: Literal["", "key", "card"] = ""
    by: str = ""


@dataclass(frozen=True)
class Reply:
    """What the provider expects back."""

    body: bytes
    mimetype: str = "application/json"


@dataclass(frozen=True)
class Door:
    """How a channel reads what comes in and answers it; `greet` answers the first call, when the address is entered.

    `needs` are settings without which the door stays shut.
    `read` and `greet` raise NotAuthentic and Unreadable. `reply` gets what the station says of a press, if there was one.
    """

    read: Callable[[Inbound], list[Told]]
    reply: Callable[[Inbound, str], Reply]
    greet: Callable[[Inbound], Reply] | None = None
    needs: tuple[str, ...] = ()


def entries(body: bytes) -> list[dict[str, object]]:
    """The JSON objects of a list. Raises Unreadable."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) > MOST_AT_ONCE:
        raise Unreadable
    if not all(isinstance(one, dict) for one in found):
        raise Unreadable
    return found


def text(value: object, longest: int = 200) -> str:
    """A short text or number as text; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:longest]


def beijing(value: object) -> datetime | None:
    """A time such as 2017-01-01 00:00:00, which providers give in Beijing time; None when it is none."""
    try:
        moment = datetime.strptime(text(value), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the zone is put in below
    except ValueError:
        return None
    return moment.replace(tzinfo=_BEIJING).astimezone(UTC)


def as_json(answer: Mapping[str, object]) -> Reply:
    return Reply(json.dumps(answer, ensure_ascii=False).encode())
