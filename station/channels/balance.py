"""What is left with a provider that is paid in advance, asked at its own interface.

Alibaba Cloud tells the money of the whole account (QueryAccountBalance, https://help.aliyun.com/document_detail/87997.html;
the key needs the right bss:DescribeAcccount, spelt so). Tencent Cloud tells the packages of messages of an application
(SmsPackagesStatistics, https://cloud.tencent.com/document/api/382/55964). Neither tells packages of Alibaba Cloud.
"""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from station.channels import aliyun, codes, tencent_sms
from station.channels.base import Errand
from station.channels.codes import Meaning
from station.channels.connect import Deadline, Undeliverable
from station.channels.post import AGAIN, COMPARE, home
from station.vocabulary import N_

BSS = "https://business.aliyuncs.com"
_DEADLINE_S = 10.0
_CHINA = timedelta(hours=8)  # the provider counts hours by Beijing's clock
_BOUGHT_WITHIN = timedelta(days=3 * 366)
NO_ANSWER = N_("the provider did not answer")


@dataclass(frozen=True)
class Balance:
    """What a provider says is left, in `unit`; or why it could not be asked, and what to do, as msgids."""

    unit: str  # yuan or messages
    amount: float | None = None
    trouble: str = ""
    advice: str = ""


def ask(kind: str, settings: Mapping[str, str], *, now: datetime, allow_private: bool = False) -> Balance:
    """Ask once, ten seconds at most; trouble outside never raises. `kind` is one of UNITS."""
    errand = Errand(settings, now, allow_private, Deadline.after(_DEADLINE_S))
    try:
        return _ASK[kind](errand)
    except Undeliverable as refusal:
        return Balance(UNITS[kind], trouble=str(refusal), advice=refusal.advice or COMPARE)
    except (OSError, http.client.HTTPException):
        return Balance(UNITS[kind], trouble=NO_ANSWER, advice=AGAIN)


def _account(errand: Errand) -> Balance:
    call = aliyun.Call("QueryAccountBalance", {}, "2017-12-14")
    said = codes.fields(aliyun.talk(errand, home(errand, BSS), call).body)
    found = said.get("Data")
    amount = _yuan(found.get("AvailableAmount")) if isinstance(found, dict) else None
    if said.get("Success") is True and amount is not None:
        return Balance("yuan", amount)
    return _failed("yuan", said.get("Code"), aliyun.CODES)


def _packages(errand: Errand) -> Balance:
    local = errand.now.astimezone(UTC) + _CHINA
    body = {
        "SmsSdkAppId": errand.settings["app_id"],
        "Limit": 500,
        "Offset": 0,
        "BeginTime": (local - _BOUGHT_WITHIN).strftime("%Y%m%d%H"),
        "EndTime": (local - timedelta(hours=1)).strftime("%Y%m%d%H"),
    }
    call = tencent_sms.Call("sms", "SmsPackagesStatistics", json.dumps(body).encode())
    said = codes.fields(tencent_sms.talk(errand, call).body).get("Response")
    said = said if isinstance(said, dict) else {}
    found, error = said.get("SmsPackagesStatisticsSet"), said.get("Error")
    if isinstance(found, list):
        return Balance("messages", sum(_left(one, errand.now.timestamp()) for one in found))
    return _failed("messages", error.get("Code") if isinstance(error, dict) else None, tencent_sms.CODES)


def _left(package: Any, now: float) -> float:
    """The messages left of a package that can be used now; nothing of one that cannot be read."""
    try:
        usable = float(package["PackageEffectiveTime"]) <= now < float(package["PackageExpiredTime"])
        left = float(package["PackageAmount"]) - float(package["CurrentUsage"])
    except (KeyError, TypeError, ValueError):
        return 0.0
    return max(0.0, left) if usable else 0.0


def _yuan(text: object) -> float | None:
    """The provider writes 10,000.00."""
    try:
        return float(text.replace(",", "")) if isinstance(text, str) else None
    except ValueError:
        return None


def _failed(unit: str, code: object, table: Mapping[str, Meaning]) -> Balance:
    meaning = codes.meaning_of(code, table)
    meaning = codes.UNREADABLE if meaning is codes.OK else meaning
    return Balance(unit, trouble=meaning.words, advice=meaning.advice)


_ASK: dict[str, Callable[[Errand], Balance]] = {
    "aliyun_sms": _account,
    "aliyun_voice": _account,
    "tencent_sms": _packages,
}
UNITS = {"aliyun_sms": "yuan", "aliyun_voice": "yuan", "tencent_sms": "messages"}
