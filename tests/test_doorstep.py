"""What a family reads when its badge was brought in vain: when it was, what comes next, whom to ring."""

import re
import uuid
from datetime import timedelta

import pytest
from applying import approve, begun, elsewhere, family, sent
from conftest import NOW, here_today
from test_family_following import gateway
from test_family_pages import Relative, slip

from station import clock, coverage
from station.applications import decisions
from station.db import transaction
from station.issuing import life, making, orders

__all__ = ["begun", "elsewhere", "family", "gateway", "sent"]


class Round:
    """A worker with the printed badge of an application in the bag."""

    def __init__(self, home, desk) -> None:
        self.home, self.desk = home, desk
        self.elder_id = approve(home, NOW)
        self.badge_id = orders.order(home.db, home.vault, self.elder_id, by=1, now=NOW)
        making.make(home.db, home.vault, self.badge_id, home.config.base_url, NOW)
        life.mark_printed(home.db, home.vault, self.badge_id, by=1, now=NOW)
        self.say("taken")

    def say(self, step: str, days: int | None = None, **more: str) -> None:
        if step == "taken":
            self.desk.post("/deliveries/take", data={"badge": [self.badge_id]})
            return
        typed = {"step": step, "form_id": uuid.uuid4().hex, **more}
        if days is not None:
            typed["next_on"] = day(days).isoformat()
        assert self.desk.post(f"/deliveries/{self.badge_id}/outcome", data=typed).status_code == 303


@pytest.fixture
def walk(home, sent, at_desk) -> Round:
    return Round(home, at_desk("worker"))


def day(days: int):
    return here_today() + timedelta(days=days)


def spoken(days: int) -> str:
    return f"{day(days).month}月{day(days).day}日"


def read(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def late(home) -> None:
    with transaction(home.db):
        home.db.write("UPDATE application SET created_at = ?", clock.text(NOW - timedelta(days=20)))


def test_a_visit_that_found_nobody_is_told_with_its_time_the_next_day_and_the_number(sent, walk):
    assert "家里没人" not in sent.look("/apply/progress")
    walk.say("not_home", 2)
    page = sent.look("/apply/progress")
    assert "上门送胸牌时，家里没人" in page
    assert f"我们{spoken(2)}" in page
    assert re.search(rf"{spoken(0)} \d\d:\d\d 到了家门口", read(page))
    assert 'href="tel:+8643262012345"' in page
    assert "承诺" not in page, "one day is told, not two"
    assert "赵桂芝" not in page
    assert "江畔小区" not in page
    english = sent.look("/apply/progress?l=en")
    assert "Nobody was at home when we came" in english
    assert "We come again on" in english


def test_after_two_visits_the_station_rings_first_and_a_day_that_is_agreed_stands_there(sent, walk):
    walk.say("not_home", 0)
    walk.say("not_home", 1)
    page = sent.look("/apply/progress")
    assert "上门 2 次都没有人开门" in page
    assert "我们会打电话和您约好时间" in page
    assert f"我们{spoken(1)}" not in page, "nobody knocks again before the call"
    walk.say("agreed", 3)
    assert f"我们按约定在{spoken(3)}" in sent.look("/apply/progress")


def test_a_day_that_passed_is_owned_up_to(home, sent, walk):
    walk.say("not_home", 0)
    with transaction(home.db):
        home.db.write("UPDATE delivery SET next_on = ? WHERE step = 'not_home'", day(-1).isoformat())
    assert "我们没能来，很抱歉" in sent.look("/apply/progress")


def test_when_it_is_late_because_nobody_opened_no_other_reason_is_made_up(home, sent, walk):
    late(home)
    assert "申请的家庭" in sent.look("/apply/progress")
    walk.say("not_home", 1)
    page = sent.look("/apply/progress")
    assert "我们送胸牌上门时，家里没有人" in page
    assert "申请的家庭" not in page
    decisions.set_delay(home.db, home.vault, _application(home), "weather", by=1, now=NOW)
    assert "雪" in sent.look("/apply/progress"), "what the station says comes first"


def _application(home) -> int:
    return int(home.db.scalar("SELECT max(id) FROM application"))


def test_an_elder_who_does_not_want_it_is_not_late_and_the_reason_stays_with_the_station(home, sent, walk):
    late(home)
    walk.say("not_home", 1)
    walk.say("refused", reason="shame")
    page = sent.look("/apply/progress")
    assert "老人目前不想戴胸牌" in page
    assert "胸牌留在驿站" in page
    assert "比承诺" not in page
    assert "家里没人" not in page
    assert "当成病人" not in page, "what the elder told the worker"
    found = coverage.refusal_of(home.db, walk.elder_id)
    coverage.change_mind(home.db, home.vault, found.id, by=1, now=NOW)
    again = sent.look("/apply/progress")
    assert "老人目前不想戴胸牌" not in again
    assert "家里没人" not in again, "that was before"


def test_once_it_is_worn_nothing_of_it_is_left(home, sent, walk):
    walk.say("not_home", 1)
    life.activate(home.db, home.vault, walk.badge_id, by=1, now=NOW)
    assert "家里没人" not in sent.look("/apply/progress")


def test_each_visit_in_vain_is_told_once(home, sent, walk, gateway):
    def told() -> list[str]:
        gateway.plan()
        gateway.send()
        return [row["kind"] for row in home.db.rows("SELECT kind FROM applicant_message ORDER BY id")]

    walk.say("not_home", 1)
    assert told() == told() == ["on_its_way", "not_home"]
    walk.say("not_home", 1)
    assert told() == ["on_its_way", "not_home", "not_home"]


def test_a_family_without_an_application_reads_it_on_its_own_page(home, app, walk):
    son = Relative(app)
    walk.say("not_home", 2)
    _, code = slip(home, walk.desk, walk.elder_id)
    son.enter(code, phone="199 0000 0077")
    page = son.get("/mine").text
    assert "上门送胸牌时，家里没人" in page
    assert f"我们{spoken(2)}" in page
