"""Records that stay true: the half-yearly check, moving to another station, a farewell with dignity, erasure."""

import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import NOW, PASSWORD, WANG, Desk, enrol
from provider import Provider
from watch import Watch, connect

from station import accounts, clock, communities, elders
from station.care import endings, halfyear
from station.db import transaction
from station.issuing import life, records

JSON = {"Accept": "application/json"}


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def old(home, wang):
    """Granny Wang, whose record nobody has looked at for seven months."""
    _age(home, wang.id)
    return wang


@pytest.fixture
def north(home, app) -> Desk:
    """A worker of a second station."""
    with transaction(home.db):
        first = communities.station(home.db, 1)
        communities.add_station(home.db, replace(first, number=2, name="北山驿站", hotline="+8643262019999"))
        communities.add_community(home.db, station=2, name="北山社区", lat=43.86, lon=126.53, radius_m=900)
    for name, role in (("north", "worker"), ("north-duty", "duty"), ("north-secretary", "secretary")):
        new = accounts.NewStaff(name, PASSWORD, role, 2, f"北{role}", "+8619900000009", 3)
        accounts.add(home.db, home.vault, new, NOW)
    return Desk(app, "north")


def _age(home, elder_id: int) -> None:
    with transaction(home.db):
        long_ago = clock.text(clock.utcnow() - timedelta(days=215))
        home.db.write("UPDATE elder SET created_at = ? WHERE id = ?", long_ago, elder_id)


def actions(home) -> list[str]:
    return [row["action"] for row in home.db.rows("SELECT action FROM audit ORDER BY seq")]


def asked_now(page: str) -> dict[str, str]:
    """The question that a page asks, as its form would be sent."""
    names = ("question", "contact_id")
    found = {name: re.search(rf'name="{name}" value="(\w+)"', page) for name in names}
    return {name: match[1] for name, match in found.items() if match}


# Half a year


def test_a_record_is_due_after_half_a_year_and_confirmed_by_one_press_a_question(home, worker, old):
    assert "半年核对：1" in worker.get("/elders").text
    path = f"/elders/{old.id}/check"
    for question in ("phone", "phone", "home", "photo", "health"):
        form = asked_now(worker.get(path).text)
        assert form["question"] == question
        answer = worker.post(path, data=form | {"answer": "yes"})
        assert answer.status_code == 303
    assert "都核对过了" in worker.get(answer.headers["Location"]).text
    assert actions(home).count("elder.confirmed") == 1
    assert "半年核对：0" in worker.get("/elders").text
    with transaction(home.db):
        home.db.write("UPDATE record_confirmed SET at = ?", clock.text(clock.utcnow() - timedelta(days=183)))
    assert "半年核对：1" in worker.get("/elders").text


def test_nobody_is_asked_about_before_half_a_year_is_over(worker, wang):
    assert "王秀兰" not in worker.get("/elders/checks").text


def test_a_wrong_phone_leads_straight_to_the_field_where_it_is_mended(home, worker, old):
    second = elders.contacts(home.db, home.vault, old.id)[1].id
    path = f"/elders/{old.id}/check"
    answer = worker.post(path, data={"question": "phone", "contact_id": second, "answer": "no"})
    assert answer.headers["Location"] == f"/elders/{old.id}/edit#contact2_phone"
    assert 'id="contact2_phone"' in worker.get(f"/elders/{old.id}/edit").text
    listed = worker.get("/elders/checks").text
    assert "需要改正 (1)" in listed
    answer = worker.post(path, data={"question": "home", "answer": "no"})
    assert answer.headers["Location"].endswith("/edit#address")


def test_who_was_not_reached_is_tried_again_after_two_days(home, worker, old):
    phone = elders.contacts(home.db, home.vault, old.id)[0].id
    form = {"question": "phone", "contact_id": phone, "answer": "unreached"}
    worker.post(f"/elders/{old.id}/check", data=form)
    listed = worker.get("/elders/checks").text
    assert "没联系上，改天再试 (1)" in listed
    [work] = halfyear.due(home.db, 1, clock.utcnow() + timedelta(days=2, minutes=1))
    assert work.state == "due"


