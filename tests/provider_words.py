"""How each provider says yes and no, and a message sent to it as the sender does."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from provider import Behaviour, Provider, respond

from station.channels.base import Outgoing, Result
from station.channels.registry import send

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
