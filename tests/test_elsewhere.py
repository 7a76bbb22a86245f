"""An incident that another station leads is no secret to the stations that it concerns: the elder's, and where it was found."""

import pytest
from conftest import NOW, PASSWORD, Desk
from provider import Provider
from watch import Watch, connect

from station import accounts, clock, communities
from station.communities import Policy, Station
from station.db import transaction

PAGE = {"Accept": "text/html"}
NORTHERN = {"lat": 43.86, "lon": 126.53, "accuracy_m": 20}  # in 北山社区


@pytest.fixture
def north(home, app):
    """A second station with one community; `north("duty")` signs its officer in."""
    with transaction(home.db):
        communities.add_station(
            home.db,
            Station(
                2, "北山驿站", "+8643262019999", "0432", "吉林省吉林市船营区北山社区", 43.86, 126.53, "ring", "navy", Policy(),
            ),
        )  # fmt: skip
        communities.add_community(home.db, station=2, name="北山社区", lat=43.86, lon=126.53, radius_m=900)
    for role in ("duty", "secretary"):
        new = accounts.NewStaff(f"north-{role}", PASSWORD, role, 2, f"北{role}", "+8619900000009", 3)
        accounts.add(home.db, home.vault, new, NOW)
    return lambda role: Desk(app, f"north-{role}")


def told(home) -> set[str]:
    """Who of the staff got the notice, once the sender has worked."""
    with Provider() as provider:
        connect(home, provider, NOW)
        Watch(home, provider, clock.utcnow()).at(5)
    rows = home.db.rows("SELECT username FROM staff JOIN alert ON staff_id = staff.id WHERE kind = 'notice'")
    return {row["username"] for row in rows}


def moved(home, wang) -> None:
    with transaction(home.db):
        home.db.write("UPDATE elder SET station = 2, community_id = 3 WHERE id = ?", wang.id)


def test_the_new_station_sees_who_leads_and_follows_live(home, wang, client, north):
    moved(home, wang)
    desk = north("duty")
    last = desk.get("/desk/events?after=0", headers={"Accept": "application/json"}).get_json()["last"]
    opened = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()["incident"]
    assert "north-secretary" in told(home)
    page = desk.get("/desk", headers=PAGE).text
    for shown in ("由其他驿站处理", "龙城社区防走失驿站", "0432-62012345", "本站登记的老人", wang.number):
        assert shown in page, shown
    heard = desk.get(f"/desk/events?after={last}", headers={"Accept": "application/json"}).get_json()
    assert opened in {one["incident"] for one in heard["events"]}
    assert "又在响铃，还没人接" not in page
    with transaction(home.db):  # as when whoever had it gave no news in time
        home.db.write("UPDATE incident SET ring_since = ? WHERE id = ?", clock.text(clock.utcnow()), opened)
    assert "又在响铃，还没人接" in desk.get("/desk", headers=PAGE).text
    assert desk.get(f"/desk/incidents/{opened}", headers=PAGE).status_code == 404, "it is led elsewhere"
    link = north("secretary").get("/desk", headers=PAGE).text.partition('href="/go/')[2][:32]
    assert "我来接" in client.get(f"/go/{link}", headers=PAGE).text, (
        "the own link leads to the place and the press"
    )
    with transaction(home.db):
        home.db.write("UPDATE incident SET state = 'closed', outcome = 'reunited', closed_at = opened_at")
    assert "由其他驿站处理" not in desk.get("/desk", headers=PAGE).text


def test_where_the_elder_was_found_is_told_across_stations(home, wang, client, north):
    client.post(f"{wang.path}/scans", json={"act": "with_elder", **NORTHERN})
    assert {"secretary", "north-secretary"} <= told(home), "both communities, whichever station's they are"
    assert "在本站社区被发现" in north("duty").get("/desk", headers=PAGE).text


def test_without_consent_the_finding_station_learns_nothing(home, wang, client, north):
    with transaction(home.db):
        home.db.write("DELETE FROM consent WHERE item = 'finding_community'")
    client.post(f"{wang.path}/scans", json={"act": "with_elder", **NORTHERN})
    assert "north-secretary" not in told(home)
    desk = north("duty")
    assert "由其他驿站处理" not in desk.get("/desk", headers=PAGE).text
    heard = desk.get("/desk/events?after=0", headers={"Accept": "application/json"}).get_json()["events"]
    assert not [one for one in heard if one["incident"]]


def test_somebody_nobody_knows_is_told_to_both(home, wang, client, north):
    with transaction(home.db):
        home.db.write("UPDATE badge SET elder_id = NULL, state = 'made'")
    client.post(f"{wang.path}/scans", json={"act": "with_elder", **NORTHERN})
    assert {"secretary", "secretary2", "north-secretary"} <= told(home)
