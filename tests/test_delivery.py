"""A badge on its way to the door: the list in the order of a walk, tries, refusals, and the hand-over with the rehearsal."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import NOW, WANG, Desk, Home, Wearer, enrol, here_today
from entering import actions

from station import coverage
from station.care import standing
from station.db import transaction
from station.delivery import dwellings
from station.issuing import board, life, records, trips

HOMES = {
    "王秀兰": "帝景小区105号楼2单元301",
    "肖德福": "帝景小区９号楼1单元502",
    "刘桂芝": "江畔人家7栋3-201",
    "朴英子": "帝景小区105栋1单元1002室",
}


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def printed(home: Home) -> dict[str, Wearer]:
    """Four badges that lie printed at the station."""
    found = {
        name: enrol(home, replace(WANG, name=name, address=at), f"form-{name}") for name, at in HOMES.items()
    }
    with transaction(home.db):
        home.db.write(
            "UPDATE badge SET state = 'printed', made_at = ?, printed_at = ?",
            NOW.isoformat(),
            NOW.isoformat(),
        )
    return found


def order(page: str) -> list[str]:
    """The names on a list in their order."""
    return re.findall("|".join(HOMES), re.sub(r"<[^>]+>", " ", page))


def say(desk: Desk, wearer: Wearer, step: str, **more: str):
    form = re.search(r'name="form_id" value="(\w+)"', desk.get(f"/deliveries/{wearer.badge_id}").text)
    typed = {"step": step, "form_id": form[1] if form else "", **more}
    return desk.post(f"/deliveries/{wearer.badge_id}/outcome", data=typed)


def day(days: int) -> str:
    """So many days from today, in the station's time."""
    return (here_today() + timedelta(days=days)).isoformat()


# The list


def test_the_list_follows_a_walk_from_building_to_building_and_door_to_door(worker, printed):
    page = worker.get("/deliveries").text
    assert order(page) == ["肖德福", "朴英子", "王秀兰", "刘桂芝"], "building 9 before 105, unit 1 before 2"
    assert page.count("<h3>") == 3, "105号楼 and 105栋 are one house"


def test_a_grid_gathers_its_buildings_and_what_is_in_none_comes_last(home, worker, printed):
    text = "第一网格：江畔人家；帝景小区 105\r\n第二网格：松江"
    assert worker.post("/deliveries/grids", data={"grids1": text}).status_code == 303
    page = worker.get("/deliveries").text
    assert order(page) == ["朴英子", "王秀兰", "刘桂芝", "肖德福"]
    assert "第一网格" in page
    code = re.search(r'<option value="(g\d+)"', page)[1]
    assert order(worker.get(f"/deliveries?area={code}").text) == ["朴英子", "王秀兰", "刘桂芝"]
    assert "第一网格：江畔人家；帝景小区 105" in worker.get("/deliveries/grids").text
    assert actions(home).count("grids.set") == 1


@pytest.mark.parametrize("line", ["第一网格", "：105", "第一网格：", "第一网格：105", "甲：帝景1\n甲：帝景2"])
def test_a_line_that_names_no_buildings_is_refused_and_kept(home, worker, line):
    answer = worker.post("/deliveries/grids", data={"grids1": line})
    assert answer.status_code == 422
    assert line in answer.text
    assert 'id="grids1-error"' in answer.text
    assert home.db.scalar("SELECT count(*) FROM grid") == 0


@pytest.mark.parametrize(
    ("typed", "house", "inside"),
    [
        ("帝景小区１０５号楼二单元 301室", "帝景小区 105号楼", "2单元 301室"),
        ("帝景小区5-2-301", "帝景小区 5号楼", "2单元 301"),
        ("江畔人家B栋1201", "江畔人家 B栋", "1201"),
        ("三家子村二组12号", "三家子村二组", "12号"),
        ("龙潭敬老院", "龙潭敬老院", ""),
    ],
)
def test_an_address_is_taken_apart_however_it_is_written_and_none_is_lost(typed, house, inside):
    found = dwellings.parse(f"吉林省龙城社区{typed}", "吉林省龙城社区")
    assert (found.house, found.inside) == (house, inside)


