"""Floods: a true scan always rings, nobody is rung without end, and the disk fills no faster than it must."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from conftest import NOW, Home, Wearer
from provider import Provider
from watch import Watch, by_kind, connect

from bench import flood
from station import fallback, places, spool
from station.errors import NotFound
from station.incidents import acts, lanes, reports, views
from station.incidents.acts import Move
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.issuing import records

DUTY = 2
JSON = {"Accept": "application/json"}
HERE = Sighting(places.Point(43.8255, 126.5601), 15.0)
FAR = Sighting(places.Point(43.8355, 126.5701), 8.0)  # 1.3 km from HERE


@pytest.fixture
def gateway() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def watch(home: Home, wang: Wearer, gateway: Provider) -> Watch:
    connect(home, gateway, NOW)
    return Watch(home, gateway, NOW)


@pytest.fixture
def scan(home: Home, wang: Wearer):
    """`scan(seconds, "source", act=…)` reports Wang's badge from a network."""
    serial = records.get(home.db, wang.badge_id).serial

    def report(seconds: float = 0, source: str = "finder", act: str = "with_elder", **sent) -> reports.Answer:
        door = Door(1, serial, source.encode())
        report = Report(uuid.uuid4().hex, act, **sent)
        return reports.report(home.db, home.vault, door, report, NOW + timedelta(seconds=seconds))

    return report


@pytest.fixture
def held(home, watch, scan) -> int:
    """An open incident that the officer on duty has taken, so that the ladder is silent."""
    incident = scan().incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW)
    watch.at(1)
    return incident


def count(home: Home, table: str) -> int:
    return home.db.scalar(f"SELECT count(*) FROM {table}")  # noqa: S608


# What rings ---------------------------------------------------------------------------------------


def test_the_first_evidence_rings_at_once_while_another_badge_is_flooded(home, watch, scan):
    for n in range(100):
        sent = Report(uuid.uuid4().hex, "with_elder")
        reports.report(home.db, home.vault, Door(1, 4000, b"%d" % n), sent, NOW)
    watch.at(1)
    scan(2, "17")  # from a network of the flood
    assert by_kind(watch.at(2))["notice"] == 4


def test_a_new_source_rings_who_holds_the_incident_and_the_same_one_does_not(watch, held, scan):
    scan(10, "finder")
    assert watch.at(11) == []
    scan(12, "another")
    messages = watch.at(13)
    assert by_kind(messages) == {"message": 1}
    assert "另一位" in messages[0]["text"]
    scan(14, "another")
    assert watch.at(15) == []


def test_a_source_rings_again_after_half_an_hour(watch, held, scan):
    scan(10, "another")
    watch.at(11)
    scan(10 + 1700, "another")
    assert by_kind(watch.at(10 + 1701))["message"] == 0
    scan(10 + 1801, "another")
    assert by_kind(watch.at(10 + 1802))["message"] > 0


def test_what_waits_is_told_by_one_ring_that_counts_all(watch, held, scan):
    rings = 0
    for n in range(40):
        scan(10 + n, f"stranger{n}")
        rings += by_kind(watch.at(10 + n))["message"]
    assert rings == 2, "of three the opening has taken one"
    digest = [one for one in watch.at(320) if one["kind"] == "message"]
    assert len(digest) == 1
    assert "38" in digest[0]["text"]


def test_forged_presses_take_nothing_from_a_scan_with_evidence(watch, held, scan):
    for n in range(5):
        scan(6 + n, f"stranger{n}")
        watch.at(6 + n)
    scan(12, "true", phone="199 0000 0055")
    assert by_kind(watch.at(13))["message"] == 1


def test_a_digest_names_the_place_nearest_to_home_first(watch, held, scan):
    for n in range(3):
        scan(10, f"early{n}", phone="199 0000 0055")
    watch.at(11)
    scan(12, "known", sighting=HERE)
    watch.at(13)
    scan(14, "far", sighting=Sighting(places.Point(43.9210, 126.5620), 15.0))
    scan(14, "near", sighting=Sighting(places.Point(43.8215, 126.5620), 15.0))
    texts = [one["text"] for one in watch.at(75)]
    digest = next(text for text in texts if "离家最近" in text).split("离家最近")[1]
    assert digest.index("60") < digest.index("11")


def test_rings_are_kept_by_the_disk_over_a_restart_of_the_sender(watch, held, scan):
    for n in range(10):
        scan(10, f"stranger{n}")
    rung = by_kind(watch.at(11))["message"]
    watch.restart()
    assert rung == 1
    assert by_kind(watch.at(12))["message"] == 0, "nothing is repeated"
    scan(20, "late")
    assert by_kind(watch.at(21))["message"] == 1, "the last token"
    scan(22, "later")
    watch.restart()
    assert by_kind(watch.at(23))["message"] == 0
    assert by_kind(watch.at(330))["message"] == 1, "nothing is lost"


def test_a_clock_that_steps_back_an_hour_silences_no_sighting(home, watch, held, scan):
    for n in range(3):
        scan(4000 + n, f"stranger{n}")
        watch.at(4000 + n)
    scan(400, "true")
    assert by_kind(watch.at(401))["message"] > 0


