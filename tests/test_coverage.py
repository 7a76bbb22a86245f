"""Who is reached: counted from what really is, timed by what really happened, without a name."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from applying import approve
from conftest import WANG, enrol
from entering import LI, actions

from station import clock, coverage, enrolment
from station.applications import intake
from station.db import transaction
from station.issuing import checks, life, orders
from station.web import elder_form


def whole(home, now):
    return coverage.areas(home.db, home.vault, 1, now, now.date())[-1]


def area(home, now, name="龙城社区"):
    return next(one for one in coverage.areas(home.db, home.vault, 1, now, now.date()) if one.name == name)


def see(desk) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", desk.get("/coverage").text)


@pytest.fixture
def three(home, wang):
    """Wang wears a badge; Li has none; Qian is 50, of the other community."""
    enrol(home, replace(WANG, name="李长海", birth_date="1940-01-01"), "form-li")
    enrol(home, replace(WANG, name="钱小宝", birth_date="1976-01-01", community_id="2"), "form-qian")
    return wang


def test_registered_and_wearing_are_counted_by_community_and_age(home, three, now):
    here, there, all_ = area(home, now), area(home, now, "滨江社区"), whole(home, now)
    assert (here.registered, here.younger, here.wearing, here.badge_waits) == (2, 0, 1, 1)
    assert (there.registered, there.younger, there.wearing) == (0, 1, 0)
    assert (all_.registered, all_.people, all_.wearing) == (2, 3, 1)


def test_somebody_is_over_sixty_from_the_birthday_on(home, now):
    enrol(home, replace(WANG, birth_date="1966-11-21"), "today")
    enrol(home, replace(WANG, name="李", birth_date="1966-11-22"), "tomorrow")
    enrol(home, replace(WANG, name="孙", birth_date=""), "unknown")
    here = area(home, now)
    assert (here.registered, here.younger, here.age_unknown) == (1, 1, 1)


def test_who_moved_died_or_was_found_without_the_badge_does_not_count_as_wearing(home, three, now):
    checks.record(home.db, home.vault, three.badge_id, "refused", by=1, now=now)
    assert area(home, now).wearing == 0
    with transaction(home.db):
        home.db.write("UPDATE elder SET status = 'deceased' WHERE id = ?", three.id)
    assert area(home, now).registered == 1


def test_the_share_needs_the_population_and_older_numbers_stay(home, three, at_desk, now):
    desk = at_desk("worker")
    assert area(home, now).share is None
    for number in ("900", "800"):
        sent = desk.post("/coverage/population", data={"community_id": "1", "over_60": number})
        assert sent.status_code == 303
    assert area(home, now).share == pytest.approx(0.25)
    assert "800 人中的 2 人（0.2 %）" in see(desk) or "800 人中的 2 人（0.3 %）" in see(desk)
    assert whole(home, now).population is None, "the other community's is not known"
    assert home.db.scalar("SELECT count(*) FROM population") == 2
    assert actions(home).count("population.set") == 2


@pytest.mark.parametrize("number", ["", "many", "-3", "0", "99999999999", "1e3"])
def test_a_population_that_is_none_is_refused(home, at_desk, number):
    sent = at_desk("worker").post("/coverage/population", data={"community_id": "1", "over_60": number})
    assert sent.status_code == 422
    assert home.db.scalar("SELECT count(*) FROM population") == 0


def test_refusals_are_counted_with_their_reasons_until_somebody_changes_their_mind(home, three, at_desk, now):
    desk = at_desk("worker")
    desk.post("/coverage/refusals", data={"community_id": "1", "reason": "shame", "form_id": "a" * 32})
    desk.post("/coverage/refusals", data={"community_id": "1", "reason": "shame", "form_id": "a" * 32})
    li = int(home.db.scalar("SELECT max(id) FROM elder WHERE community_id = 1"))
    desk.post(f"/elders/{li}/refusal", data={"reason": "looks"})
    desk.post(f"/elders/{li}/refusal", data={"reason": "privacy"})
    assert area(home, now).refused == {"looks": 1, "shame": 1}
    assert "不喜欢样子" in desk.get(f"/elders/{li}").text
    assert "不愿被当成病人" in see(desk)
    assert desk.post("/coverage/refusals", data={"community_id": "1", "reason": "x"}).status_code == 422
    number = home.db.scalar("SELECT id FROM refusal WHERE elder_id = ?", li)
    desk.post(f"/coverage/refusals/{number}/end", data={"back": "record"})
    desk.post(f"/coverage/refusals/{number}/end")
    assert area(home, now).refused == {"shame": 1}
    assert (actions(home).count("refusal.add"), actions(home).count("refusal.end")) == (2, 1)


def test_who_wears_a_badge_by_now_refuses_no_longer(home, three, at_desk, now):
    at_desk("worker").post(f"/elders/{three.id}/refusal", data={"reason": "looks"})
    assert area(home, now).refused == {}


def test_the_time_of_an_entry_is_that_of_its_form_and_names_nobody(home, app, at_desk, now):
    desk = at_desk("worker")
    page = desk.get("/elders/new").text
    form_id = re.search(r'name="form_id" value="([0-9a-f]{32})"', page)[1]
    form = {**LI, "form_id": form_id, "do": "save"}
    assert desk.post("/elders", data=form | {"name": ""}).status_code == 422
    assert desk.post("/elders", data=form).status_code == 303
    assert desk.post("/elders", data=form).status_code == 303
    rows = home.db.rows("SELECT * FROM entry_time")
    assert len(rows) == 1
    assert set(rows[0]) == {"id", "station", "community_id", "seconds", "day"}
    assert rows[0]["seconds"] < 60
    with app.test_request_context(base_url="https://zj.example.cn"):
        assert elder_form.seconds_open(form_id) > 0
        assert elder_form.seconds_open("f" * 32) is None


def test_what_is_not_measured_is_said_in_words(home, at_desk, now):
    desk = at_desk("worker")
    assert "还没有测到" in see(desk)
    assert "还没有申请走到这一步" in see(desk)
    assert "没有计入：用表格登记的" in see(desk)
    coverage.note_entry(home.db, station=1, community_id=1, seconds=70, day=now.date())
    assert "70 秒 目前只有 1 次" in " ".join(see(desk).split())
    coverage.note_entry(home.db, station=1, community_id=1, seconds=90, day=now.date())
    assert "80 秒 2 次的中位数" in " ".join(see(desk).split())


def test_a_form_number_of_somebody_s_own_is_not_timed(home, at_desk):
    desk = at_desk("worker")
    assert desk.post("/elders", data={**LI, "form_id": "b" * 32, "do": "save"}).status_code == 303
    assert home.db.scalar("SELECT count(*) FROM entry_time") == 0


def test_the_median_is_of_real_entries_and_a_form_left_open_is_none(home, now):
    for seconds in (50, 70, 600, 20_000, -5):
        coverage.note_entry(home.db, station=1, community_id=1, seconds=seconds, day=now.date())
    coverage.note_entry(home.db, station=1, community_id=1, seconds=1, day=now.date() - timedelta(days=400))
    assert (area(home, now).times.entries, area(home, now).times.entry_s) == (3, 70)


def test_hours_from_application_to_badge(home, now, at_desk):
    locality = enrolment.Locality("0432", "", frozenset([1]))
    for n, hours in enumerate((20, 70)):
        form = replace(WANG, name=f"赵桂{n}")
        checked = enrolment.check(form, locality, now.date())
        intake.receive(home.db, home.vault, form, checked, form_id=f"f{n}", station=1, now=now)
        elder_id = approve(home, now)
        badge = orders.order(home.db, home.vault, elder_id, by=1, now=now)
        with transaction(home.db):
            made = clock.text(now + timedelta(hours=10))
            home.db.write("UPDATE badge SET state = 'made', made_at = ? WHERE id = ?", made, badge)
        life.activate(home.db, home.vault, badge, by=1, now=now + timedelta(hours=hours))
    times = area(home, now + timedelta(hours=100)).times
    assert (times.applied, times.made_h, times.worn_h, times.within_promise) == (2, 10, 45, 1)
    with transaction(home.db):  # the page is seen today
        home.db.write("UPDATE application SET created_at = ?", clock.text(clock.utcnow() - timedelta(days=3)))
    assert "2 份申请中的" in see(at_desk("operator"))


def test_the_operator_sees_counts_and_can_change_nothing(home, three, at_desk):
    at_desk("worker").post(f"/elders/{three.id}/refusal", data={"reason": "looks"})
    page = at_desk("operator").get("/coverage").text
    assert f"/elders/{three.id}" not in page
    assert "<form" not in page.split("<main")[1]
    assert three.form.name not in page