def test_who_died_moved_refuses_or_waits_for_the_printer_is_not_called_on(home, worker, printed):
    standing.mark(home.db, home.vault, printed["王秀兰"].id, "deceased", by=1, now=NOW)
    say(worker, printed["肖德福"], "refused", reason="looks")
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'made' WHERE id = ?", printed["刘桂芝"].badge_id)
    assert order(worker.get("/deliveries?when=all").text) == ["朴英子"]


def test_the_sheet_says_no_more_than_the_walk_needs(home, worker, printed):
    page = worker.get("/deliveries/sheet").text
    assert all(wearer.number in page for wearer in printed.values())
    assert "王**" in page
    for hidden in (*HOMES, "19900000002", "张伟", "糖尿病", "吉林省", "1946"):
        assert hidden not in page
    assert actions(home)[-1] == "delivery.sheet"
    assert worker.get("/deliveries").status_code == 200
    assert actions(home)[-1] == "delivery.list"


# On the way


def test_what_is_taken_along_is_on_its_way_everywhere(home, worker, at_desk, printed):
    wang = printed["王秀兰"]
    assert trips.on_the_way_since(home.db, wang.badge_id) is None
    assert (
        worker.post("/deliveries/take", data={"badge": [wang.badge_id]})
        .headers["Location"]
        .endswith("who=me")
    )
    carried = worker.get("/deliveries?who=me").text
    assert order(carried) == ["王秀兰"]
    assert "带走勾选的" not in carried, "nothing is left to be ticked"
    for page in ("/badges", f"/elders/{wang.id}", "/elders", "/deliveries", f"/deliveries/{wang.badge_id}"):
        assert "送去路上" in worker.get(page).text, page
    assert trips.on_the_way_since(home.db, wang.badge_id)
    before = home.db.scalar("SELECT count(*) FROM delivery")
    worker.post("/deliveries/take", data={"badge": [wang.badge_id]})
    assert home.db.scalar("SELECT count(*) FROM delivery") == before, "pressed twice"
    at_desk("secretary").post("/deliveries/take", data={"badge": [wang.badge_id]})
    assert order(worker.get("/deliveries?who=me").text) == [], "a colleague has it now"
    say(worker, wang, "put_back")
    assert trips.on_the_way_since(home.db, wang.badge_id) is None


def test_nothing_ticked_or_not_printed_is_said_in_words(home, worker, wang):
    assert worker.post("/deliveries/take", data={}).status_code == 422
    assert worker.post("/deliveries/take", data={"badge": [wang.badge_id]}).status_code == 409
    assert say(worker, wang, "not_home", next_on=day(1)).status_code == 409


def test_not_at_home_sets_the_next_try_and_the_door_is_not_due_before(worker, printed):
    wang = printed["王秀兰"]
    assert f'value="{day(1)}" selected' in worker.get(f"/deliveries/{wang.badge_id}").text, (
        "tomorrow is proposed"
    )
    assert say(worker, wang, "not_home", next_on=day(2)).status_code == 303
    assert "王秀兰" not in order(worker.get("/deliveries").text)
    assert "王秀兰" in order(worker.get("/deliveries?when=all").text)
    assert say(worker, wang, "not_home", next_on=day(0)).status_code == 303
    assert "王秀兰" in order(worker.get("/deliveries").text)


def test_two_failed_tries_ask_for_a_call_and_a_call_settles_it(home, worker, printed):
    wang = printed["王秀兰"]
    for _ in range(2):
        say(worker, wang, "not_home", next_on=day(0))
    listed, door = worker.get("/deliveries").text, worker.get(f"/deliveries/{wang.badge_id}").text
    assert "先给家属打电话" in listed
    assert "2 次没人在家" in listed
    assert door.index("tel:+8619900000002") < door.index('id="hand-title"'), (
        "the call comes before the next try"
    )
    assert say(worker, wang, "agreed", next_on=day(0)).status_code == 303
    assert "先给家属打电话" not in worker.get("/deliveries").text
    assert trips.of_badge(home.db, wang.badge_id).tries == 2


