"""Phone calls at the desk: they join the scan's incident or open one, and who it is can be found by name."""

from conftest import enrol
from sightings import call_in, lost, scan

from station import enrolment

__all__ = ["lost"]

JSON = {"Accept": "application/json"}


def test_a_call_with_a_badge_number_joins_the_scan_s_incident(at_desk, lost, wang):
    answer = at_desk("duty").post("/desk/calls", json={"number": wang.number, "phone": "19900000066"})
    assert (answer.status_code, answer.get_json()["incident"]) == (201, str(lost))


def test_a_call_with_the_three_digits_of_the_page_finds_the_badge(home, at_desk, wang):
    code = scan(home, wang, "opened").code
    answer = at_desk("duty").post("/desk/calls", json={"number": code})
    one = at_desk("duty").get(answer.get_json()["url"], headers=JSON).get_json()
    assert (one["source"], one["badge_number"]) == ("call", wang.number)


def test_the_same_call_form_twice_is_one_incident(home, at_desk):
    desk = at_desk("duty")
    form = {"form_id": "call-form-1", "place": "解放路口", "note": "老太太说不清家在哪里"}
    first = desk.post("/desk/calls", data=form)
    assert first.status_code == 303
    assert desk.post("/desk/calls", data=form).headers["Location"] == first.headers["Location"]
    assert home.db.scalar("SELECT count(*) FROM incident") == 1


def test_a_wrong_number_keeps_the_caller_s_words(at_desk):
    answer = at_desk("duty").post("/desk/calls", data={"number": "12345", "note": "穿红棉袄"})
    assert answer.status_code == 422
    assert "穿红棉袄" in answer.text
    assert 'href="#call-number"' in answer.text
    assert 'aria-describedby="call-number-err"' in answer.text


def test_an_empty_call_opens_nothing(home, at_desk):
    assert at_desk("duty").post("/desk/calls", json={}).status_code == 422
    assert home.db.scalar("SELECT count(*) FROM incident") == 0


def test_an_elder_without_a_badge_is_found_by_name_and_named(home, at_desk, wang):
    incident_id = call_in(home)
    desk = at_desk("duty")
    page = desk.post(f"/desk/incidents/{incident_id}/identify", data={"query": "wxl"})
    assert page.status_code == 200
    assert "王秀兰" in page.text
    answer = desk.post(f"/desk/incidents/{incident_id}/identify", json={"elder_id": wang.id})
    assert answer.status_code == 200
    one = desk.get(f"/desk/incidents/{incident_id}", headers=JSON).get_json()
    assert one["elder"]["name"] == "王秀兰"


def test_an_elder_who_already_has_an_open_incident_is_not_taken_twice(home, at_desk, lost, wang):
    incident_id = call_in(home)
    answer = at_desk("duty").post(f"/desk/incidents/{incident_id}/identify", json={"elder_id": wang.id})
    assert answer.status_code == 409
    assert f"#{lost}" in answer.get_json()["error"]


def test_a_second_elder_stays_unknown_to_the_search_of_another_name(home, at_desk, wang):
    other = enrolment.ElderForm(**(vars(wang.form) | {"name": "刘桂芳"}))
    enrol(home, other, "form-liu")
    found = (
        at_desk("duty")
        .post(f"/desk/incidents/{call_in(home)}/identify", json={"query": "刘"})
        .get_json()["found"]
    )
    assert [one["name"] for one in found] == ["刘桂芳"]
