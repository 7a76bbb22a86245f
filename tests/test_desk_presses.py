"""What an officer does at the desk: of two presses one wins, and a wrong one can be taken back."""

import re

import pytest
from sightings import lost, scan, state

__all__ = ["lost"]

JSON = {"Accept": "application/json"}


def test_of_two_claims_one_wins_and_the_other_learns_who(home, at_desk, lost):
    first = at_desk("duty").post(f"/desk/incidents/{lost}/claim", json={"slot": "on_site"})
    assert (first.status_code, first.get_json()["on_site_by"]) == (200, "王强")
    second = at_desk("duty2").post(f"/desk/incidents/{lost}/claim", json={"slot": "both"})
    assert second.status_code == 409
    assert "王强" in second.get_json()["error"]
    assert second.get_json()["on_site_by"] == "王强"
    assert at_desk("duty2").post(f"/desk/incidents/{lost}/claim", json={"slot": "liaison"}).status_code == 200
    assert state(home, lost)[0] == "acked"


def test_a_browser_that_comes_second_sees_the_incident_with_the_reason_on_top(at_desk, lost):
    at_desk("duty").post(f"/desk/incidents/{lost}/claim", data={"slot": "both"})
    answer = at_desk("duty2").post(f"/desk/incidents/{lost}/claim", data={"slot": "both"})
    assert answer.status_code == 409
    assert re.search(r'role="alert"[^>]*>王强 已经接了', answer.text)
    assert "已接" in answer.text


def test_a_form_leads_back_to_the_incident(at_desk, lost):
    answer = at_desk("duty").post(f"/desk/incidents/{lost}/claim", data={"slot": "both"})
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/desk/incidents/{lost}")


@pytest.mark.parametrize("slot", ["", "nobody", None, 7, ["both"]])
def test_an_unknown_slot_is_refused_with_the_choice(at_desk, lost, slot):
    assert at_desk("duty").post(f"/desk/incidents/{lost}/claim", json={"slot": slot}).status_code == 422


def move(desk, incident_id, version, state, **more):
    return desk.post(f"/desk/incidents/{incident_id}/move", json={"state": state, "version": version} | more)


def test_a_whole_night_from_claim_to_closure(at_desk, lost):
    desk = at_desk("duty")
    version = desk.post(f"/desk/incidents/{lost}/claim", json={"slot": "both"}).get_json()["version"]
    for step in (
        {"state": "going", "eta_minutes": 8},
        {"state": "with_elder"},
        {"state": "at_station"},
        {"state": "handed_over", "collected_by": "张伟", "relation": "son", "identity_seen": True},
        {"state": "closed", "outcome": "reunited"},
    ):
        answer = desk.post(f"/desk/incidents/{lost}/move", json={"version": version} | step)
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["state"] == step["state"]
        version = answer.get_json()["version"]
    kept = desk.get(f"/desk/incidents/{lost}", headers=JSON).get_json()["handover"]
    assert kept == {"collected_by": "张伟", "relation": "son", "identity_seen": True}


def test_a_stale_version_changes_nothing_and_shows_the_fresh_state(home, at_desk, lost):
    at_desk("duty").post(f"/desk/incidents/{lost}/claim", json={"slot": "both"})
    answer = move(at_desk("duty2"), lost, 1, "going")
    assert answer.status_code == 409
    assert (answer.get_json()["state"], answer.get_json()["version"]) == ("acked", 2)
    assert state(home, lost) == ("acked", 2)


@pytest.mark.parametrize("version", [None, "", "x", True, 1.5, [1], "１"])
def test_a_move_without_a_true_version_is_refused(home, at_desk, lost, version):
    assert move(at_desk("duty"), lost, version, "closed", outcome="test").status_code == 422
    assert state(home, lost) == ("alerting", 1)


def test_a_hand_over_without_a_name_keeps_what_was_typed(at_desk, lost):
    desk = at_desk("duty")
    desk.post(f"/desk/incidents/{lost}/claim", json={"slot": "both"})
    move(desk, lost, 2, "going")
    move(desk, lost, 3, "with_elder")
    form = {"state": "handed_over", "version": 4, "collected_by": " ", "relation": "daughter"}
    answer = desk.post(f"/desk/incidents/{lost}/move", data=form)
    assert answer.status_code == 422
    assert 'href="#case-collected_by"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert '<option value="daughter" selected>' in answer.text


def test_a_wrong_press_can_be_taken_back_at_once(home, at_desk, lost):
    desk = at_desk("duty")
    move(desk, lost, 1, "closed", outcome="false_alarm")
    assert "撤回上一步" in desk.get(f"/desk/incidents/{lost}").text
    assert move(desk, lost, 2, "alerting").status_code == 200
    assert state(home, lost)[0] == "alerting"
    assert "撤回上一步" not in at_desk("duty2").get(f"/desk/incidents/{lost}").text


def test_a_closing_cannot_be_taken_back_once_the_badge_was_scanned_again(home, at_desk, lost, wang):
    desk = at_desk("duty")
    move(desk, lost, 1, "closed", outcome="false_alarm")
    assert scan(home, wang).incident_id != lost
    assert move(desk, lost, 2, "alerting").status_code == 409
    assert state(home, lost)[0] == "closed"


def test_messages_reach_the_finder_s_side_of_the_incident(at_desk, lost):
    desk = at_desk("duty")
    assert desk.post(f"/desk/incidents/{lost}/messages", json={"text": "马上就到"}).status_code == 201
    (said,) = desk.get(f"/desk/incidents/{lost}", headers=JSON).get_json()["messages"]
    assert (said["from"], said["text"], said["by"]) == ("station", "马上就到", "王强")
    assert desk.post(f"/desk/incidents/{lost}/messages", json={"text": "  "}).status_code == 422


def test_what_people_type_is_shown_as_text(at_desk, lost):
    desk = at_desk("duty")
    desk.post(f"/desk/incidents/{lost}/messages", data={"text": "<script>alert(1)</script>"})
    page = desk.get(f"/desk/incidents/{lost}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_having_it_on_the_screen_is_written_once_an_officer(home, at_desk, lost):
    desk = at_desk("duty")
    for _ in range(3):
        assert desk.post(f"/desk/incidents/{lost}/seen").status_code == 303
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'seen'") == 1