def test_an_answer_to_a_question_that_is_gone_is_refused(home, worker, old):
    form = {"question": "phone", "contact_id": 999, "answer": "yes"}
    assert worker.post(f"/elders/{old.id}/check", data=form).status_code == 409
    form = {"question": "home", "answer": "perhaps"}
    assert worker.post(f"/elders/{old.id}/check", data=form).status_code == 422
    assert home.db.scalar("SELECT count(*) FROM record_answer") == 0


def test_the_printed_list_has_no_more_than_a_walk_needs(home, worker, old):
    page = worker.get("/elders/checks/print").text
    assert "王秀兰" in page
    assert "105号楼" in page
    assert "…0002" in page
    for hidden in ("19900000002", "199 0000 0002", "糖尿病", "走失过两次", "张伟", "1946"):
        assert hidden not in page, hidden
    assert actions(home).count("elder.checklist") == 1


def test_the_board_reminds_once_a_week_and_can_be_put_away(home, worker, old):
    now = clock.utcnow()
    week = halfyear.week_of(now.astimezone(ZoneInfo("Asia/Shanghai")))
    for _ in range(2):
        halfyear.post_week(home.db, [1], week, now)
    assert "本周" in worker.get("/elders").text
    assert home.db.scalar("SELECT count(*) FROM record_week") == 1
    assert home.db.scalar("SELECT count(*) FROM alert") == 0
    worker.post("/elders/checks/seen")
    assert "本周" not in worker.get("/elders").text
    halfyear.post_week(home.db, [1], week, now)
    assert "本周" not in worker.get("/elders").text


# A farewell


def test_a_farewell_silences_everything_and_the_badge_still_calls_the_staff_alone(home, worker, wang, client):
    before = client.get(wang.path).data
    told = worker.post(f"/elders/{wang.id}/farewell", data={"day": "2026-11-20"})
    assert told.status_code == 303
    page = worker.get(f"/elders/{wang.id}/farewell").text
    assert "2026-11-20" in page
    assert "删除日期" in page
    assert records.get(home.db, wang.badge_id).state == "revoked"
    record = worker.get(f"/elders/{wang.id}").text
    for button in ("再做一枚胸牌", "换一枚新的", "临时卡", "先试戴", "不愿佩戴"):
        assert button not in record, button
    for path in (f"/elders/{wang.id}/badges", f"/badges/{wang.badge_id}/reissue"):
        assert worker.post(path).status_code == 409
    with Provider() as provider:
        connect(home, provider, NOW)
        assert client.get(wang.path).data.count(b"62012345") == before.count(b"62012345") > 0
        answer = client.post(f"{wang.path}/scans", json={"act": "with_elder"})
        assert answer.status_code == 201
        watch = Watch(home, provider, clock.utcnow())
        watch.at(5)
        told_to = home.db.rows("SELECT DISTINCT staff_id, contact_id FROM alert")
    assert any(row["staff_id"] for row in told_to)
    assert not any(row["contact_id"] for row in told_to)


def test_nothing_is_asked_or_planned_about_the_dead(home, worker, old):
    worker.post(f"/elders/{old.id}/farewell", data={})
    assert halfyear.due(home.db, 1, clock.utcnow()) == []


def test_what_was_on_its_way_to_the_family_is_called_off(home, worker, wang):
    contact = elders.contacts(home.db, home.vault, wang.id)[0].id
    with Provider() as provider:
        connect(home, provider, NOW)
    address = home.db.scalar("SELECT id FROM address WHERE contact_id = ?", contact)
    row = {"uid": "u", "dedup": "d", "kind": "drill", "address_id": address, "contact_id": contact}
    with transaction(home.db):
        home.db.insert("alert", **row, due_at=clock.text(NOW), created_at=clock.text(NOW))
    worker.post(f"/elders/{wang.id}/farewell", data={})
    assert home.db.scalar("SELECT state FROM alert") == "cancelled"