def test_closing_and_scanning_on_rings_anew_each_time_but_fills_no_budget(home, watch, scan):
    """A new incident is a person's own doing, by closing the last; its sightings share the badge's budget."""
    rings = 0
    for n in range(6):
        incident = scan(60 * n, f"first{n}").incident_id
        assert by_kind(watch.at(60 * n))["notice"] == 4, "the true one may be among them"
        acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
        for m in range(5):
            scan(60 * n + 1 + m, f"stranger{n}-{m}")
            rings += by_kind(watch.at(60 * n + 1 + m))["message"]
        version = home.db.scalar("SELECT version FROM incident WHERE id = ?", incident)
        acts.move(
            home.db,
            home.vault,
            incident,
            Move("closed", version, outcome="false_alarm"),
            by=DUTY,
            now=watch.now,
        )
        watch.at(60 * n + 20)
    assert rings <= 3


def test_a_place_that_moved_within_the_minute_is_told_when_it_is_over(watch, scan):
    answer = scan(sighting=HERE)
    watch.at(0)
    scan(5, status=answer.status_token, sighting=FAR)
    assert by_kind(watch.at(6))["place"] == 4
    scan(20, status=answer.status_token, sighting=HERE)
    assert by_kind(watch.at(21))["place"] == 0
    messages = [one for one in watch.at(66) if one["kind"] == "place"]
    assert len(messages) == 4
    assert {one["location"]["lat"] for one in messages} == {HERE.point.lat}


def test_a_place_that_is_no_news_when_the_minute_is_over_is_not_told(watch, scan):
    answer = scan(sighting=HERE)
    watch.at(0)
    scan(5, status=answer.status_token, sighting=FAR)
    watch.at(6)
    scan(20, status=answer.status_token, sighting=HERE)
    watch.at(21)
    scan(30, status=answer.status_token, sighting=FAR)
    assert by_kind(watch.at(70))["place"] == 0


def test_typed_places_share_the_plain_budget(home, watch, held, scan):
    for n in range(60):
        scan(10 + 60 * n, f"stranger{n}", sighting=Sighting(place=f"第{n}个路口"))
        watch.at(11 + 60 * n)
    told = "SELECT count(*) FROM event WHERE kind IN ('place', 'rung') AND detail <> 'moved' AND detail <> 'better'"
    assert 10 <= home.db.scalar(told) <= 16


def test_soft_notices_are_ten_minutes_apart_wherever_the_clock_stands(watch, scan):
    for seconds, notices in ((590, 1), (610, 0), (1180, 0), (1191, 1), (1200, 0)):
        scan(seconds, act="opened")
        assert by_kind(watch.at(seconds))["soft_notice"] == notices, seconds
    watch.restart()
    assert watch.at(1201) == []


# What is counted ----------------------------------------------------------------------------------


def test_the_fourth_same_press_of_a_source_in_a_minute_is_counted(home, watch, scan):
    answers = [scan(n / 10) for n in range(20)]
    assert count(home, "scan") == 3
    assert home.db.scalar("SELECT sum(more) FROM scan_count") == 17
    assert len({answer.status_token for answer in answers}) == 20
    assert len({answer.incident_id for answer in answers}) == 1
    scan(70)
    assert count(home, "scan") == 4, "another minute"


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


# What waits beside the database ---------------------------------------------------------------------


def put_by(home: Home, wang: Wearer, request_id: str, source: bytes, seconds: float = 0, **sent) -> str:
    """A report that goes to the spool; returns the address of its page."""
    serial = records.get(home.db, wang.badge_id).serial
    report = Report(request_id, sent.pop("act", "with_elder"), **sent)
    now = NOW + timedelta(seconds=seconds)
    spool.write(home.config.spool, home.ring, report, station=1, serial=serial, source=source, now=now)
    return reports.waiting_token(home.ring, 1, serial, request_id)


def take_in(home: Home) -> int:
    return fallback.import_spool(home.config, home.ring, home.db, home.vault, lambda: None)


def page_of(home: Home, token: str) -> views.FinderStatus:
    return views.finder_status(home.db, home.vault, token, NOW + timedelta(minutes=1))


def test_a_flood_out_of_the_spool_is_counted_and_loses_no_true_scan(home, wang, watch):
    put_by(home, wang, "the-true-first", b"true", phone="199 0000 0055")
    pages = [
        put_by(home, wang, f"forged-{n:04}", b"%03d" % (n % 100), n / 10, note=f"{n}") for n in range(150)
    ]
    hurt = put_by(home, wang, "the-true-hurt", b"else", 16, act="hurt")
    assert take_in(home) == 152
    assert count(home, "scan") <= 70
    assert views.brief(home.db, 1).scans == 152
    assert {one.phone for one in views.whole(home.db, home.vault, 1).told} >= {"199 0000 0055"}
    assert (page_of(home, hurt).act, page_of(home, hurt).scan_id > 0) == ("hurt", True)
    assert {page_of(home, page).incident_id for page in pages} == {1}
    assert [page_of(home, page).code for page in pages] == [
        reports.call_code(home.ring, f"forged-{n:04}") for n in range(150)
    ]
    assert by_kind(watch.at(42))["notice"] == 4


