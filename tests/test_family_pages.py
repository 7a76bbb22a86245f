"""The family's own pages: who enters and how, what is seen, corrected, taken back and copied, and who looked."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import NOW, WANG, Desk, enrol
from provider import Provider
from watch import Watch, connect

from station import clock, consents, elders, portraits
from station.care import visits
from station.db import transaction
from station.web import mine

BASE = "https://zj.example.cn"
SON = "199 0000 0002"


class Relative:
    """A contact with a phone of their own."""

    def __init__(self, app) -> None:
        self.client = app.test_client()

    def get(self, path: str):
        return self.client.get(path, base_url=BASE, headers={"Accept-Language": "zh"})

    def post(self, path: str, **form: object):
        page = self.get("/mine").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        return self.client.post(
            path,
            data=form | {"csrf_token": token},
            base_url=BASE,
            headers={"Referer": BASE, "Accept-Language": "zh"},
        )

    def enter(self, code: str, phone: str = SON):
        return self.post("/mine", phone=phone, code=code, do="enter")


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def son(app) -> Relative:
    return Relative(app)


def contact(home, elder_id: int, position: int = 1) -> elders.Contact:
    return elders.contacts(home.db, home.vault, elder_id)[position - 1]


def slip(home, worker: Desk, elder_id: int, position: int = 1) -> tuple[str, str]:
    """(link, code) as the worker's slip has them."""
    one = contact(home, elder_id, position)
    page = worker.post(f"/elders/{elder_id}/contacts/{one.id}/entry").text
    return f"/family/{visits.link(home.ring, one.id, _turn(home, one.id))}", re.search(
        r"(\d{4} \d{4})", page
    )[1]


def _turn(home, contact_id: int) -> int:
    return home.db.scalar("SELECT turn FROM family_entry WHERE contact_id = ?", contact_id)


@pytest.fixture
def inside(home, worker, wang, son) -> Relative:
    """The son, who has entered."""
    _, code = slip(home, worker, wang.id)
    assert son.enter(code).status_code == 303
    return son


def actions(home) -> list[str]:
    return [row["action"] for row in home.db.rows("SELECT action FROM audit ORDER BY seq")]


# The door


def test_a_contact_enters_with_the_slip_s_code_and_sees_the_record(home, worker, wang, son):
    link, code = slip(home, worker, wang.id)
    door = son.get(link).text
    assert "王秀兰" not in door
    assert "张伟" not in door
    assert son.post(link, code=code, do="enter").status_code == 303
    page = son.get("/mine").text
    for word in ("王秀兰", "105号楼2单元301", "糖尿病", "走失过两次", "张伟", SON):
        assert word in page, word
    assert "family.enter" in actions(home)


def test_neither_code_nor_link_nor_session_is_in_the_database(home, worker, wang, son):
    link, code = slip(home, worker, wang.id)
    son.enter(code)
    session = son.client.get_cookie("station-family", domain="zj.example.cn", path="/mine").value
    kept = "".join(str(row) for table in ("family_code", "family_entry", "family_session", "audit") for row in home.db.rows(f"SELECT * FROM {table}"))  # fmt: skip
    for secret in (code.replace(" ", ""), link.rsplit("/", 1)[1], session):
        assert secret not in kept


def test_a_code_is_used_up_by_entering(home, worker, wang, son, app):
    _, code = slip(home, worker, wang.id)
    assert son.enter(code).status_code == 303
    assert Relative(app).enter(code).status_code == 422


def test_five_wrong_tries_end_the_code(home, worker, wang, son):
    _, code = slip(home, worker, wang.id)
    wrong = "0" * 8 if code != "0000 0000" else "1" * 8
    for _ in range(visits.MOST_TRIES):
        assert son.enter(wrong).status_code == 422
    mine._tries.forget()
    assert son.enter(code).status_code == 422


def test_a_code_dies_after_its_time(home, worker, wang, son):
    _, code = slip(home, worker, wang.id)
    with transaction(home.db):
        home.db.write("UPDATE family_code SET until = ?", clock.text(clock.utcnow() - timedelta(seconds=1)))
    assert son.enter(code).status_code == 422


def test_another_contact_s_code_opens_nothing_under_my_number(home, worker, wang, son):
    _, code = slip(home, worker, wang.id, 2)
    assert son.enter(code).status_code == 422


def test_guessing_is_slowed_down(home, worker, wang, son):
    answers = [son.enter("12345678").status_code for _ in range(12)]
    assert answers[-1] == 429