def test_a_mistake_is_taken_back_and_the_badge_is_worn_again(home, worker, wang):
    worker.post(f"/elders/{wang.id}/farewell", data={"returned": "yes"})
    assert records.get(home.db, wang.badge_id).state == "returned"
    assert worker.post(f"/elders/{wang.id}/farewell", data={}).status_code == 409
    assert worker.post(f"/elders/{wang.id}/ending/undo").status_code == 303
    assert records.get(home.db, wang.badge_id).state == "worn"
    assert elders.get(home.db, home.vault, wang.id).status == "living"
    assert worker.post(f"/elders/{wang.id}/ending/undo").status_code == 409


def test_a_badge_may_come_back_later(home, worker, wang):
    worker.post(f"/elders/{wang.id}/farewell", data={})
    assert worker.post(f"/badges/{wang.badge_id}/back").status_code == 303
    assert records.get(home.db, wang.badge_id).state == "returned"


@pytest.mark.parametrize("day", ["yesterday", "2999-01-01", "1899-01-01"])
def test_a_day_that_cannot_be_is_asked_again(home, worker, wang, day):
    assert worker.post(f"/elders/{wang.id}/farewell", data={"day": day}).status_code == 422
    assert elders.get(home.db, home.vault, wang.id).status == "living"


def test_when_the_clock_has_run_out_nothing_of_the_person_can_be_read(home, worker, wang):
    worker.post(f"/elders/{wang.id}/farewell", data={})
    now = clock.utcnow()
    assert endings.erase_due(home.db, home.vault, now + endings.KEPT - timedelta(hours=1)) == 0
    uid = elders.uid_of(home.db, wang.id)
    assert home.vault.has(f"elder/{uid}")
    assert endings.erase_due(home.db, home.vault, now + endings.KEPT + timedelta(hours=1)) == 1
    assert not home.vault.has(f"elder/{uid}")
    assert endings.erase_due(home.db, home.vault, now + endings.KEPT + timedelta(hours=2)) == 0
    for table in ("contact", "elder_photo", "voice_clip", "family_proposal"):
        assert home.db.scalar(f"SELECT count(*) FROM {table}") == 0, table
    assert worker.get(f"/elders/{wang.id}").status_code == 410
    assert "王秀兰" not in worker.get("/elders").text
    assert worker.post(f"/elders/{wang.id}/ending/undo").status_code == 410
    assert actions(home).count("elder.erased") == 1


def test_an_open_incident_keeps_the_record_until_it_closes(home, worker, wang, client):
    client.post(f"{wang.path}/scans", json={"act": "with_elder"})
    worker.post(f"/elders/{wang.id}/farewell", data={})
    assert endings.erase_due(home.db, home.vault, clock.utcnow() + endings.KEPT * 2) == 0


# To another station


def _offer(worker: Desk, elder_id: int, **more: str):
    form = {"to_station": "2", "given_by": "elder", "means": "paper", "do": "offer"} | more
    return worker.post(f"/elders/{elder_id}/moving", data=form)


def test_a_record_goes_over_with_consent_and_the_old_station_can_no_longer_open_it(home, worker, north, wang):
    assert "王秀兰" not in north.get("/moves").text
    asked = _offer(worker, wang.id, given_by="")
    assert asked.status_code == 422
    assert 'value="paper" checked' in asked.text
    assert _offer(worker, wang.id).status_code == 303
    assert worker.get(f"/elders/{wang.id}").status_code == 200
    assert north.get(f"/elders/{wang.id}").status_code == 404
    offered = north.get("/moves").text
    assert "王秀兰" in offered
    for hidden in ("帝景小区", "199 0000 0002", "糖尿病"):
        assert hidden not in offered
    assert north.post("/moves/1/accept", data={"community_id": "1"}).status_code == 422
    accepted = north.post("/moves/1/accept", data={"community_id": "3"})
    assert accepted.status_code == 303
    assert "住址还是原来的" in north.get(accepted.headers["Location"]).text
    assert worker.get(f"/elders/{wang.id}").status_code == 404
    page = north.get(f"/elders/{wang.id}").text
    assert "帝景小区105号楼" in page
    assert "<td>–</td>" not in page  # whoever entered the consents is named here too
    assert north.post("/moves/1/accept", data={"community_id": "3"}).status_code == 409
    kept = home.db.rows("SELECT detail FROM audit WHERE action = 'elder.move.accepted'")
    assert [row["detail"] for row in kept] == ["move/1"]


