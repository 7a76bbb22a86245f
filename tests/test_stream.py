"""The live feed: events arrive, resume after a break, end cleanly, and polling alone tells the same."""

import itertools
import json

import pytest
from sightings import at_market, scan

from station.clock import utcnow
from station.config import WEB_PROCESSES
from station.incidents import acts
from station.web.desk import stream

STREAM = {"Accept": "text/event-stream"}
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Look often and beat soon, so that the tests wait for nothing."""
    monkeypatch.setattr(stream, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(stream, "BEAT_S", 0.05)


class Line:
    """A console's open stream."""

    def __init__(self, desk, path="/desk/events?after=0", **headers) -> None:
        self.answer = desk.get(path, headers=STREAM | headers, buffered=False)
        self.blocks = iter(self.answer.response)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()

    def next_block(self) -> str:
        block = next(self.blocks)
        return block.decode() if isinstance(block, bytes) else block

    def next_event(self) -> dict:
        while True:
            lines = self.next_block().splitlines()
            data = [line[6:] for line in lines if line.startswith("data: ")]
            if data:
                event = json.loads(data[0])
                assert f"id: {event['id']}" in lines
                return event


def polled(desk, after=0):
    return desk.get(f"/desk/events?after={after}", headers=JSON).get_json()


def test_a_stream_says_how_to_come_back_and_is_not_held_up(at_desk):
    with Line(at_desk("duty")) as line:
        assert line.answer.mimetype == "text/event-stream"
        assert line.answer.headers["X-Accel-Buffering"] == "no"
        assert line.answer.headers["Cache-Control"] == "no-store"
        assert line.next_block() == "retry: 2000\n\n"


def test_a_scan_arrives_while_the_stream_is_open(home, at_desk, wang):
    with Line(at_desk("duty")) as line:
        line.next_block()
        answer = at_market(home, wang)
        event = line.next_event()
    assert event["kind"] == "opened"
    assert (event["incident"], event["state"]) == (str(answer.incident_id), "alerting")
    assert event["badge_number"] == wang.number


def test_events_hold_no_personal_data(home, at_desk, wang):
    at_market(home, wang)
    events = polled(at_desk("duty"))["events"]
    assert set(events[0]) == {"id", "kind", "incident", "state", "at", "badge_number", "act"}
    assert [event["kind"] for event in events] == ["opened", "scan", "place"]
    text = json.dumps(events, ensure_ascii=False)
    for secret in (wang.form.name, "东市场", "19900000055", "43.8"):
        assert secret not in text


def test_a_quiet_line_beats(at_desk):
    with Line(at_desk("duty")) as line:
        line.next_block()
        assert line.next_block() == ": heartbeat\n\n"


def test_after_a_break_nothing_is_missing_and_nothing_comes_twice(home, at_desk, wang):
    desk = at_desk("duty")
    at_market(home, wang)
    with Line(desk) as line:
        first = line.next_event()
    acts.claim(home.db, int(first["incident"]), "both", by=2, now=utcnow())
    seen = [first["id"]]
    with Line(desk, **{"Last-Event-ID": str(first["id"])}) as line:
        while len(seen) < 4:
            seen.append(line.next_event()["id"])
    assert seen == [event["id"] for event in polled(desk)["events"]]


def test_the_browser_s_last_event_id_wins_over_the_page_s_number(home, at_desk, wang):
    at_market(home, wang)
    newest = home.db.scalar("SELECT max(id) FROM event")
    headers = JSON | {"Last-Event-ID": str(newest)}
    assert at_desk("duty").get("/desk/events?after=0", headers=headers).get_json()["events"] == []


def test_a_stream_without_a_number_begins_now(home, at_desk, wang):
    at_market(home, wang)
    with Line(at_desk("duty"), "/desk/events") as line:
        line.next_block()
        assert line.next_block() == ": heartbeat\n\n"
        scan(home, wang, "hurt")
        assert line.next_event()["act"] == "hurt"


def test_polling_alone_hears_everything_once(home, at_desk, wang):
    desk, heard, last = at_desk("duty"), [], 0
    for act in ("opened", "with_elder", "test", "hurt"):
        scan(home, wang, act)
        body = polled(desk, last)
        heard += [event["id"] for event in body["events"]]
        last = body["last"]
        assert polled(desk, last)["events"] == []
    assert heard == [row["id"] for row in home.db.rows("SELECT id FROM event ORDER BY id")]


