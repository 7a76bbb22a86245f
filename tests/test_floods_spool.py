"""Floods while the database is gone: what waits beside it is counted too, and no true scan is lost."""

from datetime import timedelta

from conftest import NOW, Home, Wearer
from flooding import count
from watch import by_kind

from station import fallback, spool
from station.incidents import reports, views
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.issuing import records


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