def test_the_worn_badge_works_until_the_new_one_is_handed_over(home, worker, north, wang, client):
    _offer(worker, wang.id)
    north.post("/moves/1/accept", data={"community_id": "3"})
    new = records.of_elder(home.db, wang.id)[0]
    assert (new.station, new.state, new.replaces) == (2, "ordered", wang.badge_id)
    assert records.get(home.db, wang.badge_id).state == "worn"
    number, hotline = records.shown_number(wang.digits), "原来驿站的热线"
    assert hotline in north.get(f"/elders/{wang.id}").text
    assert number not in worker.get("/badges").text
    with Provider() as provider:
        connect(home, provider, NOW)
        opened = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()["incident"]
        Watch(home, provider, clock.utcnow()).at(5)
    told = {row["staff_id"] for row in home.db.rows("SELECT staff_id FROM alert WHERE kind = 'notice'")}
    names = {row["username"] for row in home.db.rows("SELECT id, username FROM staff") if row["id"] in told}
    assert {"duty", "north-secretary"} <= names
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'made' WHERE id = ?", new.id)
    life.activate(home.db, home.vault, new.id, by=1, now=NOW)
    assert records.get(home.db, wang.badge_id).state == "replaced"
    assert hotline not in north.get(f"/elders/{wang.id}").text
    # Both badges on one person: the incident that is open gets the sighting, wherever it is led.
    token = f"/{records.url(home.ring, new, '').strip('/')}"
    again = client.post(f"{token}/scans", json={"act": "with_elder"})
    assert (again.status_code, again.get_json()["incident"]) == (201, opened)


def test_an_open_incident_stays_with_its_desk(home, worker, north, wang, client, at_desk):
    opened = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()["incident"]
    before = home.db.row("SELECT * FROM incident WHERE id = ?", opened)
    _offer(worker, wang.id)
    north.post("/moves/1/accept", data={"community_id": "3"})
    assert home.db.row("SELECT * FROM incident WHERE id = ?", opened) == before
    seen = at_desk("duty").get(f"/desk/incidents/{opened}", headers=JSON)
    assert seen.get_json()["elder"]["name"] == "王秀兰"


def test_a_badge_not_yet_worn_is_not_made_with_the_wrong_hotline(home, worker, north):
    other = enrol(home, replace(WANG, name="孙桂花"), "form-sun")
    _offer(worker, other.id)
    north.post("/moves/1/accept", data={"community_id": "3"})
    new, before = records.of_elder(home.db, other.id)
    assert (before.state, new.station, new.state) == ("replaced", 2, "ordered")
    assert north.post(f"/badges/{new.id}/reissue").status_code == 303


def test_an_offer_can_be_refused_or_taken_back(home, worker, north, wang):
    _offer(worker, wang.id)
    assert _offer(worker, wang.id).status_code == 409
    assert north.post("/moves/1/refuse").status_code == 303
    _offer(worker, wang.id)
    assert worker.post(f"/elders/{wang.id}/moving", data={"do": "withdraw"}).status_code == 303
    assert north.post("/moves/2/accept", data={"community_id": "3"}).status_code == 409
    assert worker.get(f"/elders/{wang.id}").status_code == 200


def test_who_moves_out_of_reach_starts_the_clock(home, worker, wang):
    assert worker.post(f"/elders/{wang.id}/moving", data={"do": "away"}).status_code == 303
    ending = endings.of_elder(home.db, wang.id)
    assert (ending.why, ending.erase_at - ending.at) == ("moved", endings.KEPT)