def test_who_was_counted_out_of_the_spool_writes_from_a_page_of_their_own(home, wang, watch):
    pages = [put_by(home, wang, f"the-same-{n}", b"one", n) for n in range(5)]
    take_in(home)
    assert count(home, "scan") == 3
    assert page_of(home, pages[4]).scan_id == 0
    scan_id = reports.write_out(home.db, home.vault, pages[4], NOW)
    assert page_of(home, pages[4]).scan_id == scan_id
    assert page_of(home, pages[3]).scan_id == 0
    assert views.brief(home.db, 1).scans == 5


def test_what_was_written_and_came_once_more_into_the_spool_is_one_report(home, wang, watch):
    serial = records.get(home.db, wang.badge_id).serial
    sent = Report("twice-the-same", "with_elder")
    first = reports.report(home.db, home.vault, Door(1, serial, b"one"), sent, NOW)
    again = put_by(home, wang, "twice-the-same", b"one")
    take_in(home)
    assert count(home, "scan") == 1
    assert page_of(home, again) == page_of(home, first.status_token)


def test_a_flood_fills_no_disk_with_what_waits_and_the_newest_stays(home, wang, watch):
    pages = [put_by(home, wang, f"forged-{n:04}", b"one", n, note=f"{n}") for n in range(140)]
    other = put_by(home, wang, "from-elsewhere", b"two", 140)
    waiting = {one.report.note: one.more for one in spool.waiting(home.config.spool, home.ring)}
    assert len(waiting) == spool.MOST_OF_SOURCE + 2
    assert waiting["139"] == 19
    take_in(home)
    assert not list(home.config.spool.glob("*.report"))
    assert views.brief(home.db, 1).scans == 141
    assert page_of(home, pages[130]).incident_id == page_of(home, other).incident_id == 1
    assert views.whole(home.db, home.vault, 1).told[0].at == NOW + timedelta(seconds=140)


def test_duty_is_rung_no_more_often_for_what_waits_than_for_what_is_written(home, wang):
    """While the database is gone, too, a flood of six hundred a minute is a few messages, which count it."""
    rings, told = fallback.Rings(), {}
    for minute in range(7):
        for n in range(15):
            put_by(home, wang, f"forged-{minute}-{n:04}", b"%03d" % n, minute * 60 + n, note=f"{n}")
        now = NOW + timedelta(minutes=minute + 1)
        due = rings.due(spool.waiting(home.config.spool, home.ring), now)
        told |= {waiting.path.name: others for waiting, others in due}
    assert len(told) <= 6
    assert sum(told.values()) + len(told) >= 90
    put_by(home, wang, "the-true-hurt", b"true", 430, act="hurt")
    due = rings.due(spool.waiting(home.config.spool, home.ring), NOW + timedelta(seconds=431))
    assert "hurt" in {waiting.report.act for waiting, _ in due}


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


# Misses -------------------------------------------------------------------------------------------


def test_unknown_codes_are_slowed_down_and_known_ones_never(client, wang):
    forged = [client.get(f"/{'1' * 40}{n:012d}").status_code for n in range(100)]
    assert forged[0] == 404
    assert forged[-1] == 429
    assert client.post(f"/{'1' * 52}/scans", json={}).status_code == 429
    assert client.get(wang.path).status_code == 200
    assert client.post(f"{wang.path}/scans", json={"act": "hurt"}).status_code == 201


# The whole, in small ------------------------------------------------------------------------------


@pytest.mark.parametrize("evidence", [0.0, 0.5])
def test_in_a_flood_every_true_scan_rings_in_time_and_the_rest_stays_bounded(evidence):
    with flood.furnished() as (db, vault):
        outcome = flood.hour(db, vault, flood.Flood("in small", 20, 300, evidence), 50_000, 1)
    assert len(outcome.true_scans) == flood.TRUE_SCANS
    tick = flood.TICK.total_seconds()
    for lane, delay in outcome.true_scans:
        assert delay is not None, f"a scan in the {lane} lane never rang"
        assert delay <= lanes.EVERY[lane].total_seconds() + tick
    assert outcome.rings["plain"] <= 16
    assert outcome.rings["evidence"] <= 64


def test_a_crowded_minute_has_sixty_rows_of_mere_presses(home, watch, held, scan):
    for n in range(600):
        scan(2 + n / 10, f"stranger{n}")
        if n % 20 == 0:
            watch.at(2 + n / 10)
    assert count(home, "scan") <= 70
    assert count(home, "event") <= 160
    assert views.brief(home.db, held).scans == 601


def test_a_status_that_is_no_page_is_named_and_a_missing_act_is_not(client, wang):
    answer = client.post(f"{wang.path}/scans", json={"status": "0" * 32}).get_json()
    assert answer["ignored"] == [{"field": "status", "reason": "not_known"}]
    known = client.post(f"{wang.path}/scans", json={"status": answer["status_url"]}).get_json()
    assert known["ignored"] == []
