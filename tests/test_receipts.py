"""What providers say later of a message: it is kept once, shown, and what never arrived goes out by another way."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from conftest import Home
from doors import BASE, PHONE, asked, attempts, door, gateway, open_channel, say, scan, watch, yes
from provider import vanish
from watch import Watch

from station import addresses, clock
from station.alerts import outbox
from station.channels import webhook
from station.channels.base import Result
from station.db import transaction
from station.incidents import acts

__all__ = ["gateway", "watch"]

DUTY, BACKUP = 2, 3
JSON, PAGE = {"Accept": "application/json"}, {"Accept": "text/html"}
THANKS = {"aliyun_sms": {"code": 0, "msg": "接收成功"}, "aliyun_voice": {"code": 0, "msg": "接收成功"},
          "tencent_sms": {"result": 0, "errmsg": "OK"}, "webhook": {"ok": True}}  # fmt: skip


def sms(one: dict, *, success: object = True, code: str = "DELIVERED", **more: object) -> dict:
    """One entry of an SmsReport, as in the provider's documentation."""
    return {"phone_number": PHONE, "send_time": "2026-11-22 03:00:00", "report_time": "2026-11-22 03:00:04", "success": success,
            "err_code": code, "err_msg": "用户接收成功", "sms_size": "1", "biz_id": one["provider_id"], "out_id": ""} | more  # fmt: skip


def told(kind: str, one: dict, *, delivered: bool) -> object:
    """What the provider of a kind says of an attempt."""
    if kind == "aliyun_sms":
        return [sms(one, success=delivered, code="DELIVERED" if delivered else "MOBILE_NOT_ON_SERVICE")]
    if kind == "aliyun_voice":
        return [{"call_id": one["provider_id"], "status_code": "200000" if delivered else "200010", "callee": PHONE,
                 "end_time": "2026-11-22 03:00:50", "dtmf": None, "out_id": None, "duration": "9"}]  # fmt: skip
    if kind == "tencent_sms":
        return [{"user_receive_time": "2026-11-22 03:00:04", "nationcode": "86", "mobile": PHONE, "sid": one["provider_id"],
                 "report_status": "SUCCESS" if delivered else "FAIL", "errmsg": "DELIVRD" if delivered else "MK:0001",
                 "description": "用户短信送达成功"}]  # fmt: skip
    sent = int(clock.parse(one["started_at"]).timestamp())
    ref = f"{one['alert_id']}-{one['number']}-{sent}"
    return {
        "receipt": ref,
        "state": "delivered" if delivered else "failed",
        "reason": "" if delivered else "gone",
    }


def report(client, home: Home, watch: Watch, kind: str, channel: int, one: dict, *, delivered: bool):
    body = json.dumps(told(kind, one, delivered=delivered)).encode()
    signature = webhook.signature("a secret between friends", int(watch.now.timestamp()), body)
    return say(client, door(home, channel), body, X_Station_Signature=signature)