@pytest.mark.parametrize("typed", ["", "soon", "2020-01-01", "2999-01-01"])
def test_a_next_try_needs_a_day_that_comes(home, worker, printed, typed):
    answer = say(worker, printed["王秀兰"], "not_home", next_on=typed)
    assert answer.status_code == 422
    assert "60" in answer.text
    assert home.db.scalar("SELECT count(*) FROM delivery") == 0


def test_the_same_press_twice_counts_one_try(home, worker, printed):
    wang = printed["王秀兰"]
    typed = {"step": "not_home", "form_id": "a" * 32, "next_on": day(0)}
    for _ in range(2):
        assert worker.post(f"/deliveries/{wang.badge_id}/outcome", data=typed).status_code == 303
    assert trips.of_badge(home.db, wang.badge_id).tries == 1
    assert actions(home).count("delivery.not_home") == 1


def test_a_refusal_at_the_door_counts_in_the_coverage_and_ends_with_a_change_of_mind(home, worker, printed):
    wang = printed["王秀兰"]
    worker.post("/deliveries/take", data={"badge": [wang.badge_id]})
    assert say(worker, wang, "refused", reason="").status_code == 422
    assert say(worker, wang, "refused", reason="shame").status_code == 303
    area = coverage.areas(home.db, home.vault, 1, NOW, NOW.date())[0]
    assert (area.refused, area.badge_waits) == ({"shame": 1}, 3)
    read = board.read(home.db, 1, NOW)
    assert [line.badge.id for line in read.declined] == [wang.badge_id]
    assert wang.badge_id not in [line.badge.id for line in read.due]
    assert "做好了但不想要" in worker.get("/badges").text
    coverage.change_mind(home.db, home.vault, coverage.refusal_of(home.db, wang.id).id, by=1, now=NOW)
    assert "王秀兰" in order(worker.get("/deliveries").text)
    assert not trips.of_badge(home.db, wang.badge_id).is_on_the_way


# At the door


def test_the_badge_is_handed_over_and_rehearsed_without_leaving_the_round(home, worker, printed):
    wang = printed["王秀兰"]
    worker.post("/deliveries/take", data={"badge": [wang.badge_id]})
    typed = {"code": wang.number, "back": "round"}
    wrong = worker.post(f"/badges/{wang.badge_id}/hand-over", data=typed | {"code": printed["肖德福"].number})
    assert wrong.status_code == 422
    assert "回到送牌名单" in wrong.text, "still at the door"
    there = f"/deliveries/{wang.badge_id}"
    assert worker.post(f"/badges/{wang.badge_id}/hand-over", data=typed).headers["Location"] == there
    assert records.get(home.db, wang.badge_id).state == "worn"
    assert worker.post(f"/badges/{wang.badge_id}/rehearse", data=typed).headers["Location"] == there
    page = worker.get(there).text
    assert "张伟" in page
    assert "下一家" in page
    assert "王秀兰" not in order(worker.get("/deliveries?when=all").text)
    assert board.pace(home.db, 1, NOW + timedelta(days=400)).handed_over == 0


def test_each_look_at_a_door_leaves_one_row(home, worker, printed):
    before = actions(home).count("elder.view")
    worker.get(f"/deliveries/{printed['王秀兰'].badge_id}")
    assert actions(home).count("elder.view") == before + 1


def test_a_door_whose_badge_has_ended_leads_back_to_the_list(home, worker, printed):
    wang = printed["王秀兰"]
    life.end(home.db, home.vault, wang.badge_id, "revoked", by=1, now=NOW)
    answer = worker.get(f"/deliveries/{wang.badge_id}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/deliveries")
