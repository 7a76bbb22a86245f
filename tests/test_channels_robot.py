"""A WeCom robot is told in a text, and believed by the code in its answer."""

from dataclasses import replace

import pytest
from provider import Provider, code, drip_body, reset, respond, swallow
from sending import IMPATIENT, KEY, MESSAGE, Deliver, deliver, provider, robot

from station.channels.base import Result

__all__ = ["deliver", "provider", "robot"]


def test_robot_gets_a_text_with_title_place_and_link(robot: Deliver, provider: Provider) -> None:
    provider.script(code(0))
    assert robot().outcome == "ok"
    request = provider.wait_for(1)[0]
    assert request.path == f"/cgi-bin/webhook/send?key={KEY}"
    assert request.json() == {
        "msgtype": "text",
        "text": {
            "content": "有人扫了胸牌\n胸牌 2210 刚被扫码，请接单。\n江湾公园东门\nhttps://station.test/a/9876"
        },
    }


def test_second_attempt_is_marked_where_there_is_only_text(robot: Deliver, provider: Provider) -> None:
    for attempt in (1, 2, 11):
        robot(replace(MESSAGE, attempt=attempt))
    starts = [r.json()["text"]["content"][:9] for r in provider.wait_for(3)]
    assert [start[: start.find("]") + 1] for start in starts] == ["", "[#127-2]", "[#127-11]"]


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ({"lat": 43.8, "lon": 126.5, "accuracy_m": 25, "place": None}, "\n43.8,126.5 ±25 m\n"),
        ({"lat": 43.8, "lon": 126.5, "accuracy_m": None, "place": ""}, "\n43.8,126.5\n"),
        ({"lat": None, "lon": None, "accuracy_m": None, "place": "北门"}, "\n北门\n"),
        ({"lat": None, "lon": None, "accuracy_m": None, "place": None}, "请接单。\nhttps"),
        (None, "请接单。\nhttps"),
        ({"place": "胸牌"}, "请接单。\nhttps"),  # said already
    ],
)
def test_robot_says_where(robot: Deliver, provider: Provider, location: dict | None, line: str) -> None:
    robot(replace(MESSAGE, location=location))
    assert line in provider.wait_for(1)[0].json()["text"]["content"]


def test_robot_calls_those_named_in_the_settings(robot: Deliver, provider: Provider) -> None:
    robot(mention="@all, lihua")
    assert provider.wait_for(1)[0].json()["text"]["mentioned_list"] == ["@all", "lihua"]


@pytest.mark.parametrize("extra", range(4))
def test_long_text_is_cut_to_what_the_robot_takes_but_the_link_stays(
    robot: Deliver, provider: Provider, extra: int
) -> None:
    robot(replace(MESSAGE, text="x" * extra + "路" * 3000))
    content = provider.wait_for(1)[0].json()["text"]["content"]
    assert 2040 <= len(content.encode()) <= 2048
    assert content.endswith("…\nhttps://station.test/a/9876")


CODES = [(0, "ok")]
CODES += [(code, "retry") for code in (-1, 42001, 45009, 45033, 1, 6000, 999999, -2)]
CODES += [(code, "permanent") for code in (40001, 40008, 40014, 40033, 40035, 40058, 40063, 41001, 44004)]
CODES += [(code, "permanent") for code in (45002, 48002, 60020, 93000, 93004, 93008)]


@pytest.mark.parametrize(("number", "outcome"), CODES)
def test_robot_is_judged_by_the_code_in_the_body(
    robot: Deliver, provider: Provider, number: int, outcome: str
) -> None:
    provider.script(code(number))
    result = robot()
    assert result.outcome == outcome
    assert str(number) in result.detail


def test_robot_that_sent_too_much_gets_a_pause(robot: Deliver, provider: Provider) -> None:
    provider.script(code(45009), code(-1))
    assert [robot().retry_after_s, robot().retry_after_s] == [30.0, None]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"ok", b"[]", b"{}", b"null", b'{"errcode": "0"}', b'{"errcode": false}', b'{"errcode": 0.0}',
        b'{"errcode": null}', b'{"errcode": 0', b"\xff\xfe", b"[" * 60_000, b'"errcode"',
    ],
)  # fmt: skip
def test_200_without_a_readable_code_is_not_success(robot: Deliver, provider: Provider, body: bytes) -> None:
    provider.script(respond(200, body))
    assert robot() == Result("retry", detail="the provider's answer cannot be read")


def test_robot_without_body_in_time_is_retried(robot: Deliver, provider: Provider) -> None:
    provider.script(drip_body(200), swallow(), reset(), code(0, status=503), code(0, status=404))
    results = [robot(deadline_s=IMPATIENT).outcome for _ in range(5)]
    assert results == ["retry", "retry", "retry", "retry", "permanent"]


def test_robot_is_known_by_its_whole_address_too(robot: Deliver, provider: Provider) -> None:
    provider.script(code(0))
    assert robot(to=f"{provider.url}/cgi-bin/webhook/send?key={KEY}").outcome == "ok"
    assert provider.wait_for(1)[0].path == f"/cgi-bin/webhook/send?key={KEY}"


@pytest.mark.parametrize(
    "to",
    ["", "a key", "key&debug=1", "../../x", "https://qyapi.weixin.qq.com.evil.test/cgi-bin/webhook/send?key=K",
     "https://evil.test/cgi-bin/webhook/send?key=K", "https://qyapi.weixin.qq.com@evil.test/?key=K",
     "https://qyapi.weixin.qq.com/cgi-bin/message/send?key=K", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?k=K",
     "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K"],
)  # fmt: skip
def test_robot_speaks_to_its_provider_alone(deliver: Deliver, to: str) -> None:
    assert deliver("wecom_robot", {}, to, allow_private=True).outcome == "permanent"


def test_robot_of_a_private_deployment_needs_the_local_network_opened(
    deliver: Deliver, provider: Provider
) -> None:
    base = {"base_url": f"https://localhost:{provider.port}"}
    assert deliver("wecom_robot", base, KEY).outcome == "permanent"
    assert provider.connections == 0