@pytest.mark.parametrize("kind", list(THANKS))
def test_a_delivery_is_kept_once_and_shown_with_its_time(home, wang, watch, gateway, client, at_desk, kind):
    channel = open_channel(home, gateway, kind, [DUTY])
    incident = scan(home, wang)
    watch.at(0)
    first = attempts(home, staff_id=DUTY)[0]
    watch.at(5)
    for _ in range(3):
        answer = report(client, home, watch, kind, channel, first, delivered=True)
        assert (answer.status_code, answer.get_json()) == (200, THANKS[kind])
    assert home.db.rows("SELECT attempt_id, state FROM delivery_report") == [
        {"attempt_id": first["id"], "state": "delivered"}
    ]
    assert home.db.scalar("SELECT count FROM door_count WHERE what = 'delivered'") == 1
    desk = at_desk("duty")
    shown = desk.get(f"/desk/incidents/{incident}/evidence", headers=JSON).get_json()["attempts"]
    [found] = [one for one in shown if one["receipt"]]
    assert found["receipt"] == "delivered"
    # By the provider's clock (Beijing), where it gives one that can be.
    assert found["receipt_at"][:16] == "2026-11-21T19:00"
    page = desk.get(f"/desk/incidents/{incident}", headers=PAGE).text
    assert "已送达" in page
    table = desk.get(f"/desk/incidents/{incident}/evidence.csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["receipt"] for row in rows].count("delivered") == 1
    assert "已送达" in desk.get(f"/desk/incidents/{incident}/evidence", headers=PAGE).text


def test_deliveries_stand_in_the_story_once_for_each_person_and_way(
    home, wang, watch, gateway, client, at_desk
):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    open_channel(home, gateway, "webhook", [DUTY])
    with transaction(home.db):
        addresses.add(home.db, home.vault, channel_id=channel, destination=PHONE, contact_id=1)
    incident = scan(home, wang)
    for seconds in (0, 300, 420, 540):
        watch.at(seconds)
    said = [one for one in attempts(home, channel="aliyun_sms") if one["outcome"] == "ok"]
    assert len(said) > 4
    before = home.db.scalar("SELECT count(*) FROM alert")
    for one in said:
        say(client, door(home, channel), [sms(one)])
    watch.at(541)
    assert home.db.scalar("SELECT count(*) FROM alert") == before, "a receipt calls for no message"
    desk = at_desk("duty")
    page = desk.get(f"/desk/incidents/{incident}", headers=PAGE).text
    assert page.count("03:00 送达王强：短信（阿里云）") == 1
    assert "</span> 03:00 送达王强" in page, "by the provider's clock; the line says when it was told"
    assert f"03:00 送达王强：短信（阿里云）（另有 {len(said) - 2} 次）" in page
    assert page.count("03:00 送达家属联系人 1：短信（阿里云）") == 1
    assert (
        "03:00 送达王强：短信（阿里云）"
        in desk.get(f"/desk/incidents/{incident}/evidence", headers=PAGE).text
    )
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'delivered'") == 2


@pytest.mark.parametrize("kind", list(THANKS))
def test_what_never_arrived_counts_as_refused_for_good(home, wang, watch, gateway, client, at_desk, kind):
    channel = open_channel(home, gateway, kind, [DUTY])
    incident = scan(home, wang)
    watch.at(0)
    first = attempts(home, staff_id=DUTY)[0]
    for _ in range(2):
        assert report(client, home, watch, kind, channel, first, delivered=False).status_code == 200
    alert = home.db.row("SELECT * FROM alert WHERE id = ?", first["alert_id"])
    assert (alert["state"], alert["accepted_at"]) == ("failed", None)
    assert "not delivered" in alert["last_detail"]
    # The sender wakes by the event, and looks at once whether the next rung is due.
    told = home.db.rows("SELECT staff_id, detail FROM event WHERE kind = 'undelivered'")
    assert told == [{"staff_id": DUTY, "detail": kind}]
    page = at_desk("duty").get(f"/desk/incidents/{incident}", headers=PAGE).text
    assert "发给王强的消息没有送达" in page
    assert "运营商报告未送达" in page


def test_a_text_message_that_never_arrived_brings_the_call_at_once(home, wang, watch, gateway, client):
    texts = open_channel(home, gateway, "aliyun_sms", [DUTY])
    open_channel(home, gateway, "aliyun_voice", [DUTY])
    scan(home, wang)
    watch.at(0)
    assert [call["action"] for call in asked(gateway)] == ["SendSms", "SendSms"], "notice and first ring"
    ring = attempts(home, kind="ladder")[0]
    say(client, door(home, texts), [sms(ring, success=False, code="MOBILE_NOT_ON_SERVICE")])
    watch.at(2)
    assert len(asked(gateway, "IvrCall")) == 1, (
        "the call that was spared is made, long before the second rung"
    )


def test_when_nothing_else_reaches_that_person_the_next_rung_comes_at_once(
    home, wang, watch, gateway, client
):
    texts = open_channel(home, gateway, "aliyun_sms", [DUTY])
    open_channel(home, gateway, "webhook", [BACKUP])
    scan(home, wang)
    watch.at(0)
    assert attempts(home, staff_id=BACKUP) == []
    ring = attempts(home, kind="ladder")[0]
    say(client, door(home, texts), [sms(ring, success=False, code="MOBILE_NOT_ON_SERVICE")])
    watch.at(2)
    assert [one["step"] for one in attempts(home, staff_id=BACKUP, kind="ladder")] == [0], "after 2 s, not 90"


def test_when_somebody_has_acted_nothing_rings_instead(home, wang, watch, gateway, client):
    texts = open_channel(home, gateway, "aliyun_sms", [DUTY])
    open_channel(home, gateway, "aliyun_voice", [DUTY])
    incident = scan(home, wang)
    watch.at(0)
    acts.claim(home.db, incident, "both", by=BACKUP, now=watch.now)
    say(client, door(home, texts), [sms(attempts(home, kind="ladder")[0], success=False)])
    watch.at(2)
    assert asked(gateway, "IvrCall") == []


def test_a_report_is_found_by_our_own_name_of_the_attempt_too(home, wang, watch, gateway, client):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    scan(home, wang)
    watch.at(0)
    names = [call["OutId"] for call in asked(gateway)]
    assert len(set(names)) == 2
    say(client, door(home, channel), [sms({"provider_id": "x"}, out_id=name) for name in names])
    assert home.db.scalar("SELECT count(*) FROM delivery_report WHERE state = 'delivered'") == 2


def test_reports_out_of_order_end_as_in_order(home, wang, watch, gateway, client):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    scan(home, wang)
    watch.at(0)
    one, other = attempts(home)
    path = door(home, channel)
    say(client, path, [sms(one, success=False), sms(one), sms(other), sms(other, success=False)])
    assert {row["state"] for row in home.db.rows("SELECT state FROM delivery_report")} == {"delivered"}
    assert {row["state"] for row in home.db.rows("SELECT state FROM alert")} == {"accepted"}


def test_a_report_that_comes_before_the_answer_to_the_sending_holds(home, wang, watch, gateway, client):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    scan(home, wang)
    watch.sender._housekeeping(watch.now)
    watch.sender.planner.look_at_all()
    watch.sender.planner.go_on(watch.now)
    due = next(one for one in outbox.claim(home.db, watch.now, 9) if one.kind == "ladder")
    ref = f"{due.alert_id}-{due.attempt}-1"
    say(client, door(home, channel), [sms({"provider_id": ""}, out_id=ref, success=False)])
    outbox.record(home.db, [(due, Result("ok", provider_id="b^9"))], watch.now)
    assert home.db.scalar("SELECT state FROM alert WHERE id = ?", due.alert_id) == "failed"


def test_an_attempt_of_which_nobody_knew_is_not_repeated_once_it_is_said_to_have_arrived(
    home, wang, watch, gateway, client
):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    gateway.otherwise = vanish()
    scan(home, wang)
    watch.at(0)
    assert {one["outcome"] for one in attempts(home)} == {"retry"}
    say(client, door(home, channel), [sms({"provider_id": "x"}, out_id=c["OutId"]) for c in asked(gateway)])
    gateway.otherwise = yes
    before = len(gateway.requests)
    watch.at(30)
    assert len(gateway.requests) == before


def test_a_late_failure_of_an_earlier_attempt_says_nothing_of_the_message(home, wang, watch, gateway, client):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    gateway.script(vanish(), vanish())
    scan(home, wang)
    watch.at(0)
    watch.at(30)
    ring = [one for one in attempts(home, kind="ladder") if one["step"] == 0]
    assert [one["outcome"] for one in ring] == ["retry", "ok"]
    ref = f"{ring[0]['alert_id']}-1-1"
    say(client, door(home, channel), [sms({"provider_id": ""}, out_id=ref, success=False)])
    assert home.db.scalar("SELECT state FROM alert WHERE id = ?", ring[0]["alert_id"]) == "accepted"


def test_what_is_unknown_is_counted_and_no_error(home, wang, watch, gateway, client, at_desk):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    other = open_channel(home, gateway, "tencent_sms", [BACKUP])
    scan(home, wang)
    watch.at(0)
    path = door(home, channel)
    strange = [sms({"provider_id": "never"}), sms({"provider_id": ""}, out_id="999-1-1"), sms({"provider_id": ""}, out_id="²-1-1")]  # fmt: skip
    assert say(client, path, strange).get_json() == THANKS["aliyun_sms"]
    # One channel's provider cannot speak of another's messages.
    one = attempts(home)[0]
    say(client, door(home, other), told("tencent_sms", one, delivered=True))
    assert home.db.scalar("SELECT count(*) FROM delivery_report") == 0
    page = at_desk("operator").get("/channels").text
    assert "有 3 条这里不认识" in page
    assert "有 1 条这里不认识" in page


def test_counts_fall_away_after_a_month(home, watch, gateway, client, now):
    path = door(home, open_channel(home, gateway, "aliyun_sms", []))
    for day in range(0, 80, 2):
        watch.now = now + timedelta(days=day)
        say(client, path, [sms({"provider_id": "never"})])
    assert home.db.scalar("SELECT count(*) FROM door_count") <= 16


def test_the_operator_finds_the_address_on_the_page_of_channels(home, watch, gateway, client, at_desk):
    channel = open_channel(home, gateway, "aliyun_sms", [])
    open_channel(home, gateway, "webhook", [])
    found = re.findall(r'value="https://zj\.example\.cn(/receipts/[0-9a-f]{32})"', at_desk("operator").get("/channels").text)  # fmt: skip
    assert len(set(found)) == 2
    assert found[0] == door(home, channel)
    assert say(client, found[0], []).status_code == 200


def test_a_leaked_address_is_renewed_by_one_press(home, wang, watch, gateway, client, at_desk):
    channel = open_channel(home, gateway, "aliyun_sms", [DUTY])
    other = open_channel(home, gateway, "tencent_sms", [BACKUP])
    before, untouched = door(home, channel), door(home, other)
    operator = at_desk("operator")
    pressed = operator.post(f"/channels/{channel}/door")
    assert pressed.status_code == 303
    page = operator.get(pressed.headers["Location"]).text
    operator.get(pressed.headers["Location"])
    [after] = set(re.findall(r"/receipts/[0-9a-f]{32}", page)) - {untouched}
    assert after == door(home, channel) != before
    assert "旧地址已经失效" in page
    scan(home, wang)
    watch.at(0)
    one = attempts(home, staff_id=DUTY)[0]
    assert say(client, before, [sms(one)]).status_code == 404
    assert home.db.scalar("SELECT count(*) FROM delivery_report") == 0
    assert say(client, after, [sms(one)]).status_code == 200
    assert say(client, untouched, []).status_code == 200
    assert home.db.scalar("SELECT state FROM delivery_report") == "delivered"
    assert home.db.scalar("SELECT count(*) FROM audit WHERE action = 'channel.door'") == 1


def test_a_channel_whose_provider_reports_nothing_has_no_address_to_renew(home, gateway, at_desk):
    channel = open_channel(home, gateway, "webhook", [])
    with transaction(home.db):
        home.db.write("UPDATE channel SET kind = 'bark' WHERE id = ?", channel)
    assert at_desk("operator").post(f"/channels/{channel}/door").status_code == 404
    assert home.db.scalar("SELECT door_epoch FROM channel") == 0


@pytest.mark.parametrize("way", ["switched off", "never there"])
def test_a_door_that_is_not_there_says_so_and_guessing_is_slowed_down(home, watch, gateway, client, way):
    channel = open_channel(home, gateway, "aliyun_sms", [])
    path = door(home, channel) if way == "switched off" else f"/receipts/{'0' * 32}"
    with transaction(home.db):
        home.db.write("UPDATE channel SET active = 0")
    answers = [say(client, path, [sms({"provider_id": "x"})]).status_code for _ in range(25)]
    assert answers[:20] == [404] * 20
    assert answers[-1] == 429
    assert client.get(path, base_url=BASE).status_code in (404, 429)
    assert home.db.scalar("SELECT count(*) FROM door_count") == 0


def test_senseless_reports_are_refused_and_keep_nothing(home, watch, gateway, client):
    path = door(home, open_channel(home, gateway, "aliyun_sms", []))
    bodies = [
        b"",
        b"null",
        b"{}",
        b"[1]",
        b"[" * 60_000,
        b'{"code": 1}',
        b"\xff\xfe",
        json.dumps([{}] * 501).encode(),
    ]  # noqa: E501
    for n, body in enumerate(bodies, 1):
        assert say(client, path, body).status_code == 400
        assert home.db.rows("SELECT what, count FROM door_count") == [{"what": "refused", "count": n}]
    assert say(client, path, b"x" * 65_537).status_code == 413


def test_odd_values_do_no_harm(home, wang, watch, gateway, client):
    path = door(home, open_channel(home, gateway, "aliyun_sms", [DUTY]))
    scan(home, wang)
    watch.at(0)
    one = attempts(home)[0]
    odd = [{"biz_id": one["provider_id"], "success": value, "err_code": 5, "report_time": when}
           for value, when in ((None, 1), ({}, []), ("yes", "2026-13-45 99:00:00"), (True, "1999-01-01 00:00:00"))]  # fmt: skip
    assert say(client, path, odd).status_code == 200
    kept = home.db.row("SELECT state, told_at, word FROM delivery_report")
    assert kept == {"state": "delivered", "told_at": None, "word": "5"}


def test_no_phone_number_is_kept_or_logged(home, wang, watch, gateway, client, caplog):
    caplog.set_level("DEBUG")
    path = door(home, open_channel(home, gateway, "aliyun_sms", [DUTY]))
    scan(home, wang)
    watch.at(0)
    one = attempts(home)[0]
    say(client, path, [sms(one, success=False, code=PHONE), sms({"provider_id": PHONE})])
    say(client, path, PHONE.encode())
    kept = [home.db.rows(f"SELECT * FROM {table}") for table in ("delivery_report", "door_count", "event", "alert")]  # noqa: S608 # fmt: skip
    assert PHONE not in caplog.text
    assert path not in caplog.text
    assert PHONE not in str(kept)


def test_a_receipt_of_a_webhook_must_be_signed(home, wang, watch, gateway, client):
    channel = open_channel(home, gateway, "webhook", [DUTY])
    scan(home, wang)
    watch.at(0)
    sent = json.loads(gateway.requests[0].body)["receipt"]
    body = json.dumps({"receipt": sent, "state": "delivered"}).encode()
    path, moment, secret = door(home, channel), int(watch.now.timestamp()), "a secret between friends"
    for wrong in (
        "",
        webhook.signature("another", moment, body),
        webhook.signature(secret, moment - 301, body),
        webhook.signature(secret, moment, b"{}"),
    ):
        assert say(client, path, body, X_Station_Signature=wrong).status_code == 401
        assert home.db.scalar("SELECT count(*) FROM delivery_report") == 0
    good = webhook.signature(secret, moment, body)
    assert say(client, path, body, X_Station_Signature=good).status_code == 200
    assert home.db.scalar("SELECT count(*) FROM delivery_report") == 1
