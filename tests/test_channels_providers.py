"""Each provider's own way of saying yes and no is understood."""

import time

import pytest
from provider import Provider, drip_body, hang, reset, respond, swallow
from provider_words import (
    MESSAGE,
    NOW,
    SECRETS,
    TO,
    TOKEN,
    YES,
    Deliver,
    fresh_token,
    no,
    provider,
    says,
    tell,
)

from station.channels import (
    aliyun,
    bark,
    codes,
    dingtalk_robot,
    feishu_robot,
    serverchan,
    tencent_sms,
    wecom_robot,
)
from station.channels.registry import send

__all__ = ["fresh_token", "provider", "tell"]


TABLES = {
    "wecom_robot": wecom_robot.CODES,
    "dingtalk_robot": dingtalk_robot.CODES,
    "feishu_robot": feishu_robot.CODES,
    "aliyun_sms": aliyun.CODES,
    "aliyun_voice": aliyun.CODES,
    "tencent_sms": tencent_sms.CODES,
    "bark": bark.CODES,
    "serverchan": serverchan.CODES,
}

# What may never be taken for delivered, nor be tried for ever, by each provider's own list.
FAMOUS = {
    "wecom_robot": [(45009, "retry"), (42001, "retry"), (40014, "permanent"), (93000, "permanent")],
    "dingtalk_robot": [(310000, "permanent"), (410100, "retry"), (130101, "retry"), (400102, "permanent")],
    "feishu_robot": [(9499, "permanent"), (19021, "permanent"), (19024, "permanent"), (11232, "retry")],
    "aliyun_sms": [
        ("isv.BUSINESS_LIMIT_CONTROL", "retry"),
        ("isv.MOBILE_NUMBER_ILLEGAL", "permanent"),
        ("isv.AMOUNT_NOT_ENOUGH", "permanent"),
        ("isv.PARAM_NOT_SUPPORT_URL", "permanent"),
        ("SignatureDoesNotMatch", "permanent"),
        ("Throttling.User", "retry"),
    ],
    "aliyun_voice": [("isv.TTS_TEMPLATE_ILLEGAL", "permanent"), ("isv.BUSINESS_LIMIT_CONTROL", "retry")],
    "tencent_sms": [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", "retry"),
        ("FailedOperation.InsufficientBalanceInSmsPackage", "permanent"),
        ("AuthFailure.SignatureFailure", "permanent"),
        ("InternalError.Timeout", "retry"),
        ("InvalidParameterValue.IncorrectPhoneNumber", "permanent"),
        ("UnauthorizedOperation.ServiceSuspendDueToArrears", "permanent"),
        ("FailedOperation.SomethingNew", "retry"),
    ],
    "bark": [(400, "permanent"), (500, "retry"), (0, "retry")],
    "serverchan": [(40001, "retry"), (20001, "retry")],
}


@pytest.mark.parametrize("kind", list(YES))
def test_yes_is_understood(tell: Deliver, provider: Provider, kind: str, fresh_token) -> None:
    more = fresh_token if kind == "wecom_app" else {}
    provider.script(*([says(TOKEN)] if more else []), says(YES[kind]))
    assert tell(kind, **more).outcome == "ok"


@pytest.mark.parametrize(
    ("kind", "code", "meaning"),
    [(kind, code, meaning) for kind, table in TABLES.items() for code, meaning in table.items()],
)
def test_every_code_of_every_table_is_classified_and_none_but_success_counts_as_sent(
    tell: Deliver, provider: Provider, kind: str, code: object, meaning: codes.Meaning
) -> None:
    success = meaning is codes.OK
    provider.script(says(YES[kind] if success else no(kind, code)))
    result = tell(kind)
    assert result.outcome == {"limit": "retry", "refresh": "retry"}.get(meaning.outcome, meaning.outcome)
    assert (result.outcome == "ok") == success
    assert success or str(code) in result.detail
    assert (result.retry_after_s is not None) == (meaning.outcome == "limit")


@pytest.mark.parametrize(
    ("kind", "code", "outcome"),
    [(kind, code, outcome) for kind, found in FAMOUS.items() for code, outcome in found],
)
def test_codes_mean_what_the_provider_says(
    tell: Deliver, provider: Provider, kind: str, code: object, outcome: str
) -> None:
    provider.script(says(no(kind, code)))
    assert tell(kind).outcome == outcome


VAGUE = [b"", b"ok", b"[]", b"{}", b"null", b'{"errcode": "0", "code": "0", "Code": 0}', b'{"errcode": false, "code": false}',
    b'{"Response": {}}', b'{"Response": {"SendStatusSet": []}}', b'{"Response": {"Error": {"Code": "Ok"}}}', b"[" * 60_000,
    b'{"code": 200.0}', b'{"code": 0, "data": {"errno": "0"}, "errcode": null}']  # fmt: skip


@pytest.mark.parametrize("body", VAGUE, ids=lambda body: body[:30].decode())
@pytest.mark.parametrize("kind", [kind for kind in YES if kind != "wecom_app"])
def test_200_without_a_plain_yes_is_not_success(
    tell: Deliver, provider: Provider, kind: str, body: bytes
) -> None:
    if kind == "feishu_robot" and b'"code": 0,' in body:
        return  # there this is a plain yes
    provider.script(respond(200, body))
    assert tell(kind).outcome == "retry"


@pytest.mark.parametrize("kind", [kind for kind in YES if kind != "wecom_app"])
def test_trouble_on_the_way_is_retried_and_a_yes_with_a_bad_status_is_no_yes(
    tell: Deliver, provider: Provider, kind: str
) -> None:
    provider.script(reset(), respond(503), respond(502, b"<html>"), says(YES[kind], 500))
    assert {tell(kind).outcome for _ in range(4)} == {"retry"}
    provider.script(says(YES[kind], 404), respond(307, Location="https://elsewhere.test/"))
    assert {tell(kind).outcome for _ in range(2)} == {"permanent"}


@pytest.mark.parametrize("kind", [kind for kind in YES if kind != "wecom_app"])
def test_provider_that_dawdles_is_left_at_the_deadline(tell: Deliver, provider: Provider, kind: str) -> None:
    provider.script(hang(), swallow(), drip_body(200))
    began = time.monotonic()
    assert {tell(kind, deadline_s="0.2").outcome for _ in range(3)} == {"retry"}
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("kind", [kind for kind in YES if kind not in ("wecom_app", "bark")])
def test_keys_and_numbers_go_to_the_provider_alone(provider: Provider, kind: str) -> None:
    """A base address outside the provider's own needs the operator's leave."""
    for base in ("https://evil.test", provider.url, "https://qyapi.weixin.qq.com.evil.test"):
        result = send(kind, SECRETS[kind] | {"base_url": base}, TO[kind], MESSAGE, now=NOW)
        assert (result.outcome, result.detail) == (
            "permanent",
            "the setting base_url is not an address of this provider",
        )
    assert provider.connections == 0


def test_a_private_bark_server_needs_the_operators_leave(provider: Provider) -> None:
    base = f"https://localhost:{provider.port}"
    result = send("bark", {"base_url": base}, TO["bark"], MESSAGE, now=NOW)
    assert result.outcome == "permanent"
    assert provider.connections == 0
