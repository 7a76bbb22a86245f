"""One press takes the incident: key 1 in a call, once, by whom it was meant for."""

import json
from datetime import timedelta

import pytest
from conftest import NOW, Home
from doors import asked, attempts, door, gateway, holders, open_channel, say, scan, watch

from station import ways
from station.db import transaction
from station.errors import InvalidForm
from station.incidents import acts
from station.incidents.acts import Move
from station.selfwatch import drills

__all__ = ["gateway", "watch"]

DUTY, BACKUP = 2, 3
PAGE = {"Accept": "text/html"}


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
