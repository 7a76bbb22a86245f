"""What a provider is told is signed as it asks, addressed to the right person, and discreet."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from provider import Provider
from provider_words import LINK, MESSAGE, NOW, SECRETS, YES, Deliver, provider, says, tell

from station.channels import aliyun, codes, tencent_sms
from station.channels.registry import KINDS, send

__all__ = ["provider", "tell"]


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
