"""What is set up wrongly or goes wrong outside is said to who can mend it, and the alert goes out by another way."""

import pytest
from conftest import NOW, Home
from provider import Provider, code
from test_alerting import scan
from watch import by_kind

from station import addresses, duty
from station.db import transaction

DUTY, BACKUP, SECRETARY, OPERATOR = 2, 3, 4, 6


def second_way(
    home: Home, staff_id: int, kind: str, to: str, *, private: bool = True, **settings: str
) -> int:
    made = addresses.add_channel(
        home.db, home.vault, station=1, kind=kind, label="机器人", settings=settings, allow_private=private, now=NOW
    )  # fmt: skip
    with transaction(home.db):
        return addresses.add(home.db, home.vault, channel_id=made, destination=to, staff_id=staff_id)


@pytest.mark.parametrize("answer", [93000, 40001, 60020], ids=["revoked", "wrong", "not allowed here"])
def test_a_secret_that_does_not_hold_is_told_to_the_operator_once_a_day(home, wang, watch, gateway, answer):
    with Provider() as robots:
        robots.otherwise = code(answer)
        second_way(home, DUTY, "wecom_robot", "robot-1", base_url=robots.url)
        scan(home, wang)
        messages = watch.at(0)
        watch.at(400)
        assert robots.requests, "it was tried"
    assert by_kind(messages)["notice"] == 4, "the other channel carried it"
    assert any(request.path == f"/staff/{DUTY}" for request in gateway.requests)
    told = [r for r in gateway.requests if r.json()["kind"] == "roster"]
    assert [request.path for request in told] == [f"/staff/{OPERATOR}"]
    assert "机器人" in told[0].json()["text"]
    assert told[0].json()["url"].endswith("/channels")
    assert "robot-1" not in told[0].body.decode()


def test_a_webhook_whose_host_leads_inside_reaches_nobody_and_is_told(home, wang, watch, gateway):
    with Provider() as inside:
        second_way(home, DUTY, "webhook", inside.url, private=False, secret="s")
        scan(home, wang)
        watch.at(0)
        assert inside.connections == 0
    assert any(request.path == f"/staff/{DUTY}" for request in gateway.requests)
    detail = home.db.scalar("SELECT last_detail FROM alert WHERE state = 'failed'")
    assert detail
    told = [r.path for r in gateway.requests if r.json()["kind"] == "roster"]
    assert told == [f"/staff/{OPERATOR}"]


def test_a_stored_number_that_is_none_fails_for_good_and_the_next_way_rings(home, wang, watch, gateway):
    keys = {"access_key_id": "id", "access_key_secret": "s", "template": "SMS_1", "sign_name": "驿站"}
    second_way(home, DUTY, "aliyun_sms", "小王", base_url=gateway.url, **keys)
    scan(home, wang)
    watch.now = watch.start
    watch.settle()
    states = home.db.rows(
        "SELECT DISTINCT alert.state FROM alert JOIN address ON address.id = address_id "
        "JOIN channel ON channel.id = channel_id WHERE channel.kind = 'aliyun_sms' AND alert.kind = 'ladder'"
    )
    assert [row["state"] for row in states] == ["failed"]
    assert any(r.path == f"/staff/{DUTY}" for r in gateway.requests)


def test_two_officers_for_one_slot_are_both_rung(home, wang, watch, gateway):
    shifts = duty.around_the_clock([DUTY]) + duty.around_the_clock([BACKUP])
    duty.replace_roster(home.db, 1, shifts)
    scan(home, wang)
    watch.at(0)
    rung = {r.path for r in gateway.requests if r.json()["kind"] == "ladder"}
    assert rung == {f"/staff/{DUTY}", f"/staff/{BACKUP}"}


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_steps_by_an_hour_costs_no_notice_and_no_second_one(home, wang, watch, gateway, hours):
    scan(home, wang)
    first = by_kind(watch.at(0))["notice"]
    watch.at(hours * 3600)
    watch.restart()
    again = watch.at(hours * 3600 + 2)
    assert first == 4
    assert by_kind(again)["notice"] == 0
    later = scan(home, wang, seconds=hours * 3600 + 3)
    assert later.incident_id
