"""Floods: what tells nothing new is counted, its finder is still heard, and the disk fills no faster than it must."""

import uuid
from datetime import timedelta

import pytest
from conftest import NOW, Home
from flooding import FAR, HERE, JSON, count, held, scan
from watch import by_kind

from bench import flood
from station import places
from station.errors import NotFound
from station.incidents import acts, reports, views
from station.incidents.intake import Sighting

__all__ = ["held", "scan"]


# What is counted ----------------------------------------------------------------------------------


def test_the_fourth_same_press_of_a_source_in_a_minute_is_counted(home, watch, scan):
    answers = [scan(n / 10) for n in range(20)]
    assert count(home, "scan") == 3
    assert home.db.scalar("SELECT sum(more) FROM scan_count") == 17
    assert len({answer.status_token for answer in answers}) == 20
    assert len({answer.incident_id for answer in answers}) == 1
    scan(70)
    assert count(home, "scan") == 4, "another minute"


def test_reports_that_are_written_in_another_order_than_they_came_are_counted_all_the_same(home, watch, scan):
    # Sixteen come in one moment to two processes; a disk that stood still lets the last of them through first.
    for n in range(16):
        scan((16 - n) / 10)
    assert count(home, "scan") == 3
    assert count(home, "sighting") == 1, "one source rings once, whichever of its reports is written first"
    scan(-3600)
    assert count(home, "scan") == 4, "the machine's clock was put back: what lies ahead holds nobody up"


@pytest.mark.parametrize(
    "sent", [{"note": "红衣服"}, {"phone": "199 0000 0055"}, {"sighting": HERE}, {"act": "gone"}]
)
def test_what_tells_something_is_not_only_counted(home, watch, scan, sent):
    for n in range(5):
        scan(n)
    before = count(home, "scan")
    scan(6, **sent)
    assert count(home, "scan") == before + 1


def test_a_counted_finder_has_a_page_of_their_own_without_the_others_words(home, watch, scan):
    first = scan()
    acts.say(home.db, home.vault, first.incident_id, "我在药店门口", by=None, scan_id=1, now=NOW)
    scan(1)
    scan(2)
    counted = scan(3)
    page = views.finder_status(home.db, home.vault, counted.status_token, NOW + timedelta(seconds=4))
    assert (page.state, page.incident_id, page.code) == ("sent", first.incident_id, counted.code)
    assert page.said == []
    scan_id = reports.write_out(home.db, home.vault, counted.status_token, NOW + timedelta(seconds=5))
    acts.say(home.db, home.vault, first.incident_id, "她往江边走了", by=None, scan_id=scan_id, now=NOW)
    mine = views.finder_status(home.db, home.vault, counted.status_token, NOW + timedelta(seconds=6))
    theirs = views.finder_status(home.db, home.vault, first.status_token, NOW + timedelta(seconds=6))
    assert [one.text for one in mine.said] == ["她往江边走了"]
    assert [one.text for one in theirs.said] == ["我在药店门口"]
    assert views.brief(home.db, first.incident_id).scans == 4


def test_a_counted_finder_writes_over_http(client, home, wang, scan):
    for _ in range(3):
        answer = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()
    counted = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()
    assert count(home, "scan") == 3
    assert counted["incident"] == answer["incident"]
    assert counted["ignored"] == []
    assert client.get(counted["status_url"]).status_code == 200
    assert client.post(f"{counted['status_url']}/messages", json={"text": "我在这里"}).status_code == 201
    page = client.get(counted["status_url"], headers={"Accept": "application/json"}).get_json()
    assert [one["text"] for one in page["messages"]] == ["我在这里"]


def test_no_page_is_made_by_guessing(home, watch, scan):
    scan()
    for token in ("0" * 32, "f" * 32, uuid.uuid4().hex):
        with pytest.raises(NotFound):
            views.finder_status(home.db, home.vault, token, NOW)
        with pytest.raises(NotFound):
            reports.write_out(home.db, home.vault, token, NOW)


def test_the_desk_shows_how_many_were_counted(home, wang, scan, at_desk):
    for n in range(20):
        answer = scan(n)
    page = at_desk("duty").get(f"/desk/incidents/{answer.incident_id}", headers={"Accept": "text/html"}).text
    assert "17" in page
    listed = at_desk("duty").get(f"/desk/incidents/{answer.incident_id}", headers=JSON).get_json()
    assert sum(one["more"] for one in listed["told"]) == 17
    assert listed["scans"] == 20


def test_a_press_that_nobody_would_hear_of_is_never_only_counted(home, watch, held, scan):
    """However crowded the minute is: a new source has a row until some other one waits for the same ring."""
    for n in range(100):
        scan(2 + n / 100, "flooder", note=f"{n}")
    watch.at(3.5)
    rows = count(home, "scan")
    scan(4, "true")
    assert count(home, "scan") == rows + 1
    assert by_kind(watch.at(5))["message"] == 1


