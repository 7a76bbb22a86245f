"""Rehearsal at hand-over: the family gets a drill on their own phones and says so; without that a badge is amber."""

import uuid
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from conftest import NOW, Desk, Home, Wearer
from entering import id_of
from provider import Provider, respond
from walking import contents

from station.db import transaction
from station.issuing import board, life, rehearsals

DUTY = 2


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


def start(home: Home, wang: Wearer) -> None:
    rehearsals.start(home.db, home.vault, wang.badge_id, by=1, now=NOW)


def links(gateway: Provider) -> dict[str, str]:
    """Whose phone got which link."""
    return {request.path: urlsplit(request.json()["url"]).path for request in gateway.requests}


def test_each_contact_and_those_on_duty_get_one_message_marked_as_a_drill(home, wang, watch, gateway):
    start(home, wang)
    messages = watch.at(0) + watch.at(5)
    assert {request.path for request in gateway.requests} == {"/contact/1", "/contact/2", f"/staff/{DUTY}"}
    assert len(messages) == 3
    for message in messages:
        assert (message["kind"], message["incident"], message["location"]) == ("drill", "", None)
        assert message["text"].startswith("【演练】")
        assert message["badge_number"] == wang.number
        assert wang.form.name not in message["text"]
    assert len(set(links(gateway).values())) == 3, "each contact has a link of their own"


def test_a_contact_confirms_on_their_own_phone(home, wang, watch, gateway, client, worker):
    start(home, wang)
    watch.at(0)
    link = links(gateway)["/contact/1"]
    assert [badge.id for badge in board.unconfirmed(home.db, 1)] == [wang.badge_id]
    before = contents(home)
    page = client.get(link).text
    assert contents(home) == before, "chat programs fetch links"
    assert "我收到了" in page
    assert wang.form.name not in page
    for _ in range(2):
        assert client.post(link).status_code == 303
    assert "我收到了" not in client.get(link).text
    answers = rehearsals.answers(home.db, life.records.get(home.db, wang.badge_id))
    assert [(one.confirmed_by, one.reached_at is not None) for one in answers.values()] == [
        ("link", True), ("", True),
    ]  # fmt: skip
    assert board.unconfirmed(home.db, 1) == []
    record = worker.get(f"/elders/{wang.id}").text
    assert "已确认" in record
    assert "未演练" not in record


def test_a_worn_badge_without_a_confirmed_contact_is_amber(worker, wang):
    assert "未演练" in worker.get(f"/elders/{wang.id}").text
    assert "没有联系人确认：1" in worker.get("/badges").text
    id_of(worker.post(f"/badges/{wang.badge_id}/reached/1"))
    assert "未演练" not in worker.get(f"/elders/{wang.id}").text
    assert "没有联系人确认" not in worker.get("/badges").text


def test_scans_of_a_rehearsed_badge_alarm_nobody(home, wang, watch, gateway, client, worker):
    id_of(worker.post(f"/badges/{wang.badge_id}/rehearse"))
    sent = {"act": "with_elder", "request_id": uuid.uuid4().hex}
    assert client.post(f"{wang.path}/scans", json=sent).get_json()["incident"] is None
    assert "已扫到这枚胸牌" in worker.get(f"/elders/{wang.id}").text


def test_a_rehearsal_on_the_spot_hands_the_badge_over(home, wang, client, worker):
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'printed', activated_at = NULL")
    id_of(worker.post(f"/badges/{wang.badge_id}/rehearse"))
    client.post(f"{wang.path}/scans", json={"act": "opened", "request_id": uuid.uuid4().hex})
    assert worker.get(f"/badges/{wang.badge_id}/state").get_json()["state"] == "worn"


def test_a_drill_that_comes_late_is_not_sent_at_all(home, wang, watch, gateway):
    start(home, wang)
    assert watch.at(601) == []


def test_a_drill_is_tried_again_while_the_family_stands_at_the_desk_and_no_longer(home, wang, watch, gateway):
    gateway.otherwise = respond(503)
    start(home, wang)
    watch.at(0)
    watch.at(30)
    tried = len(gateway.requests)
    assert tried > 3
    watch.at(700)
    assert len(gateway.requests) == tried


def test_a_sender_that_dies_sends_no_drill_twice(home, wang, watch, gateway):
    start(home, wang)
    watch.at(0)
    watch.restart()
    assert watch.at(3) == []


def test_contacts_who_may_not_learn_of_scans_get_no_drill(home, wang, watch, gateway, worker):
    with transaction(home.db):
        home.db.write("UPDATE consent SET given = 0 WHERE item = 'family_place'")
    start(home, wang)
    assert watch.at(0) == []


def test_a_call_that_was_written_down_sends_nothing(wang, watch, gateway, worker):
    id_of(worker.post(f"/badges/{wang.badge_id}/reached/2"))
    assert watch.at(0) == watch.at(3700) == []


def test_only_the_elder_s_own_contacts_can_be_written_down(home, wang, worker):
    assert worker.post(f"/badges/{wang.badge_id}/reached/99").status_code == 404
    assert home.db.scalar("SELECT count(*) FROM rehearsal") == 0


def test_an_invented_link_and_one_of_an_old_badge_confirm_nothing(home, wang, watch, gateway, client):
    start(home, wang)
    watch.at(0)
    for path, status in (("/drill/" + "0" * 32, 404), (links(gateway)["/contact/1"], 410)):
        with transaction(home.db):
            home.db.write("UPDATE badge SET state = 'lost'")
        assert client.get(path).status_code == client.post(path).status_code == status
    assert board.pace(home.db, 1, NOW + timedelta(days=1)).handed_over == 1
    assert home.db.scalar("SELECT count(*) FROM rehearsal_contact WHERE confirmed_at IS NOT NULL") == 0


def test_the_card_that_goes_home_names_the_hotline_and_nobody(worker, wang):
    page = worker.get(f"/badges/{wang.badge_id}/card").text
    assert "0432-62012345" in page.replace(" ", "")
    assert wang.number in page
    assert wang.form.name not in page
    assert page.count("<li>") == 4
