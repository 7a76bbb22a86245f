"""The button on a WeCom card takes the incident: once, by whom it was meant for, signed by WeCom."""

import time
from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from conftest import NOW, Home
from doors import BASE, SETTINGS, TO, door, gateway, holders, open_channel, scan, watch
from provider import Provider

from station import addresses, envelope
from station.incidents import acts
from station.incidents.acts import Move

__all__ = ["gateway", "watch"]

DUTY, BACKUP = 2, 3
PAGE = {"Accept": "text/html"}
APP = SETTINGS["wecom_app"]


@pytest.fixture
def carded(home, wang, watch, gateway) -> str:
    """The duty officer has a card; the door of the application."""
    channel = open_channel(
        home, gateway, "wecom_app", [DUTY], corp_id=f"ww-{time.monotonic_ns()}", secret="s-91"
    )
    scan(home, wang)
    watch.at(0)
    return door(home, channel)


def corp(home: Home) -> str:
    return addresses.open_channel(home.db, home.vault, 1)[0]["corp_id"]


def cards(gateway: Provider) -> list[dict]:
    sent = [request.json() for request in gateway.requests if "message/send" in request.path]
    return [one["template_card"] for one in sent if one["msgtype"] == "template_card"]


def press(task: str, *, by: str = TO["wecom_app"], at: datetime = NOW, **more: str) -> str:
    """The event as in the provider's documentation, with other fields where told."""
    fields = {"ToUserName": "corp", "FromUserName": by, "CreateTime": str(int(at.timestamp())), "MsgType": "event",
              "Event": "template_card_event", "EventKey": "take", "TaskId": task, "CardType": "button_interaction",
              "ResponseCode": "r-91", "AgentID": "1000002"} | more  # fmt: skip
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>"


def arrive(
    client, path: str, inner: str, receiver: str, *, at: datetime = NOW, token: str = APP["callback_token"]
):
    """A press as WeCom sends it, sealed and signed."""
    sealed = envelope.close_up(APP["callback_key"], inner, receiver)
    stamp, nonce = str(int(at.timestamp())), "263014780"
    query = {
        "msg_signature": envelope.sign(token, stamp, nonce, sealed),
        "timestamp": stamp,
        "nonce": nonce,
    }
    body = f"<xml><ToUserName><![CDATA[x]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return client.post(path, data=body.encode(), query_string=query, base_url=BASE)


def button(answer, receiver: str) -> str:
    """What the button says afterwards, out of the sealed answer."""
    outer = {one.tag: one.text for one in ElementTree.fromstring(answer.data)}
    assert envelope.is_signed(
        outer["MsgSignature"], APP["callback_token"], outer["TimeStamp"], outer["Nonce"], outer["Encrypt"]
    )
    inner = ElementTree.fromstring(envelope.open_up(APP["callback_key"], outer["Encrypt"], receiver))
    assert inner.findtext("MsgType") == "update_button"
    return inner.findtext("Button/ReplaceName")


def test_the_envelope_is_the_provider_s_own():
    """The sample of the provider's documentation: token, key, signature and what is inside."""
    sealed = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
    signature = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert envelope.is_signed(signature, "QDG6eK", "1409659589", "263014780", sealed)
    assert envelope.open_up(key, sealed, "wx5823bf96d3bd56c7") == "1616140317555161061"


def test_the_first_call_of_the_console_gets_its_words_back(home, watch, carded, client):
    sealed = envelope.close_up(APP["callback_key"], "1616140317555161061", corp(home))
    stamp = str(int(NOW.timestamp()))
    query = {"msg_signature": envelope.sign(APP["callback_token"], stamp, "n", sealed), "timestamp": stamp,
             "nonce": "n", "echostr": sealed}  # fmt: skip
    answer = client.get(carded, query_string=query, base_url=BASE)
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
    assert answer.mimetype == "text/plain"
    assert client.get(carded, query_string=query | {"nonce": "m"}, base_url=BASE).status_code == 401


def test_the_button_takes_both_parts_and_says_so(home, watch, gateway, carded, client, at_desk):
    card = cards(gateway)[0]
    assert card["card_type"] == "button_interaction"
    assert [one["text"] for one in card["button_list"]] == ["我来接单", "查看并接单"]
    assert card["button_list"][1]["url"] == card["card_action"]["url"]
    answer = arrive(client, carded, press(card["task_id"]), corp(home))
    assert answer.status_code == 200
    assert button(answer, corp(home)) == "已由您接单"
    assert holders(home) == (DUTY, DUTY)
    assert "王强点聊天卡片上的按钮接单" in at_desk("duty2").get("/desk/incidents/1", headers=PAGE).text
    assert home.db.scalar("SELECT count(*) FROM delivery_report WHERE state = 'delivered'") == 1


