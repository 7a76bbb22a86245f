"""Calls to Alibaba Cloud: signature ACS3-HMAC-SHA256, and the codes that its text messages and voice calls share.

The provider's pages: https://help.aliyun.com/document_detail/2593177.html (signature),
https://help.aliyun.com/document_detail/101346.html (codes of text messages) and
https://help.aliyun.com/document_detail/178344.html (codes of voice calls).
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from station.channels import codes, inbound
from station.channels.base import Delivery, Errand, Result
from station.channels.codes import Meaning
from station.channels.inbound import Inbound, Reply
from station.channels.post import Answer, host_header, post, target, verdict

_VERSION = "2017-05-25"

CODES: Mapping[str, Meaning] = {
    "OK": codes.OK,
    "isp.SYSTEM_ERROR": codes.BUSY,
    "isp.UNKNOWN": codes.BUSY,
    "isp.GATEWAY_ERROR": codes.BUSY,
    "isv.VOICE_CALL_FAIL": codes.BUSY,
    "isv.VOICE_CALL_PERIOD_ERROR": codes.BUSY,
    "InternalError": codes.BUSY,
    "ServiceUnavailable": codes.BUSY,
    "SignatureNonceUsed": codes.BUSY,
    "Throttling": codes.TOO_OFTEN,
    "isv.BUSINESS_LIMIT_CONTROL": codes.TOO_OFTEN,
    "isv.DAY_LIMIT_CONTROL": codes.DAY_LIMIT,
    "isv.MONTH_LIMIT_CONTROL": codes.DAY_LIMIT,
    "isv.ACCOUNT_NOT_EXISTS": codes.BAD_SECRET,
    "isv.ACCOUNT_ABNORMAL": codes.NO_MONEY,
    "isv.BILLID_NOT_EXIST": codes.BAD_SECRET,
    "InvalidAccessKeyId": codes.BAD_SECRET,
    "SignatureDoesNotMatch": codes.BAD_SIGNATURE,
    "IncompleteSignature": codes.BAD_SIGNATURE,
    "InvalidTimeStamp": codes.BAD_CLOCK,
    "isp.RAM_PERMISSION_DENY": codes.NOT_ALLOWED,
    "isv.PRODUCT_UN_SUBSCRIPT": codes.NOT_ALLOWED,
    "isv.PRODUCT_UNSUBSCRIBE": codes.NOT_ALLOWED,
    "Forbidden": codes.NOT_ALLOWED,
    "NoPermission": codes.NOT_ALLOWED,
    "NotAuthorized": codes.NOT_ALLOWED,
    "NotApplicable": codes.NOT_ALLOWED,
    "isv.DENY_IP_RANGE": codes.BAD_IP,
    "isv.OUT_OF_SERVICE": codes.NO_MONEY,
    "isv.AMOUNT_NOT_ENOUGH": codes.NO_MONEY,
    "isv.MOBILE_NUMBER_ILLEGAL": codes.BAD_PHONE,
    "isv.MOBILE_COUNT_OVER_LIMIT": codes.BAD_PHONE,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": codes.BAD_TEMPLATE,
    "isv.COMPLAINT_REJECT": codes.OPTED_OUT,
    "isv.CUSTOMER_REFUSED": codes.OPTED_OUT,
    "isv.SECURITY_FROZEN_ACCOUNT": codes.NOT_ALLOWED,
    "isv.SMS_TEST_NUMBER_LIMIT": codes.NOT_ALLOWED,
    "isv.SMS_OVER_LIMIT": codes.DAY_LIMIT,
    "isv.SIGN_NAME_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.SIGN_SOURCE_ILLEGAL": codes.BAD_TEMPLATE,
    "SIGNATURE_BLACKLIST": codes.BAD_TEMPLATE,
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": codes.BAD_TEMPLATE,
    "isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": codes.BAD_TEMPLATE,
    "isv.UNSUPPORTED_CONTENT": codes.BAD_TEXT,
    "isv.SMS_TEMPLATE_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.SMS_SIGNATURE_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.SMS_SIGN_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.SIGN_STATE_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.EXTEND_CODE_ERROR": codes.BAD_TEMPLATE,
    "isv.TTS_TEMPLATE_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.TEMPLATE_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.TEMPLATE_MISSING_PARAMETERS": codes.BAD_TEMPLATE,
    "isv.TEMPLATE_PARAMS_ILLEGAL": codes.BAD_TEMPLATE,
    "isv.INVALID_JSON_PARAM": codes.BAD_REQUEST,
    "isv.INVALID_PARAMETERS": codes.BAD_REQUEST,
    "isv.DISPLAY_NUMBER_ILLEGAL": codes.BAD_REQUEST,
    "InvalidAction": codes.BAD_REQUEST,
    "InvalidVersion": codes.BAD_REQUEST,
    "isv.SMS_CONTENT_ILLEGAL": codes.BAD_TEXT,
    "isv.BLACK_KEY_CONTROL_LIMIT": codes.BAD_TEXT,
    "isv.PARAM_NOT_SUPPORT_URL": codes.BAD_TEXT,
    "isv.PARAM_LENGTH_LIMIT": codes.TOO_LONG,
}


@dataclass(frozen=True)
class Call:
    """One operation with its parameters; `nonce` is used once."""

    action: str
    parameters: Mapping[str, str]
    version: str = _VERSION
    nonce: str = ""


def ask(delivery: Delivery, base: str, call: Call, receipt: str) -> Result:
    """Call the provider; `receipt` is the field of the answer that holds the provider's id of the message."""
    answer = talk(delivery, base, call)
    said = codes.fields(answer.body)
    code, found = said.get("Code"), said.get(receipt)
    if not isinstance(code, str):
        return codes.weigh(verdict(answer), codes.result(codes.UNREADABLE))
    provider_id = found[:200] if isinstance(found, str) else None
    return codes.weigh(verdict(answer), codes.result(codes.meaning_of(code, CODES), code, provider_id))


def named(delivery: Delivery) -> dict[str, str]:
    """Our own name of the attempt, which comes back with what is said of it later."""
    return {"OutId": delivery.message.ref} if delivery.message.ref else {}


def thanks(_came: Inbound, _words: str) -> Reply:
    """What it wants to hear: the status and a number in `code` are looked at, else it pushes three more times."""
    return inbound.as_json({"code": 0, "msg": "接收成功"})


def talk(errand: Errand, base: str, call: Call) -> Answer:
    """One signed request, and what came back. Raises as `post` does."""
    call = Call(call.action, call.parameters, call.version, uuid.uuid4().hex)
    to = target(f"{base}/?{query(call.parameters)}", plain=errand.allow_private)
    return post(to, b"", signed(call, host_header(to), errand.settings, errand.now), errand)


def signed(call: Call, host: str, settings: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The headers of a request with an empty body, with the signature in Authorization."""
    nothing = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": call.action,
        "x-acs-content-sha256": nothing,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": call.nonce,
        "x-acs-version": call.version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(("POST", "/", query(call.parameters), lines, names, nothing))
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    proof = hmac.new(settings["access_key_secret"].encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    who = f"Credential={settings['access_key_id']},SignedHeaders={names},Signature={proof}"
    return {name: text for name, text in headers.items() if name != "host"} | {
        "Authorization": f"ACS3-HMAC-SHA256 {who}"
    }


def query(parameters: Mapping[str, str]) -> str:
    """The parameters in order, escaped as RFC 3986 wants it."""
    pairs = sorted(parameters.items())
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
