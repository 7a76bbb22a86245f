"""The duty desk: what each door shows, and to whom."""

import re

import pytest
from conftest import NOW
from entering import refuse
from sightings import MARKET, at_market, lost, scan, state, views_of_elders

from station import accounts, clock, communities, portraits
from station.communities import Policy, Station
from station.db import transaction

__all__ = ["lost"]

JSON = {"Accept": "application/json"}


# Looking ------------------------------------------------------------------------------------------


def test_the_list_tells_what_waits_and_where_but_not_who(at_desk, lost, wang):
    answer = at_desk("duty").get("/desk/incidents?open=1", headers=JSON)
    (one,) = answer.get_json()
    assert one["id"] == str(lost)
    assert (one["state"], one["kind"], one["source"]) == ("alerting", "live", "scan")
    assert one["badge_number"] == wang.number
    assert one["place"] == {
        "lat": MARKET.lat,
        "lon": MARKET.lon,
        "accuracy_m": 15.0,
        "place": "东市场公交站旁",
    }
    assert one["community"] == "龙城社区"
    assert wang.form.name not in answer.text


def test_closed_incidents_leave_the_open_list_and_stay_in_the_other(at_desk, lost):
    desk = at_desk("duty")
    desk.post(
        f"/desk/incidents/{lost}/move", json={"state": "closed", "version": 1, "outcome": "family_resolved"}
    )
    assert desk.get("/desk/incidents?open=1", headers=JSON).get_json() == []
    (one,) = desk.get("/desk/incidents", headers=JSON).get_json()
    assert (one["state"], one["outcome"]) == ("closed", "family_resolved")
    assert f"#{lost}" in desk.get("/desk").text


def test_one_incident_shows_everything_that_the_two_teams_need(at_desk, lost, wang):
    one = at_desk("duty").get(f"/desk/incidents/{lost}", headers=JSON).get_json()
    assert one["elder"]["name"] == wang.form.name
    assert one["elder"]["history"] == wang.form.history
    assert [contact["name"] for contact in one["contacts"]] == ["张伟", "张敏"]
    assert one["contacts"][0]["phone"] == "+8619900000002"
    assert one["offset"] == "在驿站东南 690 米"
    assert one["told"][0]["phone"] == "19900000055"
    assert [staff["name"] for staff in one["secretaries"]] == ["孙丽"]
    assert wang.form.name not in one["map_links"]["amap"]


def test_the_page_of_an_incident_dials_navigates_and_draws(at_desk, lost, wang):
    page = at_desk("duty").get(f"/desk/incidents/{lost}").text
    assert wang.form.name in page
    assert "tel:+86-199-0000-0002" in page  # the son
    assert "tel:+86-199-0000-0055" in page  # the finder
    assert "https://uri.amap.com/marker" in page
    assert "<svg" in page
    assert "690" in page
    links = re.findall(r'href="(https?://[^"]+)"', page)
    assert links
    assert not any(wang.form.name in link or "王" in link for link in links)


def test_one_look_writes_one_line_into_the_audit_log(home, at_desk, lost):
    desk = at_desk("duty")
    desk.get("/desk")
    desk.get("/desk/incidents?open=1", headers=JSON)
    assert views_of_elders(home) == 0
    desk.get(f"/desk/incidents/{lost}")
    assert views_of_elders(home) == 1
    desk.get(f"/desk/incidents/{lost}", headers=JSON)
    assert views_of_elders(home) == 2


def test_the_part_that_renews_itself_leaves_the_record_closed(home, at_desk, lost, wang):
    part = at_desk("duty").get(f"/desk/incidents/{lost}?part=live").text
    assert "东市场公交站旁" in part
    assert wang.form.name not in part
    assert views_of_elders(home) == 0


def test_looking_changes_nothing(home, at_desk, lost):
    desk = at_desk("duty")
    before = home.db.scalar("SELECT count(*) FROM event"), state(home, lost)
    for path in ("/desk", "/desk/incidents", f"/desk/incidents/{lost}", "/desk/events?after=0"):
        desk.get(path)
    assert (home.db.scalar("SELECT count(*) FROM event"), state(home, lost)) == before


def test_a_consented_photo_is_part_of_the_page_and_an_unconsented_is_not(home, at_desk, lost, wang):
    portraits.keep(home.db, home.vault, wang.id, b"\xff\xd8jpeg", by=1, now=clock.utcnow())
    desk = at_desk("duty")
    assert "data:image/jpeg;base64," in desk.get(f"/desk/incidents/{lost}").text
    refuse(home, wang.id, "photo")
    assert "data:image/jpeg" not in desk.get(f"/desk/incidents/{lost}").text


def test_a_badge_that_is_not_worn_is_called_doubtful(home, at_desk, lost):
    desk = at_desk("duty")
    assert "请多看一眼" not in desk.get(f"/desk/incidents/{lost}").text
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'replaced'")
    assert "请多看一眼" in desk.get(f"/desk/incidents/{lost}").text


def test_repeat_wandering_is_named(home, at_desk, lost, wang):
    desk = at_desk("duty")
    desk.post(f"/desk/incidents/{lost}/move", json={"state": "closed", "version": 1, "outcome": "reunited"})
    again = at_market(home, wang).incident_id
    page = desk.get(f"/desk/incidents/{again}").text
    assert "以前走失过" in page
    assert f"/desk/incidents/{lost}" in page


