"""Taking an incident without the link: six digits at the start page; going along; handing a claim to a colleague."""

import re

import pytest
from conftest import NOW, Home, Wearer
from doors import holders
from sightings import at_market
from test_alerting import scan
from watch import by_kind

from station import clock, damm
from station.db import transaction
from station.errors import Conflict
from station.incidents import acts, codes, links, offers
from station.incidents.acts import Move

DUTY, BACKUP, SECRETARY, OPERATOR, WORKER = 2, 3, 4, 6, 1


@pytest.fixture
def lost(home: Home, wang: Wearer) -> int:
    return at_market(home, wang).incident_id


def code_of(home: Home, incident: int, staff_id: int = DUTY) -> str:
    with transaction(home.db):
        links.make(home.db, home.vault, incident, staff_id=staff_id, now=NOW)
        codes.make(home.db, home.vault, [(incident, staff_id)], NOW)
        return codes.of(home.db, home.vault.ring, incident, staff_id)


def test_the_code_of_the_message_leads_to_the_place_and_a_press_takes_it(home, wang, watch, gateway, client):
    scan(home, wang)
    message = next(m for m in watch.at(0) if m["kind"] == "ladder")
    code = re.search(r"接单码 (\d{6})", message["text"])[1]
    assert 'name="code"' in client.get("/").text
    answer = client.post("/", data={"code": code})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/" + message["url"].split("/", 3)[3])
    assert holders(home) == (None, None), "typing it takes nothing"
    client.post(answer.headers["Location"], data={"slot": "both"})
    assert holders(home) == (DUTY, DUTY)


def test_a_code_typed_into_the_other_field_is_understood(home, lost, client):
    code = code_of(home, lost)
    assert client.post("/", data={"number": f"{code[:3]} {code[3:]}"}).headers["Location"].startswith("/go/")
    wrong = client.post("/", data={"number": "123123"})
    assert wrong.headers["Location"] == "/n/123123", "a finder's slip is a finder's slip"


def test_no_code_passes_for_a_badge_number_and_each_person_has_their_own(home, lost):
    found = [code_of(home, lost, staff_id) for staff_id in range(1, 7)]
    assert len(set(found)) == 6
    assert not any(damm.is_valid(code) for code in found)
    assert found == [code_of(home, lost, staff_id) for staff_id in range(1, 7)]
    for file in home.config.data_dir.glob("station.db*"):
        assert not any(code.encode() in file.read_bytes() for code in found[1:3])


def test_a_code_dies_with_its_incident(home, lost, client):
    code = code_of(home, lost)
    acts.move(home.db, home.vault, lost, Move("closed", 1, outcome="test"), by=DUTY, now=clock.utcnow())
    answer = client.post("/", data={"code": code})
    assert answer.status_code == 404
    assert "0432-62012345" in answer.text


def test_a_code_of_somebody_who_left_opens_nothing(home, lost, client):
    code = code_of(home, lost)
    with transaction(home.db):
        home.db.write("UPDATE staff SET active = 0 WHERE id = ?", DUTY)
    assert client.post("/", data={"code": code}).status_code == 404


def test_guessing_is_damped_and_then_even_the_true_code_waits(home, lost, client):
    code = code_of(home, lost)
    guesses = [client.post("/", data={"code": f"{n:06d}"}).status_code for n in range(8)]
    assert guesses == [404] * 5 + [429] * 3
    assert client.post("/", data={"code": code}).status_code == 429
    assert (
        client.post("/", data={"code": code}, environ_base={"REMOTE_ADDR": "198.51.100.7"}).status_code == 303
    )


def test_many_networks_guess_no_faster_together(home, lost, client):
    said = [
        client.post("/", data={"code": "000001"}, environ_base={"REMOTE_ADDR": f"10.{n}.0.1"}).status_code
        for n in range(110)
    ]
    assert said.count(404) <= 101
    assert said[-1] == 429


@pytest.mark.parametrize("typed", ["12345", "abcdef", "1234567", "' OR 1=1", "１２３４５６", "\x00"])
def test_a_strange_code_is_refused_politely(home, lost, client, typed):
    assert client.post("/", data={"code": typed}).status_code == 404


def test_neither_worker_nor_operator_is_sent_a_code(home, wang, watch, gateway):
    scan(home, wang)
    watch.at(0)
    watch.at(310)
    worker = [request.json() for request in gateway.requests if request.path == f"/staff/{WORKER}"]
    assert worker
    assert not any("接单码" in message["text"] for message in worker)


