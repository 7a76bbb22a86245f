"""The ways to reach a person, by name, and the one door to all of them."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from datetime import datetime

from station.channels import (
    aliyun_sms,
    aliyun_voice,
    apprise_url,
    bark,
    dingtalk_robot,
    feishu_robot,
    serverchan,
    smtp,
    tencent_sms,
    webhook,
    wecom_app,
    wecom_robot,
)
from station.channels.base import Channel, Delivery, Outgoing, Result
from station.channels.connect import Deadline, Undeliverable
from station.channels.post import AGAIN, COMPARE
from station.vocabulary import N_

KINDS: dict[str, Channel] = {
    "webhook": webhook.CHANNEL,
    "wecom_robot": wecom_robot.CHANNEL,
    "wecom_app": wecom_app.CHANNEL,
    "dingtalk_robot": dingtalk_robot.CHANNEL,
    "feishu_robot": feishu_robot.CHANNEL,
    "aliyun_sms": aliyun_sms.CHANNEL,
    "aliyun_voice": aliyun_voice.CHANNEL,
    "tencent_sms": tencent_sms.CHANNEL,
    "smtp": smtp.CHANNEL,
    "bark": bark.CHANNEL,
    "serverchan": serverchan.CHANNEL,
    "apprise": apprise_url.CHANNEL,
}

_DEADLINE_S = 10.0
_DEADLINE_RANGE_S = (0.1, 30.0)

# The first class that fits speaks; the exceptions' own words may hold an address and are not used.
_TROUBLES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, N_("the server's certificate is not valid for its address")),
    (ssl.SSLError, N_("no encrypted connection could be made")),
    (socket.gaierror, N_("the server's name cannot be looked up")),
    (TimeoutError, N_("no answer in time")),
    (ConnectionRefusedError, N_("the server refuses connections")),
    (ConnectionError, N_("the connection broke off")),
    (http.client.HTTPException, N_("the server's answer is not HTTP")),
    (OSError, N_("the server cannot be reached")),
)


def send(
    kind: str,
    settings: Mapping[str, str],
    destination: str,
    message: Outgoing,
    *,
    now: datetime,
    allow_private: bool = False,
) -> Result:
    """Try once to deliver a message and say what became of it; trouble outside never raises.

    `settings` are the station's for this kind, secrets opened; `destination` is the person's address there.
    `allow_private` permits plain http and addresses of the local network. It takes `deadline_s` of the settings
    at most (10 s unless set). An unclear end counts as "retry": a message twice beats a message lost.
    """
    try:
        channel = _channel(kind, settings)
        deadline = Deadline.after(_seconds(settings.get("deadline_s", "")))
        return channel.deliver(Delivery(settings, now, allow_private, deadline, destination, message))
    except Undeliverable as refusal:
        return Result("permanent", detail=str(refusal), words=str(refusal), advice=refusal.advice or COMPARE)
    except (OSError, http.client.HTTPException) as trouble:
        words = next(words for what, words in _TROUBLES if isinstance(trouble, what))
        return Result("retry", detail=words, words=words, advice=AGAIN)


def _channel(kind: str, settings: Mapping[str, str]) -> Channel:
    channel = KINDS.get(kind)
    if channel is None:
        raise Undeliverable(N_("there is no channel of this kind"))
    missing = [name for name in channel.required if not settings.get(name)]
    if missing:
        raise Undeliverable(f"the channel lacks the setting {missing[0]}")
    return channel


def _seconds(setting: str) -> float:
    least, most = _DEADLINE_RANGE_S
    try:
        seconds = float(setting) if setting else _DEADLINE_S
    except ValueError:
        seconds = 0.0
    if not least <= seconds <= most:
        raise Undeliverable(f"the setting deadline_s must be from {least} to {most} seconds")
    return seconds
