"""What every way to reach a person has in common: one message out, one result back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from station.channels.connect import Deadline
from station.channels.inbound import Door


@dataclass(frozen=True)
class Outgoing:
    """One message to one person, in no provider's terms.

    `id` stays over retries, `attempt` counts from 1, `at` is aware UTC. `incident` is the number people see.
    `kind` is one of soft_notice, notice, ladder, place, message, claimed, closed, drill, entry; to families that
    apply: code, application. The caller has
    made `title` and `text`; neither carries a name or health data.
    `location` is {"lat", "lon", "accuracy_m", "place"} in WGS-84 degrees and metres, or None. `ref` names this very
    attempt, for what is said of it later. `look` is what a button to `url` says; `press` what a button says that takes
    the incident at once, empty where the receiver may not.
    """

    id: str
    incident: str
    kind: str
    title: str
    text: str
    url: str | None
    station: str
    badge_number: str | None
    location: Mapping[str, object] | None
    attempt: int
    at: datetime
    ref: str = ""
    look: str = ""
    press: str = ""
    code: str = ""  # the digits of a message of the kinds entry, code, application; they are in `text` too


@dataclass(frozen=True)
class Result:
    """What became of one attempt.

    "ok": the provider has taken the message. "retry": it has not, or nobody knows. "permanent": trying again
    cannot help, another channel must. `detail` is English for the operator, free of secrets and addresses.
    `retry_after_s` is the provider's own wish in seconds, never more than a minute. `words` and `advice` are
    msgids: what was answered and what to do next, for the person who tests a channel.
    """

    outcome: Literal["ok", "retry", "permanent"]
    provider_id: str | None = None
    detail: str = ""
    retry_after_s: float | None = None
    words: str = field(default="", compare=False)
    advice: str = field(default="", compare=False)


@dataclass(frozen=True)
class Errand:
    """One talk with a provider: with which settings, and until when."""

    settings: Mapping[str, str]
    now: datetime
    allow_private: bool
    deadline: Deadline


@dataclass(frozen=True)
class Delivery(Errand):
    """One attempt to deliver: the message, and where it goes."""

    destination: str
    message: Outgoing


@dataclass(frozen=True)
class Limit:
    """What a provider takes at most for one destination: so many messages in so many seconds."""

    most: int
    seconds: float


@dataclass(frozen=True)
class Channel:
    """A way to reach a person, with the names of the settings that it needs and of those it can use.

    `secret` settings are never shown. `to` is what a destination is. `limit` is kept by the station itself,
    because some providers drop what is over it in silence. `shared` says that all destinations stand and fall
    together, since one provider serves them. `rings` is a call: only for what cannot wait. `verified` is False
    where a success says little. `door` is where the provider says later what became of a message.
    """

    deliver: Callable[[Delivery], Result]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    secret: tuple[str, ...] = ()
    to: Literal["web", "mail", "phone", "robot", "user", "key", "apprise"] = "robot"
    limit: Limit | None = None
    shared: bool = True
    rings: bool = False
    verified: bool = True
    door: Door | None = None


def mark(message: Outgoing) -> str:
    """Say "[#127-2] " from the second attempt on, so that a reader knows a duplicate when one comes."""
    return f"[#{message.incident}-{message.attempt}] " if message.attempt > 1 else ""


def paragraphs(message: Outgoing) -> list[str]:
    """Return the text, and the place unless the text has it already; the link is left to the channel."""
    where = place(message)
    return [message.text, where] if where and where not in message.text else [message.text]


def place(message: Outgoing) -> str:
    """Return the place in words, else as "lat,lon ±metres", else ""."""
    spot = message.location or {}
    if spot.get("place"):
        return str(spot["place"])
    if spot.get("lat") is None or spot.get("lon") is None:
        return ""
    accuracy = f" ±{spot['accuracy_m']} m" if spot.get("accuracy_m") is not None else ""
    return f"{spot['lat']},{spot['lon']}{accuracy}"