def test_the_same_press_again_changes_nothing(home, watch, gateway, carded, client):
    task = cards(gateway)[0]["task_id"]
    said = {button(arrive(client, carded, press(task), corp(home)), corp(home)) for _ in range(3)}
    assert said == {"已由您接单"}
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'claimed'") == 1
    watch.at(500)
    assert home.db.scalar("SELECT state FROM incident") == "alerting"
    at = NOW + timedelta(seconds=500)
    assert button(arrive(client, carded, press(task), corp(home), at=at), corp(home)) == "同事已接单"
    assert holders(home) == (None, None)


def test_a_card_of_what_a_colleague_has_says_so(home, watch, gateway, carded, client):
    task = cards(gateway)[0]["task_id"]
    acts.claim(home.db, 1, "both", by=BACKUP, now=watch.now)
    assert button(arrive(client, carded, press(task), corp(home)), corp(home)) == "同事已接单"
    acts.move(home.db, home.vault, 1, Move("closed", 2, outcome="reunited"), by=BACKUP, now=watch.now)
    other = cards(gateway)[1]["task_id"]
    assert button(arrive(client, carded, press(other), corp(home)), corp(home)) == "事件已结束"
    assert holders(home) == (BACKUP, BACKUP)


@pytest.mark.parametrize(
    "fault", ["token", "old", "early", "other company", "altered", "no seal", "entities"]
)
def test_what_wecom_has_not_signed_takes_nothing(home, watch, gateway, carded, client, fault):
    inner, more, receiver = press(cards(gateway)[0]["task_id"]), {}, corp(home)
    if fault == "token":
        more = {"token": "another"}
    if fault in ("old", "early"):
        more = {"at": NOW + timedelta(seconds=301 if fault == "early" else -301)}
    if fault == "entities":
        inner = f'<!DOCTYPE xml [<!ENTITY a "b">]>{inner}'
    if fault == "other company":
        receiver = "ww-other"
    if fault == "altered":
        sealed = envelope.close_up(APP["callback_key"], inner, receiver)
        stamp = str(int(NOW.timestamp()))
        query = {"msg_signature": envelope.sign(APP["callback_token"], stamp, "n", sealed), "timestamp": stamp, "nonce": "n"}  # noqa: E501 # fmt: skip
        body = f"<xml><Encrypt>{sealed[:-8]}AAAAAAA=</Encrypt></xml>".encode()
        answer = client.post(carded, data=body, query_string=query, base_url=BASE)
    elif fault == "no seal":
        answer = client.post(carded, data=inner.encode(), base_url=BASE)
    else:
        answer = arrive(client, carded, inner, receiver, **more)
    assert answer.status_code == (400 if fault in ("no seal", "entities") else 401)
    assert answer.get_json()["error"]
    assert holders(home) == (None, None)
    assert home.db.scalar("SELECT count FROM door_count WHERE what = 'refused'") == 1


def test_only_who_got_the_card_takes_it(home, watch, gateway, carded, client):
    task = cards(gateway)[0]["task_id"]
    answer = arrive(client, carded, press(task, by="somebody"), corp(home))
    assert button(answer, corp(home)) == "请拨打热线"
    assert holders(home) == (None, None)
    arrive(client, carded, press(task, by="wangqiang"), corp(home))
    assert holders(home) == (DUTY, DUTY), "the provider does not tell capitals apart"


@pytest.mark.parametrize(
    "fault", ["another key", "another event", "a text that looks like a press", "unknown card"]
)
def test_other_words_of_the_application_take_nothing(home, watch, gateway, carded, client, fault):
    task = cards(gateway)[0]["task_id"]
    changed = {
        "another key": {"EventKey": "else"},
        "another event": {"Event": "enter_agent"},
        "a text that looks like a press": {"Event": "", "MsgType": "text", "Content": press(task).replace("]]>", "")},
        "unknown card": {"TaskId": "999-1-1"},
    }[fault]  # fmt: skip
    answer = arrive(client, carded, press(task, **changed), corp(home))
    assert answer.status_code == 200
    assert holders(home) == (None, None)
    if fault == "unknown card":
        assert button(answer, corp(home)) == "请打开链接"
    else:
        assert answer.data == b""


def test_without_the_settings_of_a_callback_there_is_no_card_and_no_door(home, wang, watch, gateway, client):
    channel = open_channel(
        home, gateway, "wecom_app", [DUTY], callback_key="", corp_id=f"ww-{time.monotonic_ns()}"
    )
    scan(home, wang)
    watch.at(0)
    assert cards(gateway) == []
    assert arrive(client, door(home, channel), press("1-1-1"), "x").status_code == 404