def test_openings_and_tests_are_silent_rows(home, at_desk, wang):
    scan(home, wang, "opened")
    scan(home, wang, "test")
    desk = at_desk("duty")
    assert desk.get("/desk/incidents?open=1", headers=JSON).get_json() == []
    page = desk.get("/desk").text
    assert "打开了页面" in page
    assert "只是试一试" in page


def test_an_erased_elder_leaves_the_story_readable(home, at_desk, lost, wang):
    uid = home.db.scalar("SELECT uid FROM elder")
    home.vault.destroy(f"elder/{uid}", clock.utcnow())
    page = at_desk("duty").get(f"/desk/incidents/{lost}")
    assert page.status_code == 200
    assert "档案已删除" in page.text


def test_what_finders_told_can_expire_and_the_story_stays(home, at_desk, lost):
    desk = at_desk("duty")
    desk.post(f"/desk/incidents/{lost}/messages", json={"text": "马上就到"})
    home.vault.destroy(f"incident/{lost}", clock.utcnow())
    page = desk.get(f"/desk/incidents/{lost}")
    assert page.status_code == 200
    assert "陪着老人" in page.text
    assert "东市场" not in page.text
    assert "马上就到" not in page.text


def test_an_empty_roster_is_said_in_red(home, at_desk):
    assert "roster-banner" not in at_desk("duty").get("/desk").text
    with transaction(home.db):
        home.db.write("DELETE FROM shift")
    assert "roster-banner" in at_desk("duty").get("/desk").text


# Who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "console", "case", "claim"),
    [
        ("duty", 200, 200, 200),
        ("secretary", 200, 200, 200),
        ("operator", 200, 403, 403),
        ("worker", 403, 403, 403),
    ],
)
def test_each_role_sees_and_does_what_it_should(at_desk, lost, username, console, case, claim):
    desk = at_desk(username)
    assert desk.get("/desk").status_code == console
    assert desk.get("/desk/incidents", headers=JSON).status_code == console
    assert desk.get(f"/desk/incidents/{lost}").status_code == case
    assert desk.post(f"/desk/incidents/{lost}/claim", json={"slot": "both"}).status_code == claim


def test_the_operator_sees_neither_people_nor_places(at_desk, lost, wang):
    desk = at_desk("operator")
    page = desk.get("/desk").text
    assert wang.number in page
    assert "东市场" not in page
    assert "tel:" not in page
    assert desk.get("/desk/incidents", headers=JSON).get_json()[0]["place"] is None


def test_strangers_are_sent_to_the_login(client, lost):
    assert client.get("/desk", base_url="https://zj.example.cn").status_code == 302
    for path in ("/desk/incidents", f"/desk/incidents/{lost}", "/desk/events"):
        assert client.get(path, headers=JSON, base_url="https://zj.example.cn").status_code == 401


@pytest.fixture
def stranger_at_desk(home, at_desk):
    """A duty officer of another station of the same instance."""
    with transaction(home.db):
        communities.add_station(
            home.db,
            Station(2, "江南驿站", "+8643262012346", "0432", "", 43.84, 126.6, "ring", "navy", Policy()),
        )
    new = accounts.NewStaff("other", "snow at three o'clock", "duty", 2, "钱一")
    accounts.add(home.db, home.vault, new, NOW)
    return at_desk("other")


def test_another_station_sees_nothing_of_it(stranger_at_desk, lost):
    desk = stranger_at_desk
    assert desk.get("/desk/incidents", headers=JSON).get_json() == []
    assert desk.get("/desk/events?after=0", headers=JSON).get_json()["events"] == []
    assert desk.get(f"/desk/incidents/{lost}", headers=JSON).status_code == 404
    for door in ("claim", "move", "messages", "seen", "identify"):
        assert desk.post(f"/desk/incidents/{lost}/{door}", json={"slot": "both"}).status_code == 404


def test_a_press_without_the_session_s_token_does_nothing(home, at_desk, lost):
    desk = at_desk("duty")
    answer = desk.client.post(
        f"/desk/incidents/{lost}/claim", json={"slot": "both"}, base_url="https://zj.example.cn"
    )
    assert answer.status_code == 400
    assert state(home, lost) == ("alerting", 1)


# The page itself ---------------------------------------------------------------------------------


def test_pages_hold_no_script_or_style_of_their_own(at_desk, lost):
    for path in ("/desk", f"/desk/incidents/{lost}"):
        page = at_desk("duty").get(path).text
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert "<style" not in page
        assert " style=" not in page
        assert re.findall(r"\son[a-z]+=", page) == []


def test_the_console_starts_its_feed_at_what_it_already_shows(home, at_desk, lost):
    page = at_desk("duty").get("/desk").text
    newest = home.db.scalar("SELECT max(id) FROM event")
    assert f'data-last="{newest}"' in page


def test_unknown_incidents_are_not_found(at_desk):
    assert at_desk("duty").get("/desk/incidents/999").status_code == 404
    assert at_desk("duty").post("/desk/incidents/999/claim", json={"slot": "both"}).status_code == 404
