"""One press takes the incident: key 1 in a call, the button on a card in a chat; once, by whom it was meant for."""

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from conftest import NOW, Home
from doors import BASE, SETTINGS, TO, asked, attempts, door, gateway, open_channel, say, scan, watch
from provider import Provider
from provider_words import MESSAGE, TOKEN, Deliver, provider, says, tell

from station import addresses, envelope, ways
from station.db import transaction
from station.errors import InvalidForm
from station.incidents import acts
from station.incidents.acts import Move
from station.selfwatch import drills

__all__ = ["gateway", "provider", "tell", "watch"]

DUTY, BACKUP = 2, 3
PAGE = {"Accept": "text/html"}
APP = SETTINGS["wecom_app"]
BUTTON = {"look": "查看并接单", "press": "我来接单", "ref": "7-1-1764000000"}


def holders(home: Home) -> tuple[int | None, int | None]:
    row = home.db.row("SELECT on_site_by, liaison_by FROM incident")
    return row["on_site_by"], row["liaison_by"]


# Key 1 ---------------------------------------------------------------------------------------------


@pytest.fixture
def rung(home, wang, watch, gateway) -> str:
    """The duty officer has been called; the door of the calls."""
    channel = open_channel(home, gateway, "aliyun_voice", [DUTY])
    scan(home, wang)
    watch.at(0)
    return door(home, channel)


def pressed(home: Home, keys: str, **more: object) -> list[dict]:
    """A VoiceCallReport, which comes while the call goes on, as in the provider's documentation."""
    [call] = attempts(home, channel="aliyun_voice")[:1]
    return [{"status_code": "300000", "smart_status_code": "ANSWERED", "dtmf": keys, "status_time": "2026-11-22 03:00:12",
             "out_id": "", "call_id": call["provider_id"]} | more]  # fmt: skip


def test_the_call_waits_for_key_1_and_says_what_it_does(wang, watch, gateway, rung):
    [call] = asked(gateway)
    assert (call["action"], call["StartCode"]) == ("IvrCall", "TTS_4")
    assert (call["MenuKeyMap.1.Key"], call["MenuKeyMap.1.Code"]) == ("1", "TTS_5")
    assert json.loads(call["StartTtsParams"]) == {"badge": wang.number}
    assert call["CalledShowNumber"] == "043262010092"


def test_key_1_takes_both_parts_and_silences_the_ladder(home, watch, gateway, rung, client, at_desk):
    answer = say(client, rung, pressed(home, "1"))
    assert (answer.status_code, answer.get_json()) == (200, {"code": 0, "msg": "接收成功"})
    assert holders(home) == (DUTY, DUTY)
    assert home.db.scalar("SELECT state FROM incident") == "acked"
    page = at_desk("duty2").get("/desk/incidents/1", headers=PAGE).text
    assert "王强在电话中按1接单" in page
    before = len(gateway.requests)
    watch.at(200)
    assert len(gateway.requests) == before


def test_the_report_at_the_end_of_the_call_takes_nothing_twice(home, watch, rung, client):
    say(client, rung, pressed(home, "1"))
    ended = pressed(home, "1", status_code="200000", end_time="2026-11-22 03:00:40")
    for _ in range(3):
        say(client, rung, ended)
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'claimed'") == 1
    acts.move(home.db, home.vault, 1, Move("going", 2), by=DUTY, now=watch.now)
    watch.at(2000)
    assert home.db.scalar("SELECT state FROM incident") == "alerting", "no news for long: it rings again"
    say(client, rung, ended)
    assert holders(home) == (None, None), "an old press, played again, takes nothing"


def test_other_keys_take_nothing(home, watch, rung, client):
    for keys in ("", "2", "0", "12", "21", "#", "*1#2", "911"):
        assert say(client, rung, pressed(home, keys)).status_code == 200
        assert holders(home) == (None, None), keys


def test_key_1_may_be_pressed_more_than_once(home, watch, rung, client):
    say(client, rung, pressed(home, "11#"))
    assert holders(home) == (DUTY, DUTY)