def test_a_long_backlog_comes_in_pieces_without_a_gap(home, at_desk, wang, monkeypatch):
    monkeypatch.setattr(stream.feed, "MOST", 5)
    for n in range(11):  # and the opening of the incident
        scan(home, wang, "with_elder", note=f"{n}")  # mere presses of one source would only be counted
    desk = at_desk("duty")
    sizes, last = [], 0
    for _ in range(4):
        body = polled(desk, last)
        sizes.append(len(body["events"]))
        last = body["last"]
    assert sizes == [5, 5, 2, 0]
    with Line(desk) as line:
        assert len({line.next_event()["id"] for _ in range(12)}) == 12


@pytest.mark.parametrize("after", ["", "x", "-1", "1e3", "１", "9" * 30])
def test_a_strange_number_means_now(home, at_desk, wang, after):
    at_market(home, wang)
    body = at_desk("duty").get(f"/desk/events?after={after}", headers=JSON).get_json()
    assert body == {"events": [], "last": home.db.scalar("SELECT max(id) FROM event")}


def test_a_number_from_before_a_restored_backup_does_not_stay_in_the_future(home, at_desk, wang):
    at_market(home, wang)
    assert polled(at_desk("duty"), 1_000_000)["last"] == home.db.scalar("SELECT max(id) FROM event")


def test_beyond_its_places_a_console_is_told_to_poll(home, at_desk, wang, monkeypatch):
    monkeypatch.setattr(stream, "_places", stream.Places(2, 9))
    desk = at_desk("duty")
    with Line(desk), Line(desk):
        full = desk.get("/desk/events?after=0", headers=STREAM)
        assert full.status_code == 503
        assert int(full.headers["Retry-After"]) > 0
        at_market(home, wang)
        assert polled(desk)["events"]
    with Line(desk) as line:
        assert line.answer.status_code == 200


def test_a_browser_with_many_tabs_keeps_connections_for_a_press(at_desk):
    tabs, colleague = at_desk("duty"), at_desk("duty")
    with Line(tabs) as first, Line(tabs):
        assert first.answer.status_code == 200
        assert tabs.get("/desk/events?after=0", headers=STREAM).status_code == 503
        with Line(colleague) as other:
            assert other.answer.status_code == 200
    with Line(tabs) as again:
        assert again.answer.status_code == 200
    assert stream.MOST_OF_ONE * WEB_PROCESSES < 6, "a browser opens no more connections to a host"


def test_a_hundred_and_twenty_eight_may_listen():
    most = stream.MOST_STREAMS
    assert most * WEB_PROCESSES == 128
    places = stream.Places(most, stream.MOST_OF_ONE)
    assert all(places.take(f"browser {n}") for n in range(most))
    assert not places.take("one more")
    places.give_back("browser 7")
    assert places.take("one more")


def test_the_server_ends_a_stream_so_that_the_session_is_looked_at_again(at_desk, monkeypatch):
    monkeypatch.setattr(stream, "LONGEST_S", 0.05)
    with Line(at_desk("duty")) as line:
        assert len(list(line.blocks)) < 10


def test_a_console_that_left_frees_its_place(at_desk):
    gone = {"waitress.client_disconnected": lambda: True}
    answer = at_desk("duty").get("/desk/events", headers=STREAM, environ_overrides=gone, buffered=False)
    assert len(list(answer.response)) == 1
    answer.close()


def test_a_replaced_database_ends_the_stream(home, at_desk):
    with Line(at_desk("duty")) as line:
        line.next_block()
        moved = home.config.database.with_suffix(".old")
        home.config.database.rename(moved)
        rest = list(itertools.islice(line.blocks, 3))
        moved.rename(home.config.database)
    assert rest == []


def test_workers_and_strangers_do_not_listen(at_desk, client):
    assert at_desk("worker").get("/desk/events", headers=STREAM).status_code == 403
    assert client.get("/desk/events", headers=STREAM, base_url="https://zj.example.cn").status_code == 401
