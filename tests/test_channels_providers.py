"""Each provider's own way of saying yes and no is understood, and what it is told is signed and discreet."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from provider import Behaviour, Provider, drip_body, hang, reset, respond, swallow

from station.channels import (
    aliyun,
    bark,
    codes,
    dingtalk_robot,
    feishu_robot,
    serverchan,
    tencent_sms,
    wecom,
    wecom_robot,
)
from station.channels.base import Outgoing, Result
from station.channels.registry import KINDS, send

NOW = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
LINK = "https://station.test/go/0a1b2c3d4e5f60718293a4b5c6d7e8f9"
MESSAGE = Outgoing(
    id="m-4711",
    incident="127",
    kind="ladder",
    title="防走失驿站 #127",
    text="胸牌 2210 刚被扫码，请接单。",
    url=LINK,
    station="园丁社区防走失驿站",
    badge_number="2210",
    location={"lat": 43.8378, "lon": 126.5494, "accuracy_m": 30, "place": "江湾公园东门"},
    attempt=1,
    at=NOW - timedelta(seconds=2),
)
SECRETS = {
    "wecom_app": {"corp_id": "ww-corp", "agent_id": "1000002", "secret": "app-secret-91"},
    "wecom_robot": {},
    "dingtalk_robot": {"secret": "SECding-91"},
    "feishu_robot": {"secret": "feishu-secret-91"},
    "aliyun_sms": {
        "access_key_id": "LTAItest",
        "access_key_secret": "ali-secret-91",
        "sign_name": "龙城驿站",
        "template": "SMS_1",
    },
    "aliyun_voice": {"access_key_id": "LTAItest", "access_key_secret": "ali-secret-91", "template": "TTS_1"},
    "tencent_sms": {
        "secret_id": "AKIDtest",
        "secret_key": "tc-secret-91",
        "app_id": "1400006666",
        "sign_name": "龙城驿站",
        "template": "1110",
    },
    "bark": {},
    "serverchan": {},
}
TO = {
    "wecom_app": "lihua",
    "wecom_robot": "robot-key-91",
    "dingtalk_robot": "ding-token-91",
    "feishu_robot": "feishu-hook-91",
    "aliyun_sms": "+8619900000091",
    "aliyun_voice": "+8643262010091",
    "tencent_sms": "+8619900000091",
    "bark": "barkdevicekey91",
    "serverchan": "SCT0091abcdefghij",
}
YES = {
    "wecom_app": {"errcode": 0, "msgid": "w-1"},
    "wecom_robot": {"errcode": 0},
    "dingtalk_robot": {"errcode": 0, "errmsg": "ok"},
    "feishu_robot": {"code": 0, "msg": "success", "data": {}},
    "aliyun_sms": {"Code": "OK", "BizId": "a^1"},
    "aliyun_voice": {"Code": "OK", "CallId": "a^2"},
    "tencent_sms": {"Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": "t:1"}], "RequestId": "r"}},
    "bark": {"code": 200, "message": "success"},
    "serverchan": {"code": 0, "message": "", "data": {"pushid": "1", "errno": 0, "error": "SUCCESS"}},
}
TOKEN = {"errcode": 0, "access_token": "token-1", "expires_in": 7200}
DISCREET = ("91", "token-", LINK, "go/0a1b", "江湾")

Deliver = Callable[..., Result]


def says(body: object, status: int = 200) -> Behaviour:
    return respond(status, json.dumps(body).encode())


def no(kind: str, code: object) -> object:
    """How the provider says a code that is not success."""
    if kind.startswith(("wecom", "dingtalk")):
        return {"errcode": code, "errmsg": "19900000091 and app-secret-91 are wrong"}
    if kind.startswith("aliyun"):
        return {"Code": code, "Message": "19900000091 is wrong", "RequestId": "r"}
    if kind == "tencent_sms":
        return {"Response": {"Error": {"Code": code, "Message": "19900000091"}, "RequestId": "r"}}
    return {"code": code, "msg": "19900000091", "message": "barkdevicekey91"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        yield server


@pytest.fixture
def tell(
    provider: Provider, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Deliver]:
    """Send by a kind as the sender does; neither result nor log nor terminal may tell anything private."""
    caplog.set_level("DEBUG")
    said: list[str] = []

    def attempt(
        kind: str, message: Outgoing = MESSAGE, to: str = "", now: datetime = NOW, **more: str
    ) -> Result:
        settings = SECRETS[kind] | {"base_url": provider.url, "deadline_s": "8"} | more
        result = send(kind, settings, to or TO[kind], message, now=now, allow_private=True)
        said.append(f"{result.detail} {result.words} {result.advice}")
        assert result.detail
        assert result.words
        assert result.advice
        return result

    yield attempt
    told = " ".join([*said, caplog.text, *capfd.readouterr()])
    assert [word for word in DISCREET if word in told] == []


@pytest.fixture
def fresh_token(request: pytest.FixtureRequest) -> dict[str, str]:
    """An account that no other test has got a token for."""
    return {"corp_id": f"ww-{request.node.name}"}


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
    assert time.monotonic() - began < 5


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


def test_app_gets_a_token_once_and_shares_it(tell: Deliver, provider: Provider, fresh_token) -> None:
    provider.script(says(TOKEN), says(YES["wecom_app"]), says(YES["wecom_app"]))
    results = [tell("wecom_app", **fresh_token) for _ in range(2)]
    assert [(one.outcome, one.provider_id) for one in results] == [("ok", "w-1")] * 2
    asked = [urlsplit(request.path) for request in provider.requests]
    assert [one.path for one in asked] == ["/cgi-bin/gettoken", *["/cgi-bin/message/send"] * 2]
    assert parse_qs(asked[0].query) == {"corpid": [fresh_token["corp_id"]], "corpsecret": ["app-secret-91"]}
    assert parse_qs(asked[1].query) == {"access_token": ["token-1"]}
    sent = provider.requests[1].json()
    assert (sent["touser"], sent["msgtype"], sent["agentid"]) == ("lihua", "text", 1000002)
    assert sent["text"]["content"].endswith(LINK)


@pytest.mark.parametrize(
    "code", [code for code, meaning in wecom.CODES.items() if meaning.outcome == "refresh"]
)
def test_app_renews_a_token_that_is_refused_and_sends_at_once(
    tell: Deliver, provider: Provider, fresh_token, code: int
) -> None:
    provider.script(says(TOKEN), says(YES["wecom_app"]))
    tell("wecom_app", **fresh_token)
    new = TOKEN | {"access_token": "token-2"}
    provider.script(says(no("wecom_app", code)), says(new), says(YES["wecom_app"]))
    assert tell("wecom_app", **fresh_token).outcome == "ok"
    assert "access_token=token-2" in provider.requests[-1].path


def test_app_whose_fresh_token_is_refused_waits_instead_of_going_round(
    tell: Deliver, provider: Provider, fresh_token
) -> None:
    provider.script(says(TOKEN), says(no("wecom_app", 40014)))
    assert tell("wecom_app", **fresh_token).outcome == "retry"
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("code", "meaning"), [(code, meaning) for code, meaning in wecom.CODES.items() if code != 0]
)
def test_every_code_of_the_app_is_classified(
    tell: Deliver, provider: Provider, fresh_token, code: int, meaning: codes.Meaning
) -> None:
    provider.script(says(TOKEN), says(no("wecom_app", code)))
    outcome = "permanent" if meaning.outcome == "permanent" else "retry"
    assert tell("wecom_app", **fresh_token).outcome == outcome
    provider.script(says(no("wecom_app", code)))
    other = {"corp_id": fresh_token["corp_id"] + "-other"}
    assert tell("wecom_app", **other).outcome == outcome, "a refused token request says the same"


@pytest.mark.parametrize(
    "answer", [{"errcode": 0}, {"errcode": 0, "access_token": ""}, {"access_token": "x"}, []]
)
def test_app_without_a_token_sends_nothing(tell: Deliver, provider: Provider, fresh_token, answer) -> None:
    provider.script(says(answer))
    assert tell("wecom_app", **fresh_token).outcome == "retry"
    assert len(provider.requests) == 1


@pytest.mark.parametrize("left_out", [{"invaliduser": "lihua"}, {"unlicenseduser": "lihua"}])
def test_app_that_leaves_the_person_out_has_not_sent(
    tell: Deliver, provider: Provider, fresh_token, left_out
) -> None:
    provider.script(says(TOKEN), says(YES["wecom_app"] | left_out))
    assert tell("wecom_app", **fresh_token).outcome == "permanent"


def test_dingtalk_signature(tell: Deliver, provider: Provider) -> None:
    provider.script(says(YES["dingtalk_robot"]))
    tell("dingtalk_robot")
    request = provider.wait_for(1)[0]
    asked = parse_qs(urlsplit(request.path).query, strict_parsing=True)
    stamp = str(int(NOW.timestamp() * 1000))
    secret = SECRETS["dingtalk_robot"]["secret"]
    proof = hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), "sha256")
    assert asked == {
        "access_token": ["ding-token-91"],
        "timestamp": [stamp],
        "sign": [base64.b64encode(proof).decode()],
    }
    assert request.json()["text"]["content"].endswith(LINK)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("keywords not in content", codes.KEYWORDS),
        ("sign not match", codes.BAD_SIGNATURE),
        ("invalid timestamp", codes.BAD_CLOCK),
        ("ip 1.2.3.4 not in whitelist", codes.BAD_IP),
    ],
)
def test_dingtalk_says_which_of_its_checks_failed(
    tell: Deliver, provider: Provider, sentence: str, words: codes.Meaning
) -> None:
    provider.script(says({"errcode": 310000, "errmsg": sentence}))
    assert tell("dingtalk_robot").words == words.words


def test_feishu_signature(tell: Deliver, provider: Provider) -> None:
    provider.script(says(YES["feishu_robot"]))
    tell("feishu_robot", replace(MESSAGE, location={"place": '<at user_id="all">'}))
    request = provider.wait_for(1)[0]
    sent = request.json()
    stamp = str(int(NOW.timestamp()))
    proof = hmac.digest(f"{stamp}\nfeishu-secret-91".encode(), b"", "sha256")
    assert request.path == "/open-apis/bot/v2/hook/feishu-hook-91"
    assert (sent["timestamp"], sent["sign"]) == (stamp, base64.b64encode(proof).decode())
    assert sent["content"]["text"].endswith(LINK)
    assert "<at" not in sent["content"]["text"], "a finder cannot call the whole group"


def test_aliyun_signature_is_that_of_the_documentation() -> None:
    """The example of https://help.aliyun.com/document_detail/2593177.html."""
    call = aliyun.Call(
        "RunInstances",
        {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"},
        version="2014-05-26",
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    keys = {"access_key_id": "YourAccessKeyId", "access_key_secret": "YourAccessKeySecret"}
    at = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC)
    headers = aliyun.signed(call, "ecs.cn-shanghai.aliyuncs.com", keys, at)
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_tencent_signature_is_that_of_the_documentation() -> None:
    """The example of https://cloud.tencent.com/document/api/213/30654, whose keys are printed as asterisks."""
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    keys = {"secret_id": "AKID" + "*" * 32, "secret_key": "*" * 32}
    call = tencent_sms.Call("cvm", "DescribeInstances", body)
    at = datetime.fromtimestamp(1551113065, UTC)
    headers = tencent_sms.signed(call, "cvm.tencentcloudapi.com", keys, at)
    assert headers["Authorization"].endswith(
        "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def test_aliyun_text_message_is_signed_as_it_arrives(tell: Deliver, provider: Provider) -> None:
    provider.script(says(YES["aliyun_sms"]), says(YES["aliyun_sms"]))
    assert tell("aliyun_sms").provider_id == "a^1"
    request = provider.wait_for(1)[0]
    asked = urlsplit(request.path)
    named = {name: values[0] for name, values in parse_qs(asked.query).items()}
    assert named == {
        "PhoneNumbers": "19900000091",
        "SignName": "龙城驿站",
        "TemplateCode": "SMS_1",
        "TemplateParam": json.dumps({"badge": "2210", "code": LINK.rpartition("/")[2]}),
    }
    assert request.headers["x-acs-date"] == "2026-03-08T06:30:00Z"
    # Written anew from the documentation, over what came in.
    signed = ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"]  # fmt: skip
    lines = "".join(f"{name}:{request.headers[name]}\n" for name in signed)
    empty = hashlib.sha256(request.body).hexdigest()
    canonical = f"POST\n/\n{asked.query}\n{lines}\n{';'.join(signed)}\n{empty}"
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    proof = hmac.digest(b"ali-secret-91", text.encode(), "sha256").hex()
    assert request.headers["authorization"].endswith(f"Signature={proof}")
    tell("aliyun_sms")
    assert len({one.headers["x-acs-signature-nonce"] for one in provider.requests}) == 2


def test_voice_call_reads_the_badge_and_no_place(tell: Deliver, provider: Provider) -> None:
    provider.script(says(YES["aliyun_voice"]))
    tell("aliyun_voice", shown_number="043200000000")
    named = parse_qs(urlsplit(provider.wait_for(1)[0].path).query)
    assert named["CalledNumber"] == ["043262010091"]
    assert (named["TtsCode"], named["CalledShowNumber"]) == (["TTS_1"], ["043200000000"])
    assert json.loads(named["TtsParam"][0]) == {"badge": "2210"}


def test_tencent_text_message_is_signed_as_it_arrives(tell: Deliver, provider: Provider) -> None:
    provider.script(says(YES["tencent_sms"]))
    assert tell("tencent_sms", variables="incident,code").provider_id == "t:1"
    request = provider.wait_for(1)[0]
    assert request.json() == {
        "PhoneNumberSet": ["+8619900000091"],
        "SmsSdkAppId": "1400006666",
        "SignName": "龙城驿站",
        "TemplateId": "1110",
        "TemplateParamSet": ["127", LINK.rpartition("/")[2]],
    }
    heads = request.headers
    lines = f"content-type:{heads['content-type']}\nhost:{heads['host']}\nx-tc-action:sendsms\n"
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = f"POST\n/\n\n{lines}\ncontent-type;host;x-tc-action\n{digest}"
    scope = "2026-03-08/sms/tc3_request"
    text = f"TC3-HMAC-SHA256\n{heads['x-tc-timestamp']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"TC3tc-secret-91"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    assert heads["authorization"].endswith(f"Signature={hmac.digest(key, text.encode(), 'sha256').hex()}")


def test_one_state_of_the_message_decides_and_not_that_the_call_went_well(
    tell: Deliver, provider: Provider
) -> None:
    state = {"Code": "InvalidParameterValue.IncorrectPhoneNumber", "SerialNo": ""}
    provider.script(says({"Response": {"SendStatusSet": [state], "RequestId": "r"}}))
    assert tell("tencent_sms").outcome == "permanent"


@pytest.mark.parametrize("kind", ["aliyun_sms", "aliyun_voice", "tencent_sms"])
@pytest.mark.parametrize(
    "to", ["12", "110", "+8212345678", "19900000091,19900000092", "lihua", "", " ", "+86199000000911"]
)
def test_what_is_no_phone_number_is_refused(provider: Provider, kind: str, to: str) -> None:
    settings = SECRETS[kind] | {"base_url": provider.url}
    assert send(kind, settings, to, MESSAGE, now=NOW, allow_private=True).outcome == "permanent"
    assert provider.connections == 0


@pytest.mark.parametrize("kind", ["aliyun_sms", "tencent_sms"])
def test_a_landline_gets_no_text_message(provider: Provider, kind: str) -> None:
    settings = SECRETS[kind] | {"base_url": provider.url}
    result = send(kind, settings, "0432-62010091", MESSAGE, now=NOW, allow_private=True)
    assert (result.outcome, result.detail) == ("permanent", "the destination is not a mobile number")


@pytest.mark.parametrize(
    ("url", "more", "code"),
    [
        ("https://station.test/drill/abc123", {"template_drill": "SMS_2"}, "SMS_2"),
        ("https://station.test/desk", {"template_plain": "SMS_3"}, "SMS_3"),
        (None, {"template_plain": "SMS_3"}, "SMS_3"),
    ],
)
def test_each_sort_of_message_has_its_template(
    tell: Deliver, provider: Provider, url: str | None, more: dict[str, str], code: str
) -> None:
    provider.script(says(YES["aliyun_sms"]))
    message = replace(MESSAGE, url=url)
    assert tell("aliyun_sms", message).outcome == "permanent", "it names the template that is missing"
    assert tell("aliyun_sms", message, **more).outcome == "ok"
    named = parse_qs(urlsplit(provider.wait_for(1)[0].path).query)
    assert named["TemplateCode"] == [code]
    assert ("code" in json.loads(named["TemplateParam"][0])) == (code == "SMS_2")


@pytest.mark.parametrize("kind", ["aliyun_sms", "tencent_sms"])
def test_the_ring_of_a_drill_says_that_it_is_one(tell: Deliver, provider: Provider, kind: str) -> None:
    provider.script(says(YES[kind]))
    assert tell(kind, replace(MESSAGE, kind="drill"), template_drill="SMS_2").outcome == "ok"
    request = provider.wait_for(1)[0]
    assert "SMS_2" in unquote(request.path) + request.body.decode()


def test_no_variable_holds_an_address_or_a_place(tell: Deliver, provider: Provider) -> None:
    for kind in ("aliyun_sms", "aliyun_voice", "tencent_sms"):
        provider.script(says(YES[kind]))
        tell(kind)
    for request in provider.wait_for(3):
        told = unquote(request.path) + request.body.decode("unicode_escape")
        assert "station.test" not in told
        assert "江湾" not in told


@pytest.mark.parametrize("kind", ["bark", "serverchan"])
def test_push_services_learn_no_place_and_no_badge(tell: Deliver, provider: Provider, kind: str) -> None:
    provider.script(says(YES[kind]))
    assert tell(kind).outcome == "ok"
    request = provider.wait_for(1)[0]
    told = json.dumps(request.json(), ensure_ascii=False)
    assert LINK in told
    assert [word for word in ("江湾", "43.8", "2210", "扫码") if word in told] == []


def test_bark_rings_through_silence_for_a_ring_alone(tell: Deliver, provider: Provider) -> None:
    for kind in ("ladder", "notice", "soft_notice"):
        provider.script(says(YES["bark"]))
        tell("bark", replace(MESSAGE, kind=kind))
    sent = [request.json() for request in provider.wait_for(3)]
    assert [(one["level"], one.get("call")) for one in sent] == [
        ("critical", "1"), ("timeSensitive", None), ("active", None),
    ]  # fmt: skip
    assert [request.path for request in provider.requests] == ["/push"] * 3


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("SCT0091abcdefghij", "/SCT0091abcdefghij.send"),
        ("sctp91tabcdefghij", "/send/sctp91tabcdefghij.send"),
    ],
)
def test_serverchan_knows_both_kinds_of_keys(tell: Deliver, provider: Provider, key: str, path: str) -> None:
    provider.script(says(YES["serverchan"]))
    assert tell("serverchan", to=key).outcome == "ok"
    assert provider.wait_for(1)[0].path == path