@pytest.mark.parametrize(
    ("slot", "after"),
    [("both", (BACKUP, BACKUP)), ("on_site", (BACKUP, DUTY)), ("liaison", (DUTY, BACKUP))],
)
def test_key_1_takes_what_a_colleague_has_left(home, watch, rung, client, slot, after):
    acts.claim(home.db, 1, slot, by=BACKUP, now=watch.now)
    assert say(client, rung, pressed(home, "1")).status_code == 200
    assert holders(home) == after


def test_key_1_after_the_end_breaks_nothing(home, watch, rung, client):
    acts.move(home.db, home.vault, 1, Move("closed", 1, outcome="false_alarm"), by=BACKUP, now=watch.now)
    assert say(client, rung, pressed(home, "1")).status_code == 200
    assert holders(home) == (None, None)


@pytest.mark.parametrize("change", ["UPDATE staff SET active = 0", "UPDATE staff SET role = 'worker'"])
def test_key_1_takes_nothing_for_who_may_not(home, watch, rung, client, change):
    with transaction(home.db):
        home.db.write(change)
    assert say(client, rung, pressed(home, "1")).status_code == 200
    assert holders(home) == (None, None)


def test_a_call_without_the_menu_reads_the_text_alone(home, wang, watch, gateway):
    open_channel(home, gateway, "aliyun_voice", [DUTY], template_taken="")
    scan(home, wang)
    watch.at(0)
    [call] = asked(gateway)
    assert (call["action"], call["TtsCode"]) == ("SingleCallByTts", "TTS_1")


@pytest.fixture
def drilled(home, watch, gateway) -> str:
    """Duty and backup have been called in a drill; the door of the calls."""
    texts = {"template_menu_drill": "TTS_6", "template_taken_drill": "TTS_7"}
    channel = open_channel(home, gateway, "aliyun_voice", [DUTY, BACKUP], **texts)
    drills.start(home.db, home.vault, 1, by=DUTY, now=NOW)
    watch.at(0)
    watch.at(91)
    return door(home, channel)


def called(home: Home, staff_id: int, keys: str = "1") -> list[dict]:
    [call, *_] = attempts(home, channel="aliyun_voice", staff_id=staff_id)
    return [{"status_code": "300000", "dtmf": keys, "status_time": "2026-11-22 03:01:40", "out_id": "", "call_id": call["provider_id"]}]  # fmt: skip


def test_key_1_takes_a_drill_and_is_its_answer(home, watch, gateway, drilled, client, at_desk):
    call = asked(gateway)[0]
    assert (call["action"], call["StartCode"], call["MenuKeyMap.1.Code"]) == ("IvrCall", "TTS_6", "TTS_7")
    watch.now = NOW + timedelta(seconds=100)
    assert say(client, drilled, called(home, DUTY)).status_code == 200
    assert holders(home) == (DUTY, DUTY)
    [went] = drills.newest(home.db, 1)
    assert (went.claimed_s, {one.staff_id: one.answered_s for one in went.people}[DUTY]) == (100, 100)
    assert BACKUP in went.silent
    page = at_desk("duty2").get("/desk/incidents/1", headers=PAGE).text
    assert "王强在电话中按1接单" in page
    before = attempts(home, kind="ladder")
    watch.at(200)
    assert attempts(home, kind="ladder") == before


def test_who_presses_key_1_when_a_colleague_has_it_has_answered_too(home, watch, drilled, client, at_desk):
    say(client, drilled, called(home, DUTY))
    watch.now = NOW + timedelta(seconds=104)
    for _ in range(2):
        say(client, drilled, called(home, BACKUP))
    assert holders(home) == (DUTY, DUTY)
    [went] = drills.newest(home.db, 1)
    assert went.silent == []
    assert {one.staff_id: one.answered_s for one in went.people}[BACKUP] == 104
    assert at_desk("duty").get("/desk/incidents/1", headers=PAGE).text.count("赵军在电话中按1回应") == 1


def test_a_drill_is_read_out_where_it_has_no_texts_for_key_1(home, watch, gateway):
    open_channel(home, gateway, "aliyun_voice", [DUTY])
    drills.start(home.db, home.vault, 1, by=DUTY, now=NOW)
    watch.at(0)
    [call] = asked(gateway)
    assert (call["action"], call["TtsCode"]) == ("SingleCallByTts", "TTS_3")


