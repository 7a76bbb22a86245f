"""One-tap links: a look shows the place and takes nothing; a press takes; all dies with the incident."""

import pytest
from conftest import Home
from entering import refuse
from sightings import MARKET, at_market, scan

from station import clock
from station.db import transaction
from station.errors import NotFound
from station.incidents import acts, links
from station.incidents.acts import Move

JSON = {"Accept": "application/json"}


@pytest.fixture
def lost(home, wang):
    return at_market(home, wang).incident_id


def link(home: Home, incident_id: int, **holder) -> str:
    with transaction(home.db):
        return links.make(home.db, home.vault, incident_id, now=clock.utcnow(), **holder)


@pytest.fixture
def officer(home, lost):
    """The path of the link that the officer on duty got."""
    return f"/go/{link(home, lost, staff_id=2)}"


@pytest.fixture
def son(home, lost):
    """The path of the link that the son got."""
    return f"/go/{link(home, lost, contact_id=home.db.scalar('SELECT min(id) FROM contact'))}"


def incident(home: Home, incident_id: int):
    return home.db.row("SELECT state, on_site_by, liaison_by FROM incident WHERE id = ?", incident_id)


def test_the_same_person_and_incident_always_give_the_same_link(home, lost):
    assert link(home, lost, staff_id=2) == link(home, lost, staff_id=2) != link(home, lost, staff_id=3)
    assert home.db.scalar("SELECT count(*) FROM link") == 2
    for file in home.config.data_dir.glob("station.db*"):
        assert link(home, lost, staff_id=2).encode() not in file.read_bytes()


def test_an_officer_s_link_shows_the_place_and_nobody_s_name(client, officer, wang):
    page = client.get(officer).text
    assert "东市场公交站旁" in page
    assert "690" in page
    assert "https://uri.amap.com/marker" in page
    assert "0432-62012345" in page
    for secret in (wang.form.name, "王奶奶", "张伟", "0002", "糖尿病", "105号楼", "穿红棉袄"):
        assert secret not in page


def test_it_answers_json_too(client, officer, lost):
    shown = client.get(officer, headers=JSON).get_json()
    assert (shown["incident"], shown["state"], shown["may_claim"]) == (str(lost), "alerting", True)
    assert shown["place"]["lat"] == MARKET.lat


def test_a_hundred_looks_take_nothing(home, client, officer, lost):
    before = incident(home, lost), home.db.scalar("SELECT count(*) FROM event")
    for _ in range(100):
        assert client.get(officer).status_code == 200
    assert (incident(home, lost), home.db.scalar("SELECT count(*) FROM event")) == before


def test_a_press_takes_the_incident_for_the_link_s_person(home, client, officer, lost):
    answer = client.post(officer, data={"slot": "both"})
    assert (answer.status_code, answer.headers["Location"]) == (303, officer)
    assert incident(home, lost) == {"state": "acked", "on_site_by": 2, "liaison_by": 2}
    page = client.get(officer).text
    assert "王强" in page
    assert "我来接" not in page


def test_who_has_the_part_on_site_reports_from_the_link_without_logging_in(home, client, officer, lost):
    def lease() -> str:
        return home.db.scalar("SELECT lease_until FROM incident")

    client.post(officer, data={"slot": "both"})
    assert "已出发" in client.get(officer).text
    assert client.post(officer, data={"slot": "going", "eta_minutes": "soon"}).status_code == 422
    assert client.post(officer, data={"slot": "going", "eta_minutes": "40"}).status_code == 303
    promised = lease()
    assert "还在路上" in client.get(officer).text
    assert client.post(officer, data={"slot": "going"}).status_code == 303
    assert lease() == promised, "news does not shorten what was promised"
    client.post(officer, json={"slot": "going", "eta_minutes": 60})
    assert lease() > promised
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'news' AND staff_id = 2") == 2
    second = f"/go/{link(home, lost, staff_id=3)}"
    assert "见到老人" not in client.get(second).text
    assert client.post(second, data={"slot": "with_elder"}).status_code == 403
    assert client.post(officer, data={"slot": "with_elder"}).status_code == 303
    assert incident(home, lost)["state"] == "with_elder"