def test_the_door_says_the_same_to_everybody(home, worker, wang, son):
    """Whether a number is registered cannot be learnt from the door."""
    slip(home, worker, wang.id)
    texts = set()
    for phone in (SON, "199 0000 7777"):
        page = son.post("/mine", phone=phone, do="send").text
        texts.add(re.sub(r'value="[^"]*"', "", page))
    assert len(texts) == 1


def test_a_session_ends_after_twenty_minutes_and_when_it_is_closed(home, inside):
    with transaction(home.db):
        home.db.write("UPDATE family_session SET until = ?", clock.text(clock.utcnow()))
    assert "王秀兰" not in inside.get("/mine").text
    assert inside.get("/mine/photo.jpg").mimetype == "text/html"
    with transaction(home.db):
        home.db.write(
            "UPDATE family_session SET until = ?", clock.text(clock.utcnow() + timedelta(minutes=5))
        )
    assert "王秀兰" in inside.get("/mine").text
    inside.post("/mine/leave")
    assert home.db.scalar("SELECT count(*) FROM family_session") == 0


def test_the_station_ends_an_entry_at_once(home, worker, wang, inside):
    one = contact(home, wang.id)
    old = _turn(home, one.id)
    assert worker.post(f"/elders/{wang.id}/contacts/{one.id}/entry/off").status_code == 303
    assert "王秀兰" not in inside.get("/mine").text
    _, code = slip(home, worker, wang.id)
    dead = visits.link(home.ring, one.id, old)
    assert inside.post(f"/family/{dead}", code=code, do="enter").status_code == 422
    assert inside.enter(code).status_code == 303


def test_a_code_is_sent_to_a_contact_s_own_way_and_to_nobody_else(home, worker, wang, son):
    with Provider() as provider:
        connect(home, provider, NOW)
        watch = Watch(home, provider, clock.utcnow())

        def entries(second: int) -> list[dict]:
            """In the evening the station tells the staff of the night as well."""
            return [message for message in watch.at(second) if message["kind"] == "entry"]

        son.post("/mine", phone=SON, do="send")
        assert entries(1) == [], "nobody has given an entry yet"
        slip(home, worker, wang.id)
        son.post("/mine", phone=SON, do="send")
        [message] = entries(2)
        son.post("/mine", phone=SON, do="send")
        assert entries(3) == [], "one a minute"
    code = re.search(r"\d{8}", message["text"])[0]
    assert "王秀兰" not in message["text"]
    assert son.enter(code).status_code == 303


# What is seen


def test_other_contacts_are_not_named(home, inside):
    page = inside.get("/mine").text
    assert "女儿" in page
    for hidden in ("张敏", "6201 0003", "62010003"):
        assert hidden not in page
    copy = inside.post("/mine/copy.json").get_json()
    assert [one.get("name") for one in copy["contacts"]] == ["张伟", None]


def test_who_looked_is_told_by_role_and_reason_and_not_by_name(home, worker, inside, wang, client, at_desk):
    client.post(f"{wang.path}/scans", json={"act": "with_elder"})
    at_desk("duty").get("/desk/incidents/1", headers={"Accept": "application/json"})
    for _ in range(3):
        worker.get(f"/elders/{wang.id}")
    page = inside.get("/mine").text.split('id="looked"')[1]
    assert page.count("社区工作人员 · 打开了登记信息") == 1
    assert "值班员 · 走失事件中" in page
    for name in ("李敏", "王强"):
        assert name not in page