def test_the_texts_for_key_1_are_set_together_and_what_is_missing_is_named_once(home, gateway):
    channel = open_channel(home, gateway, "aliyun_voice", [], template_menu_drill="TTS_6", template_taken_drill="TTS_7")  # fmt: skip
    for setting in ("template_taken_drill", "template_menu"):
        with pytest.raises(InvalidForm) as refused:
            ways.change(home.db, home.vault, channel, {setting: ""}, by=None, now=NOW)
        assert [one.field for one in refused.value.errors] == [setting]


# The card ------------------------------------------------------------------------------------------


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


# Buttons that are links ------------------------------------------------------------------------------


def body_of(tell: Deliver, provider: Provider, kind: str, **more: str) -> dict:
    provider.script(says({"errcode": 0, "code": 0}))
    message = replace(MESSAGE, text="她说 [点这里](https://evil.test) <at id=all></at>", **BUTTON)
    assert tell(kind, message, **more).outcome == "ok"
    return provider.requests[-1].json()


def test_dingtalk_gets_a_card_with_a_link_in_which_nothing_typed_is_one(tell, provider):
    sent = body_of(tell, provider, "dingtalk_robot")
    card = sent["actionCard"]
    assert (sent["msgtype"], card["singleTitle"], card["singleURL"]) == (
        "actionCard",
        "查看并接单",
        MESSAGE.url,
    )
    assert "[点这里]" not in card["text"]
    assert "江湾公园东门" in card["text"]
    assert body_of(tell, provider, "dingtalk_robot", mention="@all")["msgtype"] == "text", (
        "a card calls nobody"
    )


def test_feishu_gets_a_card_with_a_link_and_only_the_settings_call(tell, provider):
    sent = body_of(tell, provider, "feishu_robot")
    buttons = [one["actions"] for one in sent["card"]["elements"] if one["tag"] == "action"]
    assert (sent["msg_type"], buttons[0][0]["url"]) == ("interactive", MESSAGE.url)
    markdown = [one for one in sent["card"]["elements"] if one.get("text", {}).get("tag") == "lark_md"]
    assert markdown == []
    called = body_of(tell, provider, "feishu_robot", mention="@all")["card"]["elements"][0]
    assert called["text"] == {"tag": "lark_md", "content": "<at id=all></at>"}


def test_a_wecom_robot_gets_a_card_unless_it_calls_people_or_the_text_is_long(tell, provider):
    card = body_of(tell, provider, "wecom_robot")["template_card"]
    assert (card["card_type"], card["card_action"]["url"], card["jump_list"][0]["title"]) == (
        "text_notice", MESSAGE.url, "查看并接单",
    )  # fmt: skip
    assert body_of(tell, provider, "wecom_robot", mention="@all")["msgtype"] == "text"
    provider.script(says({"errcode": 0}))
    tell("wecom_robot", replace(MESSAGE, text="长" * 200, **BUTTON))
    assert provider.requests[-1].json()["msgtype"] == "text"


def test_a_card_that_is_not_understood_goes_as_a_text_at_once(tell, provider):
    provider.script(says(TOKEN), says({"errcode": 40058}), says({"errcode": 0, "msgid": "w-1"}))
    callback = {name: APP[name] for name in ("callback_token", "callback_key")}
    result = tell("wecom_app", replace(MESSAGE, **BUTTON), corp_id=f"ww-{time.monotonic_ns()}", **callback)
    assert (result.outcome, result.provider_id) == ("ok", "w-1")
    kinds = [one.json()["msgtype"] for one in provider.requests if "message/send" in one.path]
    assert kinds == ["template_card", "text"]


def test_what_is_sent_again_is_a_text_with_the_link(tell, provider):
    for kind in ("dingtalk_robot", "feishu_robot", "wecom_robot"):
        provider.script(says({"errcode": 0, "code": 0}))
        tell(kind, replace(MESSAGE, attempt=2, **BUTTON))
        sent = provider.requests[-1].json()
        assert sent.get("msgtype", sent.get("msg_type")) == "text"