def test_json_takes_it_as_well(home, client, officer, lost):
    answer = client.post(officer, json={"slot": "on_site"})
    assert (answer.status_code, answer.get_json()["on_site_by"]) == (200, "王强")
    assert incident(home, lost)["on_site_by"] == 2


def test_who_comes_second_learns_who_has_it(home, client, officer, lost):
    client.post(officer, data={"slot": "both"})
    second = f"/go/{link(home, lost, staff_id=3)}"
    answer = client.post(second, data={"slot": "both"})
    assert answer.status_code == 409
    assert "王强 已经接了" in answer.text
    assert client.post(second, json={"slot": "both"}).status_code == 409
    assert incident(home, lost)["on_site_by"] == 2


def test_the_family_sees_place_and_state_and_takes_nothing(home, client, son, lost):
    page = client.get(son).text
    assert "东市场公交站旁" in page
    assert "请先打值班电话" in page
    assert "<form" not in page
    assert client.post(son, data={"slot": "both"}).status_code == 403
    assert incident(home, lost)["state"] == "alerting"


def test_without_their_consent_the_family_sees_no_place(home, client, son, wang):
    refuse(home, wang.id, "family_place")
    page = client.get(son).text
    assert "东市场" not in page
    assert "amap" not in page


@pytest.mark.parametrize(("staff_id", "role"), [(1, "worker"), (6, "operator")])
def test_who_may_not_claim_at_the_desk_may_not_by_link(home, client, lost, staff_id, role):
    assert home.db.scalar("SELECT role FROM staff WHERE id = ?", staff_id) == role
    path = f"/go/{link(home, lost, staff_id=staff_id)}"
    assert "<form" not in client.get(path).text
    assert client.post(path, json={"slot": "both"}).status_code == 403
    assert incident(home, lost)["state"] == "alerting"


def test_a_link_dies_with_its_incident_and_says_so_kindly(home, client, officer, son, lost, wang):
    acts.move(home.db, home.vault, lost, Move("closed", 1, outcome="hospital"), by=3, now=clock.utcnow())
    for path in (officer, son):
        answer = client.get(path)
        assert answer.status_code == 410
        assert "已经结案" in answer.text
        assert "0432-62012345" in answer.text
        for secret in ("医院", "东市场", wang.form.name, wang.number):
            assert secret not in answer.text
        assert client.post(path, data={"slot": "both"}).status_code == 410
        assert client.get(path, headers=JSON).get_json()["state"] == "closed"


def test_a_link_to_the_old_incident_does_not_open_the_new_one(home, client, officer, lost, wang):
    acts.move(home.db, home.vault, lost, Move("closed", 1, outcome="test"), by=3, now=clock.utcnow())
    scan(home, wang)
    assert client.get(officer).status_code == 410


def test_an_unknown_link_is_not_found(home, client, officer):
    assert client.get("/go/" + "0" * 32).status_code == 404
    assert client.post("/go/nonsense", data={"slot": "both"}).status_code == 404
    assert client.get(officer[:-1]).status_code == 404


def test_the_link_of_a_colleague_who_left_opens_nothing(home, client, officer):
    with transaction(home.db):
        home.db.write("UPDATE staff SET active = 0 WHERE id = 2")
    with pytest.raises(NotFound):
        links.open_link(home.db, officer.removeprefix("/go/"))
    assert client.post(officer, data={"slot": "both"}).status_code == 404


@pytest.mark.parametrize("body", ["[]", "7", '"both"', "{", '{"slot": ["both"]}', '{"slot": null}'])
def test_a_strange_body_is_refused_politely(home, client, officer, lost, body):
    answer = client.post(officer, data=body, content_type="application/json")
    assert answer.status_code == 422
    assert incident(home, lost)["state"] == "alerting"