def test_serverchan_that_took_the_call_and_not_the_message_has_not_sent(
    tell: Deliver, provider: Provider
) -> None:
    provider.script(says({"code": 0, "data": {"errno": 1024, "error": "19900000091"}}))
    assert tell("serverchan").outcome == "retry"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("webhook", "smtp")])
@pytest.mark.parametrize(
    "to", ["", "a b", "../../x", "https://evil.test/x", "key&debug=1", "key\r\nHost: x", "@all"]
)
def test_what_is_no_address_of_the_provider_is_refused(provider: Provider, kind: str, to: str) -> None:
    settings = SECRETS.get(kind, {}) | {"base_url": provider.url}
    assert send(kind, settings, to, MESSAGE, now=NOW, allow_private=kind != "apprise").outcome == "permanent"
    assert provider.connections == 0


def test_apprise_says_when_it_is_missing_and_refuses_what_leads_anywhere() -> None:
    fixed = send("apprise", {}, "tgram://123:abc/456", MESSAGE, now=NOW)
    assert (fixed.outcome, "not installed" in fixed.detail) == ("permanent", True)
    for url in (
        "json://127.0.0.1/x",
        "ntfy://192.168.1.2/x",
        "mailto://a:b@mail.test",
        "gotify://10.0.0.1/x",
    ):
        refused = send("apprise", {}, url, MESSAGE, now=NOW)
        assert (refused.outcome, "not permitted" in refused.detail) == ("permanent", True)


def test_secrets_are_named_so_that_pages_can_hide_them() -> None:
    telling = ("secret", "password", "key")
    for kind, channel in KINDS.items():
        names = {*channel.required, *channel.optional}
        likely = {name for name in names if name.endswith(telling)}
        assert likely <= set(channel.secret) <= names, kind