def test_the_copy_is_whole_machine_readable_and_noted(home, inside, wang):
    answer = inside.post("/mine/copy.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="record.json"'
    copy = json.loads(answer.data)
    assert copy["record"]["name"] == "王秀兰"
    assert copy["record"]["health_notes"] == ["memory", "diabetes"]
    assert {row["item"] for row in copy["consents"]} == set(WANG.consents)
    assert copy["badges"][0]["number"] == wang.number
    assert copy["who_looked"]
    page = inside.post("/mine/copy.html")
    assert "登记信息副本" in page.text
    assert actions(home).count("family.copy") == 2


def test_a_second_elder_of_another_family_stays_closed(home, worker, inside):
    enrol(
        home,
        replace(WANG, name="孙桂花", contacts=(replace(WANG.contacts[0], phone="19900000055"),)),
        "form-2",
    )
    assert "孙桂花" not in inside.get("/mine").text


# What is changed


def test_a_new_phone_waits_for_a_worker_and_then_counts_for_the_alerts_too(home, worker, inside, wang):
    assert inside.post("/mine/wishes", field="phone", value="199 0000 0077").status_code == 303
    assert contact(home, wang.id).phone == "+8619900000002"
    assert "王秀兰" in worker.get("/wishes").text
    assert "199 0000 0077" in worker.get(f"/elders/{wang.id}").text
    before = contact(home, wang.id).id
    assert worker.post("/wishes/1/accept").status_code == 303
    now = contact(home, wang.id)
    assert (now.id, now.phone) == (before, "+8619900000077")
    assert "已更改" in inside.get("/mine").text
    assert worker.post("/wishes/1/accept").status_code == 409


def test_address_and_health_wait_too_and_can_be_left_as_they_are(home, worker, inside, wang):
    inside.post("/mine/wishes", field="address", value="江畔人家3号楼")
    inside.post("/mine/wishes", field="health_notes", value=["memory", "heart"])
    assert worker.post("/wishes/1/refuse").status_code == 303
    assert worker.post("/wishes/2/accept").status_code == 303
    elder = elders.get(home.db, home.vault, wang.id)
    assert elder.address.endswith("帝景小区105号楼2单元301")
    assert elder.health_notes == ("memory", "heart")
    assert elder.consents == WANG.consents


def test_a_later_wish_takes_the_place_of_an_earlier_one(home, worker, inside):
    inside.post("/mine/wishes", field="other", value="一")
    inside.post("/mine/wishes", field="other", value="二")
    states = [row["state"] for row in home.db.rows("SELECT state FROM family_proposal ORDER BY id")]
    assert states == ["withdrawn", "open"]


@pytest.mark.parametrize(
    ("field", "value"), [("phone", "12"), ("address", " "), ("other", "长" * 2001), ("name", "x")]
)
def test_what_cannot_be_right_is_asked_again_with_what_was_typed(home, inside, field, value):
    answer = inside.post("/mine/wishes", field=field, value=value)
    assert answer.status_code == 422
    assert home.db.scalar("SELECT count(*) FROM family_proposal") == 0
    if field == "phone":
        assert 'value="12"' in answer.text


def test_what_one_is_to_the_elder_is_changed_at_once(home, inside, wang):
    inside.post("/mine/relation", relation="carer")
    assert contact(home, wang.id).relation == "carer"


def test_a_consent_is_taken_back_at_once_and_nobody_else_s_goes_with_it(home, inside, wang, worker):
    portraits.keep(home.db, home.vault, wang.id, b"a jpeg", by=1, now=NOW)
    assert inside.post("/mine/withdraw", item="photo").status_code == 303
    assert consents.standing(home.db, wang.id) == ("record", "family_place", "finding_community")
    assert not portraits.exists(home.db, wang.id)
    [row] = [one for one in consents.ledger(home.db, wang.id) if not one["given"]]
    assert (row["item"], row["means"], row["given_by"], row["staff_id"]) == (
        "photo",
        "online",
        "relative",
        None,
    )
    assert inside.post("/mine/withdraw", item="photo").status_code == 422


def test_the_service_itself_is_ended_by_the_station_alone(home, inside, wang, worker):
    """One contact is not the elder: a press must not take the badge from somebody who may be lost at this moment."""
    assert inside.post("/mine/withdraw", item="record").status_code == 422
    assert inside.post("/mine/wishes", field="leave").status_code == 303
    assert elders.get(home.db, home.vault, wang.id).status == "living"
    assert worker.post("/wishes/1/accept").status_code == 303
    assert "record" not in consents.standing(home.db, wang.id)
    assert "将于" in inside.get("/mine").text


def test_after_a_farewell_there_are_kind_words_a_copy_and_nothing_to_change(home, inside, wang, worker):
    worker.post(f"/elders/{wang.id}/farewell", data={})
    page = inside.get("/mine").text
    assert "一同怀念" in page
    assert "/mine/wishes" not in page
    assert inside.post("/mine/copy.json").get_json()["record"]["status"] == "deceased"
    for path, form in (
        ("/mine/wishes", {"field": "other", "value": "x"}),
        ("/mine/withdraw", {"item": "photo"}),
    ):
        assert inside.post(path, **form).status_code == 409


def test_without_a_session_nothing_is_changed(home, son, wang):
    for path in ("/mine/wishes", "/mine/relation", "/mine/withdraw", "/mine/copy.json", "/mine/leave"):
        answer = son.post(path, field="phone", value=SON, item="photo", relation="son")
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/mine")
    assert consents.standing(home.db, wang.id) == WANG.consents