def test_a_third_officer_goes_along_and_hears_what_the_finder_says(home, wang, watch, gateway, at_desk):
    incident = scan(home, wang).incident_id
    watch.at(0)
    with pytest.raises(Conflict):
        acts.claim(home.db, incident, "join", by=BACKUP, now=watch.now)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    acts.claim(home.db, incident, "join", by=BACKUP, now=watch.now)
    acts.claim(home.db, incident, "join", by=BACKUP, now=watch.now)
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'joined'") == 1
    assert holders(home) == (DUTY, DUTY)
    watch.at(5)
    marks = len(gateway.requests)
    acts.say(home.db, home.vault, incident, "在药店门口", by=None, scan_id=1, now=watch.now)
    watch.at(10)
    assert {request.path for request in gateway.requests[marks:]} == {f"/staff/{DUTY}", f"/staff/{BACKUP}"}
    assert "赵军 一起去" in at_desk("secretary").get(f"/desk/incidents/{incident}").text


def test_a_claim_changes_hands_only_when_the_colleague_accepts(home, wang, watch, gateway, at_desk):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    watch.at(5)
    marks = len(gateway.requests)
    asked = at_desk("duty").post(f"/desk/incidents/{incident}/offer", json={"username": "duty2"})
    assert asked.status_code == 200
    assert holders(home) == (DUTY, DUTY)
    watch.at(10)
    assert [(r.path, r.json()["kind"]) for r in gateway.requests[marks:]] == [(f"/staff/{BACKUP}", "message")]
    colleague = at_desk("duty2")
    assert "王强 请您接手" in colleague.get(f"/desk/incidents/{incident}").text
    assert (
        colleague.post(f"/desk/incidents/{incident}/offer/answer", json={"answer": "accept"}).status_code
        == 200
    )
    assert holders(home) == (BACKUP, BACKUP)
    again = colleague.post(f"/desk/incidents/{incident}/offer/answer", json={"answer": "accept"})
    assert again.status_code == 409
    marks = len(gateway.requests)
    watch.at(15)
    assert [r.path for r in gateway.requests[marks:]] == [f"/staff/{DUTY}"], (
        "the giver hears that it is taken"
    )


def test_a_colleague_accepts_by_their_link(home, lost, client):
    acts.claim(home.db, lost, "on_site", by=DUTY, now=NOW)
    offers.offer(home.db, lost, by=DUTY, to=BACKUP, now=NOW)
    with transaction(home.db):
        link = f"/go/{links.make(home.db, home.vault, lost, staff_id=BACKUP, now=NOW)}"
    assert "请您接手" in client.get(link).text
    assert holders(home) == (DUTY, None)
    assert client.post(link, data={"slot": "accept"}).status_code == 303
    assert holders(home) == (BACKUP, None)


def test_a_refused_or_lapsed_offer_leaves_all_as_it_is(home, lost, at_desk):
    acts.claim(home.db, lost, "both", by=DUTY, now=NOW)
    offers.offer(home.db, lost, by=DUTY, to=BACKUP, now=NOW)
    offers.answer(home.db, lost, accept=False, by=BACKUP, now=NOW)
    assert holders(home) == (DUTY, DUTY)
    offers.offer(home.db, lost, by=DUTY, to=BACKUP, now=NOW)
    offers.offer(home.db, lost, by=DUTY, to=SECRETARY, now=NOW)
    assert [one.to_id for one in offers.waiting(home.db, lost)] == [SECRETARY], "one colleague at a time"
    with transaction(home.db):
        home.db.write("UPDATE incident SET on_site_by = NULL, liaison_by = NULL")
    with pytest.raises(Conflict):
        offers.answer(home.db, lost, accept=True, by=SECRETARY, now=NOW)


@pytest.mark.parametrize(("to", "status"), [(DUTY, 422), (WORKER, 422), (OPERATOR, 422), (999, 422)])
def test_nothing_is_offered_to_who_cannot_take_it(home, lost, at_desk, to, status):
    acts.claim(home.db, lost, "both", by=DUTY, now=NOW)
    desk = at_desk("duty")
    assert desk.post(f"/desk/incidents/{lost}/offer", json={"to": to}).status_code == status
    assert at_desk("duty2").post(f"/desk/incidents/{lost}/offer", json={"to": DUTY}).status_code == 409


def test_the_new_holder_s_time_begins_when_they_accept(home, wang, watch):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    watch.at(290)
    offers.offer(home.db, incident, by=DUTY, to=BACKUP, now=watch.now)
    offers.answer(home.db, incident, accept=True, by=BACKUP, now=watch.now)
    assert by_kind(watch.at(580))["ladder"] == 0
    assert by_kind(watch.at(595))["ladder"] == 1
