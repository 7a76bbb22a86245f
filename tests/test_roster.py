"""The roster: who is on duty when, the days that differ, swaps, taking over, and what is said when nobody is there."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import NOW, Home
from provider import Provider
from test_alerting import scan
from test_roster_file import PLAN, instance, load  # noqa: F401 - the fixture of a founded instance
from watch import Watch, by_kind, connect

from station import accounts, clock, duty, emergency, founding, holidays, readiness, swaps
from station.alerts import people
from station.db import transaction
from station.duty import Change, Shift
from station.errors import Conflict, Invalid, NotFound
from station.holidays import Run
from station.selfwatch import tonight
from station.selfwatch.tonight import Asked

DUTY, BACKUP, SECRETARY = 2, 3, 4
ZONE = "Asia/Shanghai"
LOCAL = datetime.fromisoformat("2026-11-22T03:00")  # a Sunday, by the clock on the wall
SATURDAY_NIGHT = Change(date(2026, 11, 21), 20 * 60, 720, "on_duty")  # runs over midnight, NOW lies in it


def change(home: Home, span: Change, *, off: int | None = None, on: int | None = None) -> int:
    with transaction(home.db):
        wanted = Change(span.day, span.starts_minute, span.minutes, span.level, off, on)
        return duty.add_change(home.db, 1, wanted, by=SECRETARY, now=NOW)


def on_duty(home: Home, moment: datetime = NOW) -> list[int]:
    return [person.id for person in people.on_duty(home.db, 1, moment, ZONE)]


def rung(gateway: Provider, since: int = 0) -> set[str]:
    return {request.path for request in gateway.requests[since:] if request.json()["kind"] == "ladder"}


def test_a_stand_in_is_rung_instead_of_who_is_on_the_template(home, wang, watch, gateway):
    change(home, SATURDAY_NIGHT, off=DUTY, on=SECRETARY)
    assert on_duty(home) == [SECRETARY]
    assert on_duty(home, NOW + timedelta(hours=6)) == [DUTY], (
        "after eight in the morning the week counts again"
    )
    scan(home, wang)
    watch.at(0)
    assert rung(gateway) == {f"/staff/{SECRETARY}"}


def test_the_console_and_the_emergency_file_know_the_stand_in(home, at_desk):
    change(home, SATURDAY_NIGHT, off=DUTY, on=SECRETARY)
    emergency.refresh(home.db, home.vault, home.config.emergency_file, ZONE, NOW)
    written = emergency.read(home.config.emergency_file, home.ring).on_duty
    assert written[0].staff_id == SECRETARY


def test_somebody_comes_in_addition_and_a_change_can_be_taken_back(home):
    number = change(home, SATURDAY_NIGHT, on=SECRETARY)
    assert on_duty(home) == [DUTY, SECRETARY]
    with transaction(home.db):
        duty.withdraw_change(home.db, 1, number, NOW)
    assert on_duty(home) == [DUTY]
    with pytest.raises(NotFound), transaction(home.db):
        duty.withdraw_change(home.db, 1, number, NOW)


def test_an_empty_roster_goes_to_the_next_at_once_and_tells_the_secretaries(home, wang, watch, gateway):
    change(home, SATURDAY_NIGHT, off=DUTY)
    scan(home, wang)
    messages = watch.at(0)
    assert rung(gateway) == {f"/staff/{BACKUP}"}
    told = [m for m in messages if m["kind"] == "message"]
    assert len(told) == 2
    assert all("排班表上没有人" in m["text"] for m in told), "both secretaries hear what to mend"
    assert home.db.scalar("SELECT detail FROM event WHERE kind = 'unmanned'") == "nobody"
    watch.at(20)
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'unmanned'") == 1


def test_somebody_without_a_channel_is_as_good_as_nobody(home, wang, watch, gateway):
    with transaction(home.db):
        home.db.write("UPDATE address SET active = 0 WHERE staff_id = ?", DUTY)
    scan(home, wang)
    watch.at(0)
    assert rung(gateway) == {f"/staff/{BACKUP}"}
    assert home.db.scalar("SELECT detail FROM event WHERE kind = 'unmanned'") == "unreachable"


def test_who_left_the_station_leaves_a_hole_that_shows(home):
    with transaction(home.db):
        home.db.write("UPDATE staff SET active = 0 WHERE id = ?", DUTY)
    assert duty.gaps_ahead(duty.read(home.db, 1), LOCAL, 1) == [(LOCAL, LOCAL + timedelta(days=1))]


def test_the_holes_of_the_week_are_told_once_a_day(home, wang, watch, gateway):
    duty.replace_roster(home.db, 1, [Shift(DUTY, day, 0, 1439, "on_duty") for day in range(7)])
    assert watch.at(0) == [], "at three in the morning nobody is woken for it"
    at_nine = watch.at(6 * 3600 + 60)
    holes = [message for message in at_nine if message["kind"] == "roster"]
    assert len(holes) == 2
    assert "11-22 23:59-11-23 00:00" in holes[0]["text"]
    assert by_kind(watch.at(7 * 3600))["roster"] == 0
    assert by_kind(watch.at(30 * 3600 + 120))["roster"] == 2


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", date(2027, 3, 28)), ("Europe/Berlin", date(2027, 10, 31)), (ZONE, date(2028, 2, 29))],
)
def test_summer_time_and_the_leap_day_open_no_hole(home, zone, day):
    roster = duty.read(home.db, 1)
    start = datetime.combine(day, datetime.min.time(), ZoneInfo(zone))
    for minutes in range(0, 26 * 60, 5):
        moment = start.astimezone(ZoneInfo("UTC")) + timedelta(minutes=minutes)
        assert duty.at(roster, "on_duty", moment, zone) == [DUTY], moment


def test_a_turn_over_midnight_belongs_to_the_day_on_which_it_begins(home):
    duty.replace_roster(
        home.db, 1, [Shift(DUTY, 5, 20 * 60, 720, "on_duty"), Shift(DUTY, 6, 20 * 60, 720, "on_duty")]
    )
    roster = duty.read(home.db, 1)
    for hour, wanted in ((19, []), (20, [DUTY]), (31, [DUTY]), (32, [])):
        assert (
            duty.on(roster, "on_duty", datetime.fromisoformat("2026-11-21") + timedelta(hours=hour)) == wanted
        )
    assert duty.on(roster, "on_duty", datetime.fromisoformat("2026-11-23T07:59")) == [DUTY], (
        "from Sunday into Monday"
    )


def test_a_swap_counts_when_both_have_agreed(home):
    gives, takes = Change(date(2026, 11, 23), 0, 480, "on_duty"), Change(date(2026, 11, 24), 0, 480, "backup")
    number = swaps.ask(home.db, home.vault, gives, takes, by=DUTY, to=BACKUP, now=NOW, timezone=ZONE)
    assert duty.read(home.db, 1).changes == ()
    with pytest.raises(NotFound):
        swaps.answer(home.db, home.vault, number, "accepted", by=DUTY, now=NOW, timezone=ZONE)
    swaps.answer(home.db, home.vault, number, "accepted", by=BACKUP, now=NOW, timezone=ZONE)
    roster = duty.read(home.db, 1)
    assert duty.on(roster, "on_duty", datetime.fromisoformat("2026-11-23T03:00")) == [BACKUP]
    assert duty.on(roster, "backup", datetime.fromisoformat("2026-11-24T03:00")) == [DUTY]
    with pytest.raises(Conflict):
        swaps.answer(home.db, home.vault, number, "refused", by=BACKUP, now=NOW, timezone=ZONE)


def test_a_turn_that_is_not_one_s_own_cannot_be_given(home):
    begun = Change(date(2026, 11, 22), 0, 480, "on_duty")
    strange = Change(date(2026, 11, 23), 60, 480, "on_duty")
    for turn in (begun, strange):
        with pytest.raises(Invalid):
            swaps.ask(home.db, home.vault, turn, None, by=DUTY, to=BACKUP, now=NOW, timezone=ZONE)


def test_a_colleague_hears_of_the_swap_and_answers_it_at_the_desk(home, watch, at_desk):
    now = clock.utcnow()
    turn = next(t for who, t in duty.turns(duty.read(home.db, 1), duty.local(now, ZONE), 3) if who == DUTY)
    asked = at_desk("duty").post("/desk/swaps", data={"gives": swaps.dump(turn), "to": str(BACKUP)})
    assert asked.status_code == 303
    assert by_kind(watch.at(0)) == {"roster": 1}
    colleague = at_desk("duty2")
    assert "王强 请您顶这个班" in colleague.get("/desk/duty").text
    assert at_desk("secretary").post("/desk/swaps/1", data={"answer": "accepted"}).status_code == 404
    assert colleague.post("/desk/swaps/1", data={"answer": "accepted"}).status_code == 303
    assert on_duty(home, turn.starts.replace(tzinfo=ZoneInfo(ZONE))) == [BACKUP]
    (answered,) = watch.at(2)
    assert "同意" in answered["text"]


def test_taking_over_needs_the_ring_and_is_written_down_with_the_open_incidents(home, wang, at_desk):
    incident = scan(home, wang).incident_id
    desk = at_desk("duty")
    assert f"#{incident}" in desk.get("/desk/duty").text
    refused = desk.post("/desk/duty/take-over", data={})
    assert refused.status_code == 422
    assert "请先试响一次" in refused.text
    assert swaps.takeovers(home.db, 1) == []
    assert desk.post("/desk/duty/take-over", data={"heard": "1"}).status_code == 303
    taken = swaps.takeovers(home.db, 1)[0]
    assert (taken.staff_id, taken.rostered, taken.open_incidents) == (DUTY, True, [incident])
    assert home.db.scalar("SELECT count(*) FROM audit WHERE action = 'shift.take_over'") == 1


def rows(page: str) -> dict[str, list[str]]:
    """What the form of the usual week would send."""
    sent: dict[str, list[str]] = {"version": re.findall(r'name="version" value="(\w+)"', page)}
    for name, options in re.findall(
        r'<select id="\w+" name="((?:staff|level)\d+)">(.*?)</select>', page, re.S
    ):
        sent[name] = re.findall(r'value="(\w+)" selected', options) or [""]
    for name, value in re.findall(r'name="((?:starts|ends)\d+)"[^>]* value="([\d:]*)"', page):
        sent[name] = [value]
    for name, value in re.findall(r'name="(days\d+)" value="(\d)" checked', page):
        sent.setdefault(name, []).append(value)
    return sent


def test_the_week_comes_back_as_it_was_when_it_is_saved_unchanged(home, at_desk):
    desk, before = at_desk("secretary"), duty.roster(home.db, 1)
    assert desk.post("/desk/roster", data=rows(desk.get("/desk/roster").text)).status_code == 303
    assert duty.roster(home.db, 1) == before


def test_a_secretary_edits_the_week_and_hears_of_holes_and_doubles(home, at_desk):
    desk = at_desk("secretary")
    sent = rows(desk.get("/desk/roster").text)
    first = next(name for name in sent if name.startswith("staff") and sent[name] == [str(DUTY)])
    sent[first.replace("staff", "days")] = ["0", "1", "2", "3", "4", "5"]
    blank = next(name for name in sent if name.startswith("staff") and sent[name] == [""]).removeprefix(
        "staff"
    )
    sent |= {
        f"staff{blank}": [str(SECRETARY)],
        f"starts{blank}": ["2200"],
        f"ends{blank}": ["06:00"],
        f"days{blank}": ["4"],
    }
    page = desk.post("/desk/roster", data=sent, follow_redirects=True).text
    assert "以下时间没有人值班" in page
    assert "周五 22:00" in page.split("都会被呼叫")[1]
    assert Shift(SECRETARY, 4, 1320, 480, "on_duty") in duty.roster(home.db, 1)
    written = emergency.read(home.config.emergency_file, home.ring)
    assert written.written_at > NOW, "the sealed file follows at once"


def test_two_editors_do_not_undo_each_other(home, at_desk):
    desk = at_desk("secretary")
    sent = rows(desk.get("/desk/roster").text)
    duty.replace_roster(home.db, 1, duty.around_the_clock([BACKUP]))
    assert desk.post("/desk/roster", data=sent).status_code == 409
    assert duty.roster(home.db, 1) == sorted(
        duty.around_the_clock([BACKUP]), key=lambda shift: (shift.weekday, shift.starts_minute)
    )


def test_a_slip_in_the_week_is_marked_and_nothing_is_saved(home, at_desk):
    desk, before = at_desk("secretary"), duty.roster(home.db, 1)
    sent = rows(desk.get("/desk/roster").text)
    for broken in (
        {"starts0": ["25:00"]},
        {"days0": []},
        {"staff0": ["1"]},
        {"staff0": ["6"]},
        {"level0": ["boss"]},
    ):
        page = desk.post("/desk/roster", data=sent | broken)
        assert page.status_code == 422, broken
        assert 'class="err' in page.text
    assert duty.roster(home.db, 1) == before


def test_a_day_that_differs_is_entered_at_the_desk(home, at_desk):
    desk, today = at_desk("secretary"), duty.local(clock.utcnow(), ZONE).date()
    day = today + timedelta(days=1)
    sent = {
        "day": str(day),
        "starts": "20:00",
        "ends": "08:00",
        "level": "on_duty",
        "off_id": str(DUTY),
        "on_id": str(SECRETARY),
    }
    page = desk.post("/desk/roster/changes", data=sent, follow_redirects=True).text
    assert "孙丽 替 王强" in page
    assert "–次日 08:00" in page
    assert "–24:00" in page
    assert duty.on(
        duty.read(home.db, 1), "on_duty", datetime.combine(day, datetime.min.time()) + timedelta(hours=27)
    ) == [SECRETARY]
    for wrong in (
        {"day": "2027-02-29"},
        {"day": "2020-01-01"},
        {"starts": "x"},
        {"on_id": str(DUTY)},
        {"off_id": "", "on_id": ""},
        {"on_id": "6"},
        {"off_id": str(BACKUP)},
    ):
        assert desk.post("/desk/roster/changes", data=sent | wrong).status_code == 422, wrong
    assert len(duty.read(home.db, 1).changes) == 1


def test_a_person_needs_two_verified_channels(home, at_desk, watch, gateway):
    assert "没有已验证的渠道" in at_desk("secretary").get("/desk/roster").text
    connect_again = readiness.of(home.db, DUTY, NOW)
    assert (connect_again.verified, connect_again.enough) == (0, False)
    scan_now = clock.utcnow()
    assert at_desk("secretary").post(f"/desk/roster/people/{DUTY}/trial").status_code == 303
    watch.start = scan_now + timedelta(seconds=1)
    messages = watch.at(0)
    assert by_kind(messages)["trial"] == 1
    assert readiness.of(home.db, DUTY, scan_now).verified == 1
    assert readiness.of(home.db, DUTY, scan_now + timedelta(days=31)).verified == 0


def test_a_trial_is_confirmed_by_a_press_and_not_by_a_look(home, watch, gateway, at_desk, client):
    number = readiness.try_out(home.db, home.vault, DUTY, by=DUTY, now=clock.utcnow())
    link = f"/ok/{readiness.token(home.db, home.ring, number)}"
    assert "我收到了" in client.get(link).text
    assert readiness.of(home.db, DUTY, clock.utcnow()).verified == 0
    assert client.post(link).status_code == 303
    assert readiness.of(home.db, DUTY, clock.utcnow()).verified == 1
    assert client.get("/ok/" + "0" * 32).status_code == 404
    with pytest.raises(Invalid):
        readiness.try_out(home.db, home.vault, DUTY, by=DUTY, now=clock.utcnow())


MAY = datetime(2026, 4, 27, 19, 0, tzinfo=UTC)  # Tuesday at three in the morning; Labour Day begins on Friday


def kinds(messages: list[dict], text: str) -> int:
    return sum(text in message["text"] for message in messages)


def test_a_holiday_is_told_a_week_before_unless_somebody_has_thought_of_it(home, gateway):
    connect(home, gateway, MAY)
    watch = Watch(home, gateway, MAY)
    assert watch.at(0) == [], "nobody is woken for it"
    told = watch.at(6 * 3600 + 60)
    assert kinds(told, "劳动节放假（05-01 至 05-05）快到了") == 2, "both secretaries"
    assert watch.at(30 * 3600) == [], "once"
    found = tonight.look(home.db, Asked(home.config, 1, {}, MAY + timedelta(days=2, hours=17)))
    assert {"holiday": {"day": "05-01"}}.items() <= {item.code: item.values for item in found.items}.items()
    with transaction(home.db):
        home.db.write("DELETE FROM alert")
        duty.add_change(home.db, 1, Change(date(2026, 5, 3), 0, 480, "on_duty", DUTY, BACKUP), by=1, now=MAY)
    assert watch.at(54 * 3600) == [], "a change says that somebody has thought of it"
    with transaction(home.db):
        home.db.write("DELETE FROM shift_change")
    assert watch.at(102 * 3600) == [], "it is under way"


def test_who_can_mend_it_hears_that_the_calendar_ends(home, gateway):
    december = datetime(2026, 12, 2, 1, 30, tzinfo=UTC)
    connect(home, gateway, december)
    watch = Watch(home, gateway, december)
    [told] = watch.at(0)
    assert "2027 年的放假安排" in told["text"]
    operator = home.db.scalar("SELECT id FROM staff WHERE role = 'operator'")
    assert home.db.scalar("SELECT staff_id FROM alert") == operator
    assert watch.at(86400) == []
    assert kinds(watch.at(30 * 86400), "2027") == 1, "once a month, until it is mended"
    found = tonight.look(home.db, Asked(home.config, 1, {}, december))
    assert "calendar" in {item.code for item in found.items if item.state == "soon"}


def test_the_days_in_a_row_of_a_holiday_are_one():
    assert holidays.days_off(date(2026, 4, 28), 14) == [
        Run("Labour Day", date(2026, 5, 1), date(2026, 5, 5))
    ], "the weekend that is worked in exchange is none"


def test_holidays_are_shown_where_they_are_known():
    assert holidays.special(date(2026, 2, 17)) == holidays.Special("Spring Festival", True)
    assert holidays.special(date(2026, 2, 14)) == holidays.Special("Spring Festival", False)
    assert holidays.special(date(2026, 11, 22)) is None
    far = date(2099, 1, 1)
    assert (holidays.known(far), holidays.special(far)) == (False, None)


def test_the_file_holds_days_that_differ_and_may_be_loaded_again(instance, tmp_path):  # noqa: F811
    assert load(tmp_path, PLAN)[0] == 0
    with founding.opened(instance, founding.found(instance)) as (db, vault):
        for name in ("wang", "zhao"):
            accounts.add(db, vault, accounts.NewStaff(name, "a long password", "duty", 1, name), NOW)
    plan = {
        "shifts": [
            {"username": "wang", "starts": "08:00", "minutes": 1440},
            {"username": "zhao", "starts": "08:00", "minutes": 60},
        ],
        "changes": [{"day": "2026-12-31", "starts": "20:00", "minutes": 720, "off": "wang", "on": "zhao"}],
    }
    for _ in range(2):
        status, said = load(tmp_path, plan)
        assert status == 0, said
        assert "two or more on duty at once from Mon 08:00 to Mon 09:00" in said
    with founding.opened(instance, founding.found(instance)) as (db, _):
        assert len(duty.read(db, 1).changes) == 1
    for wrong, word in (
        ({"day": "2027-02-29"}, "2027-02-29"),
        ({"off": None, "on": None}, "who is on"),
        ({"on": "nobody"}, "nobody"),
        ({"starts": "8"}, "time of day"),
    ):
        status, said = load(tmp_path, {"changes": [plan["changes"][0] | wrong]})
        assert (status, word in said) == (1, True), said