# What is bounded ----------------------------------------------------------------------------------


def somewhere(n: int) -> Sighting:
    return Sighting(places.Point(43.80 + n % 97 / 1000, 126.50 + n % 89 / 1000), 15.0)


def rows(home: Home) -> int:
    return sum(count(home, table) for table in flood.TABLES)


def test_invented_places_and_notes_are_counted_when_their_share_is_used_up(home, watch, held, scan):
    scan(1.5, "true", sighting=HERE)
    for n in range(600):
        scan(2 + n / 10, f"stranger{n}", sighting=somewhere(n), note=f"{n}", phone="199 0000 0055")
        if n % 20 == 0:
            watch.at(2 + n / 10)
    assert count(home, "scan") <= 70
    assert views.brief(home.db, held).scans == 602
    last = views.whole(home.db, home.vault, held).told[0]
    assert last.last.startswith("599")


def test_one_source_takes_no_more_than_its_own_share(home, watch, held, scan):
    for n in range(300):
        scan(2 + n, "flooder", sighting=somewhere(n), note=f"{n}")
        if n % 10 == 0:
            watch.at(2 + n)
    assert count(home, "scan") <= 135, "120 in an hour, and those that ring"
    before = count(home, "scan")
    scan(303, "true", note="红衣服")
    assert count(home, "scan") == before + 1


def test_who_is_new_finds_room_where_the_flooders_do_not(home, watch, held, scan):
    for n in range(600):
        scan(2 + n / 10, f"stranger{n % 40}", sighting=somewhere(n))
    before = count(home, "scan")
    answer = scan(63, "true", sighting=FAR, note="红衣服")
    assert count(home, "scan") == before + 1
    assert answer.ignored == []


def test_what_is_only_counted_is_named_and_its_finder_has_a_page(home, watch, held, scan):
    for n in range(70):
        answer = scan(2 + n / 100, f"stranger{n}", note="红衣服", phone="199 0000 0055")
    assert {(one.field, one.reason) for one in answer.ignored} == {
        ("note", "only_counted"),
        ("phone", "only_counted"),
    }
    page = views.finder_status(home.db, home.vault, answer.status_token, NOW + timedelta(seconds=4))
    assert (page.incident_id, page.code) == (held, answer.code)


def test_a_place_that_is_put_right_without_end_stays_one_report(home, watch, held, scan):
    page = scan(2, "another", sighting=HERE).status_token
    before = rows(home)
    for n in range(300):
        scan(3 + n / 10, "another", status=page, sighting=somewhere(n))
    assert rows(home) - before <= 130
    told = views.whole(home.db, home.vault, held).told[0]
    assert told.point == somewhere(299).point, "the newest is kept"


def test_a_flood_of_messages_is_stopped_and_told_so(client, home, wang, watch, scan):
    answers = [scan(0, f"stranger{n}", note=f"{n}") for n in range(40)]
    said = [client.post(f"/s/{one.status_token}/messages", json={"text": "在吗"}) for one in answers]
    assert [one.status_code for one in said] == [201] * 30 + [429] * 10
    assert said[-1].get_json()["hotlines"]


def test_ten_times_the_reports_write_the_same_rows():
    with flood.furnished() as (db, vault):
        usual = flood.hour(db, vault, flood.Flood("usual", 60, 100, 0.5, minutes=4), 50_000, 1)
        tenfold = flood.hour(db, vault, flood.Flood("tenfold", 600, 100, 0.5, minutes=4), 50_001, 2)
    assert tenfold.reports > 6 * usual.reports
    assert tenfold.rows <= 1.2 * usual.rows
    assert all(delay is not None for outcome in (usual, tenfold) for _, delay in outcome.true_scans)


def test_the_story_of_a_flood_is_folded_on_the_desk(home, wang, watch, held, scan, at_desk):
    for n in range(55):
        scan(2 + n / 10, f"stranger{n}", sighting=somewhere(n), note=f"{n}")
        watch.at(2 + n / 10)
    page = at_desk("duty").get(f"/desk/incidents/{held}", headers={"Accept": "text/html"})
    assert len(page.data) < 60_000
    listed = at_desk("duty").get(f"/desk/incidents/{held}", headers=JSON).get_json()
    assert len(listed["timeline"]) < 30
    assert sum("还有" in line["text"] for line in listed["timeline"]) == 1
    assert "55" in page.text


# The whole, in small ------------------------------------------------------------------------------


def test_a_crowded_minute_has_sixty_rows_of_mere_presses(home, watch, held, scan):
    for n in range(600):
        scan(2 + n / 10, f"stranger{n}")
        if n % 20 == 0:
            watch.at(2 + n / 10)
    assert count(home, "scan") <= 70
    assert count(home, "event") <= 160
    assert views.brief(home.db, held).scans == 601
