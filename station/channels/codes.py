"""What a provider's code means for an alert, in a few words that serve all providers, and what to do about it.

Providers answer HTTP 200 with an error inside; each channel has a table from their codes to these meanings.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from station.channels.base import Result
from station.vocabulary import N_

# A limit is counted by the minute, the hour or the day; nothing waits longer than the ladder's own backoff.
LIMIT_PAUSE_S = 30.0
# A code comes from outside and goes into the log: nothing that could be a phone number, a key or a sentence.
_PLAIN_CODE = re.compile(r"(?!.*\d{7})[A-Za-z0-9._-]{1,80}")


@dataclass(frozen=True)
class Meaning:
    """What a code says of the message: "refresh" is to get a new access token and try at once, once.

    "limit" is retried after a pause. `words` and `advice` are msgids for the operator.
    """

    outcome: Literal["ok", "retry", "limit", "permanent", "refresh"]
    words: str
    advice: str


_AGAIN = N_("Nothing to do: the station tries again by itself. If it lasts, ask the provider.")
_COPY = N_("Copy it anew from the provider's page and set the channel up again.")
_ADDRESS = N_("Correct the person's address on this channel.")
_CONSOLE = N_("Mend it in the provider's console, then test again.")

OK = Meaning("ok", N_("the message was taken"), N_("Ask whether it arrived: taken is not yet read."))
BUSY = Meaning("retry", N_("the provider is busy or has trouble"), _AGAIN)
UNKNOWN = Meaning(
    "retry", N_("a code that is not in the table"), N_("Look the code up in the provider's documentation.")
)
UNREADABLE = Meaning("retry", N_("the provider's answer cannot be read"), _AGAIN)
TOO_OFTEN = Meaning(
    "limit",
    N_("too many messages in a short time"),
    N_(
        "Wait a minute. If it comes back, give each group a channel of its own or raise the provider's limit."
    ),
)
DAY_LIMIT = Meaning(
    "limit",
    N_("the provider's limit for the day is used up"),
    N_("Raise the limit in the provider's console."),
)
TOKEN = Meaning("refresh", N_("the access token has expired"), _AGAIN)
BAD_SECRET = Meaning("permanent", N_("the secret, key or account is not valid"), _COPY)
BAD_SIGNATURE = Meaning(
    "permanent",
    N_("the signature is not accepted"),
    N_("Compare the secret with the provider's page, and the machine's clock with the right time."),
)
BAD_CLOCK = Meaning(
    "permanent",
    N_("the time of the request is not accepted"),
    N_("Set this machine's clock; let it follow a time server."),
)
BAD_TARGET = Meaning("permanent", N_("the receiver is not valid or not permitted"), _ADDRESS)
BAD_PHONE = Meaning("permanent", N_("the phone number is not valid"), _ADDRESS)
OPTED_OUT = Meaning(
    "permanent",
    N_("the receiver's number is on a list of those who want no messages"),
    N_("Ask the person to allow messages again, or reach them by another channel."),
)
NO_ROBOT = Meaning(
    "permanent",
    N_("the robot is gone, switched off or not in the group"),
    N_("Add the robot to the group again and give people its new address."),
)
NOT_ALLOWED = Meaning("permanent", N_("the account may not do this"), _CONSOLE)
BAD_IP = Meaning(
    "permanent",
    N_("this machine's address is not on the provider's list"),
    N_("Enter this machine's public address in the provider's console, or switch that check off."),
)
KEYWORDS = Meaning(
    "permanent",
    N_("the text fails the robot's security setting"),
    N_("In the robot's security setting choose the signature and remove keywords."),
)
BAD_TEXT = Meaning("permanent", N_("the provider does not accept the text"), _CONSOLE)
TOO_LONG = Meaning("permanent", N_("the message is too long"), _CONSOLE)
BAD_REQUEST = Meaning(
    "permanent",
    N_("the provider does not understand the request"),
    N_("Compare the channel's settings with the manual (docs/channels.md)."),
)
NO_MONEY = Meaning("permanent", N_("the account has no balance"), N_("Top up the account with the provider."))
BAD_TEMPLATE = Meaning(
    "permanent",
    N_("the template or signature name is missing, not approved or has other variables"),
    N_("Compare template, signature name and variables with the provider's console (docs/channels.md)."),
)


def result(meaning: Meaning, code: object = None, provider_id: str | None = None) -> Result:
    """The result of an attempt with this meaning. A token that is refused even when fresh is tried again later."""
    outcome: Literal["ok", "retry", "permanent"] = "retry"
    if meaning.outcome in ("ok", "permanent"):
        outcome = "ok" if meaning.outcome == "ok" else "permanent"
    said = "" if code is None else f"the provider answered {shown(code)}: "
    return Result(
        outcome,
        provider_id=provider_id,
        detail=said + meaning.words,
        retry_after_s=LIMIT_PAUSE_S if meaning.outcome == "limit" else None,
        words=meaning.words,
        advice=meaning.advice,
    )


def meaning_of(code: object, table: Mapping[int, Meaning] | Mapping[str, Meaning]) -> Meaning:
    """Look a code up: itself, then the family before its dot (LimitExceeded.DailyLimit). Unknown ones are retried."""
    if isinstance(code, bool) or not isinstance(code, int | str):
        return UNREADABLE
    known = {str(one): meaning for one, meaning in table.items()}
    return known.get(str(code)) or known.get(str(code).split(".")[0]) or UNKNOWN


def weigh(status: Result, body: Result) -> Result:
    """Put together what the HTTP status and what the body say: success needs both, a known code says more."""
    if status.outcome == "ok":
        return body
    return status if body.words in (OK.words, UNKNOWN.words, UNREADABLE.words) else body


def shown(code: object) -> str:
    text = str(code)
    return text if _PLAIN_CODE.fullmatch(text) else "something"


def word(text: str) -> str:
    """A provider's code as it may be kept and shown; empty for none."""
    return shown(text) if text else ""


def fields(body: bytes) -> dict[str, object]:
    """The JSON object of an answer; {} when it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
