"""Text messages of Tencent Cloud, signed with TC3-HMAC-SHA256.

The provider's pages: https://cloud.tencent.com/document/api/382/55981 (SendSms),
https://cloud.tencent.com/document/api/382/52072 (signature), https://cloud.tencent.com/document/api/382/59177 and
https://cloud.tencent.com/document/api/382/52075 (codes). It answers HTTP 200 whatever happened. What it says later of a
message: https://cloud.tencent.com/document/product/382/52077 (status callback; its `sid` is the SerialNo of sending).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from station.channels import codes, inbound, templates
from station.channels.base import Channel, Delivery, Errand, Limit, Result
from station.channels.codes import Meaning
from station.channels.inbound import Door, Inbound, Reply, Told
from station.channels.post import Answer, home, host_header, post, target, verdict

HOME = "https://sms.tencentcloudapi.com"
_TYPE = "application/json; charset=utf-8"

# A code that is not here is judged by what stands before its dot.
CODES: Mapping[str, Meaning] = {
    "Ok": codes.OK,
    "InternalError": codes.BUSY,
    "InternalError.SigVerificationFail": codes.BAD_SIGNATURE,
    "InternalError.SigFieldMissing": codes.BAD_SIGNATURE,
    "InternalError.RestApiInterfaceNotExist": codes.BAD_REQUEST,
    "ResourceUnavailable": codes.BUSY,
    "RequestLimitExceeded": codes.TOO_OFTEN,
    "LimitExceeded": codes.TOO_OFTEN,
    "LimitExceeded.PhoneNumberCountLimit": codes.BAD_REQUEST,
    "LimitExceeded.AppDailyLimit": codes.DAY_LIMIT,
    "LimitExceeded.AppMainlandChinaDailyLimit": codes.DAY_LIMIT,
    "LimitExceeded.DailyLimit": codes.DAY_LIMIT,
    "LimitExceeded.PhoneNumberDailyLimit": codes.DAY_LIMIT,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": codes.DAY_LIMIT,
    "AuthFailure": codes.BAD_SECRET,
    "AuthFailure.SignatureFailure": codes.BAD_SIGNATURE,
    "AuthFailure.SignatureExpire": codes.BAD_CLOCK,
    "AuthFailure.UnauthorizedOperation": codes.NOT_ALLOWED,
    "InvalidParameterValue.RequestTimeError": codes.BAD_CLOCK,
    "IpNotInWhitelist": codes.BAD_IP,
    "IpInBlacklist": codes.BAD_IP,
    "UnauthorizedOperation": codes.NOT_ALLOWED,
    "UnauthorizedOperation.RequestIpNotInWhitelist": codes.BAD_IP,
    "UnauthorizedOperation.SerivceSuspendDueToArrears": codes.NO_MONEY,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": codes.NO_MONEY,
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": codes.BAD_SECRET,
    "FailedOperation.InsufficientBalanceInSmsPackage": codes.NO_MONEY,
    "FailedOperation.ContainSensitiveWord": codes.BAD_TEXT,
    "FailedOperation.FailResolvePacket": codes.BAD_REQUEST,
    "FailedOperation.JsonParseFail": codes.BAD_REQUEST,
    "FailedOperation.TemplateIncorrectOrUnapproved": codes.BAD_TEMPLATE,
    "FailedOperation.TemplateUnapprovedOrNotExist": codes.BAD_TEMPLATE,
    "FailedOperation.SignatureIncorrectOrUnapproved": codes.BAD_TEMPLATE,
    "FailedOperation.PhoneNumberInBlacklist": codes.OPTED_OUT,
    "InvalidParameter": codes.BAD_REQUEST,
    "InvalidParameterValue": codes.BAD_REQUEST,
    "InvalidParameterValue.IncorrectPhoneNumber": codes.BAD_PHONE,
    "InvalidParameterValue.ContentLengthLimit": codes.TOO_LONG,
    "InvalidParameterValue.TemplateParameterFormatError": codes.BAD_TEMPLATE,
    "InvalidParameterValue.TemplateParameterLengthLimit": codes.TOO_LONG,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": codes.BAD_TEXT,
    "InvalidParameterValue.SdkAppIdNotExist": codes.BAD_SECRET,
    "MissingParameter": codes.BAD_REQUEST,
    "UnsupportedOperation": codes.BAD_REQUEST,
    "UnsupportedOperation.UnsuportedRegion": codes.BAD_PHONE,
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": codes.BAD_PHONE,
}


@dataclass(frozen=True)
class Call:
    """One operation of one service, with its JSON."""

    service: str
    action: str
    body: bytes


def deliver(delivery: Delivery) -> Result:
    template, variables = templates.chosen(delivery)
    body = {
        "PhoneNumberSet": [f"+86{templates.phone(delivery.destination, mobile=True)}"],
        "SmsSdkAppId": delivery.settings["app_id"],
        "SignName": delivery.settings["sign_name"],
        "TemplateId": template,
        "TemplateParamSet": [value for _, value in variables],
    }
    answer = talk(delivery, Call("sms", "SendSms", json.dumps(body).encode()))
    return codes.weigh(verdict(answer), judge(answer.body))


def talk(errand: Errand, call: Call) -> Answer:
    """One signed request, and what came back. Raises as `post` does."""
    to = target(f"{home(errand, HOME)}/", plain=errand.allow_private)
    headers = signed(call, host_header(to), errand.settings, errand.now) | {
        "X-TC-Version": "2021-01-11",
        "X-TC-Region": errand.settings.get("region") or "ap-guangzhou",
    }
    return post(to, call.body, headers, errand)


def judge(body: bytes) -> Result:
    """Judge by the fault of the call, else by the state of the one message."""
    said = codes.fields(body).get("Response")
    if not isinstance(said, dict):
        return codes.result(codes.UNREADABLE)
    error, states = said.get("Error"), said.get("SendStatusSet")
    state = error if isinstance(error, dict) else states[0] if isinstance(states, list) and states else None
    if not isinstance(state, dict) or not isinstance(state.get("Code"), str):
        return codes.result(codes.UNREADABLE)
    serial = state.get("SerialNo")
    provider_id = serial[:200] if isinstance(serial, str) and serial else None
    meaning = codes.meaning_of(state["Code"], CODES)
    if meaning is codes.OK and error:
        meaning = codes.UNREADABLE
    return codes.result(meaning, state["Code"], provider_id)


def read(came: Inbound) -> list[Told]:
    return [_told(one) for one in inbound.entries(came.body)]


def _told(one: dict[str, object]) -> Told:
    status = inbound.text(one.get("report_status"))
    return Told(
        provider_id=inbound.text(one.get("sid")),
        state="delivered" if status == "SUCCESS" else "failed" if status == "FAIL" else "",
        word=codes.word(inbound.text(one.get("errmsg"))),
        at=inbound.beijing(one.get("user_receive_time")),
    )


def thanks(_came: Inbound, _words: str) -> Reply:
    return inbound.as_json({"result": 0, "errmsg": "OK"})


def signed(call: Call, host: str, settings: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The headers of a POST to "/", with the signature in Authorization."""
    moment = int(now.timestamp())
    day = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")
    names = "content-type;host;x-tc-action"
    lines = f"content-type:{_TYPE}\nhost:{host}\nx-tc-action:{call.action.lower()}\n"
    request = "\n".join(("POST", "/", "", lines, names, hashlib.sha256(call.body).hexdigest()))
    scope = f"{day}/{call.service}/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{settings['secret_key']}".encode()
    for part in (day, call.service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    proof = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    who = f"Credential={settings['secret_id']}/{scope}, SignedHeaders={names}, Signature={proof}"
    return {
        "Authorization": f"TC3-HMAC-SHA256 {who}",
        "Content-Type": _TYPE,
        "X-TC-Action": call.action,
        "X-TC-Timestamp": str(moment),
    }


CHANNEL = Channel(
    deliver,
    required=("secret_id", "secret_key", "app_id", "sign_name", "template"),
    optional=(
        "template_drill",
        "template_plain",
        "template_entry",
        "template_code",
        "template_application",
        "variables",
        "region",
        "base_url",
        "ca_file",
        "deadline_s",
    ),
    secret=("secret_key",),
    to="phone",
    limit=Limit(2, 30),
    door=Door(read, thanks),
)
