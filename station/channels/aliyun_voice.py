"""Voice calls of Alibaba Cloud that read a template out: https://help.aliyun.com/document_detail/393519.html.

One number may be called once a minute, five times an hour and twenty times in 24 hours; the minute is kept here,
the rest comes back as a code. A call that waits for a key is IvrCall: https://help.aliyun.com/document_detail/114037.html.
What it says later of a call: https://help.aliyun.com/zh/vms/developer-reference/voicecallreport-4 (the key, at once) and
https://help.aliyun.com/zh/vms/voicereport-7 (how it ended, with the key once more); the codes of how a call ended:
https://help.aliyun.com/zh/vms/developer-reference/operators-receipt-error-code.
"""

import json
from typing import Literal

from station.channels import aliyun, codes, inbound, templates
from station.channels.aliyun import Call
from station.channels.base import Channel, Delivery, Limit, Result
from station.channels.inbound import Door, Inbound, Told
from station.channels.post import home

HOME = "https://dyvmsapi.aliyuncs.com"
TAKES = "1"  # the key that takes the incident
WAIT_MS = 5000  # for a key, after each reading of the text
# What is read until a key is pressed, and after it. A drill has texts of its own, which say that it is one.
MENU, MENU_OF_DRILLS = ("template_menu", "template_taken"), ("template_menu_drill", "template_taken_drill")
# Somebody picked up: heard all, hung up early, pressed nothing in time, pressed a key, or the talk ended.
ANSWERED = frozenset(("200000", "200001", "200008", "200100", "300000"))
GOING_ON = frozenset(("200101", "200102", "200103"))


def deliver(delivery: Delivery) -> Result:
    call = _with_key(delivery) if waits_for_a_key(delivery) else _reading(delivery)
    return aliyun.ask(delivery, home(delivery, HOME), call, "CallId")


def waits_for_a_key(delivery: Delivery) -> bool:
    """Whether key 1 may take the incident or the drill: the receiver may, and all that such a call needs is set."""
    able = all(delivery.settings.get(name) for name in (*_menu(delivery), "shown_number"))
    return able and bool(delivery.message.press)


def read(came: Inbound) -> list[Told]:
    return [_told(one) for one in inbound.entries(came.body)]


def _reading(delivery: Delivery) -> Call:
    template, variables = templates.chosen(delivery, "badge")
    parameters = _common(delivery) | {
        "TtsCode": template,
        "TtsParam": json.dumps(dict(variables), ensure_ascii=False),
    }
    return Call("SingleCallByTts", parameters)


def _menu(delivery: Delivery) -> tuple[str, str]:
    """The settings that name the two texts of a call that waits for a key."""
    return MENU_OF_DRILLS if delivery.message.kind == "drill" else MENU


def _with_key(delivery: Delivery) -> Call:
    asks, taken = (delivery.settings[name] for name in _menu(delivery))
    variables = templates.filled(delivery, "badge")
    parameters = _common(delivery) | {
        "StartCode": asks,
        "StartTtsParams": json.dumps(dict(variables), ensure_ascii=False),
        "MenuKeyMap.1.Key": TAKES,
        "MenuKeyMap.1.Code": taken,
        "PlayTimes": "3",
        "Timeout": str(WAIT_MS),
    }
    return Call("IvrCall", parameters)


def _common(delivery: Delivery) -> dict[str, str]:
    shown = delivery.settings.get("shown_number")
    number = {"CalledNumber": templates.phone(delivery.destination, mobile=False)}
    return number | ({"CalledShowNumber": shown} if shown else {}) | aliyun.named(delivery)


def _told(one: dict[str, object]) -> Told:
    code = inbound.text(one.get("status_code"))
    return Told(
        ref=inbound.text(one.get("out_id")),
        provider_id=inbound.text(one.get("call_id")),
        state=_state(code),
        word=codes.word(code),
        at=inbound.beijing(one.get("end_time") or one.get("status_time")),
        pressed="key" if _takes(inbound.text(one.get("dtmf"))) else "",
    )


def _state(code: str) -> Literal["", "delivered", "failed"]:
    if code in ANSWERED:
        return "delivered"
    # All others of the 200… family say why nobody was reached: busy, not answered, off, no such number.
    return "failed" if code.startswith("200") and len(code) == 6 and code not in GOING_ON else ""


def _takes(keys: str) -> bool:
    """Only key 1, once or more: a claim silences the ladder, so any doubt is no claim."""
    return set(keys) - set("#* ") == {TAKES}


CHANNEL = Channel(
    deliver,
    required=("access_key_id", "access_key_secret", "template"),
    optional=(
        "template_drill", "template_plain", *MENU, *MENU_OF_DRILLS, "variables", "shown_number", "base_url", "ca_file",
        "deadline_s",
    ),
    secret=("access_key_secret",),
    to="phone",
    limit=Limit(1, 60),
    rings=True,
    door=Door(read, aliyun.thanks),
)  # fmt: skip
