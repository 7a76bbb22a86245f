"""A badge number that was read out by half, without its check digit or with a digit wrong still leads to the person."""

import re
from dataclasses import replace

import pytest
from conftest import WANG, Home, Wearer, enrol

from station import damm, heard, search
from station.db import transaction


def numbered(home: Home, wearer: Wearer, five: str) -> str:
    """Give the elder's badge this number; returns it with its check digit."""
    number = five + damm.check_digit(five)
    with transaction(home.db):
        home.db.write("UPDATE badge SET number = ? WHERE id = ?", number, wearer.badge_id)
    return number


@pytest.fixture
def two(home) -> dict[str, Wearer]:
    """Wang has 67302, Li has 51894."""
    wang = enrol(home, WANG, "form-wang")
    li = enrol(home, replace(WANG, name="李长海"), "form-li")
    assert (numbered(home, wang, "67302"), numbered(home, li, "51894")) == ("673027", "518942")
    return {"王秀兰": wang, "李长海": li}


def found(home: Home, query: str) -> list[str]:
    return [one.name for one in search.find(home.db, home.vault, query, station=1, area_code="0432")]


@pytest.mark.parametrize(
    "query",
    [
        "67302",  # without the check digit
        "67302-9",  # a wrong one
        "67302 9",
        "６７３０２",
        "673029",
        "67802-7",  # another digit wrong
        "63702-7",  # two changed places
        "6730",  # half of it
        "302",
        "02-7",
        "67?02",
        "6？302-7",
        "67*027",
        "67302-x",
    ],
)
def test_a_number_that_was_half_read_or_misread_finds_the_person(home, two, query):
    assert found(home, query) == ["王秀兰"]


@pytest.mark.parametrize(
    "query", ["6", "67", "99999", "12-34", "6730-2-2-0-0-0-0", "67???", "", "67a02", "%", "_____"]
)
def test_what_is_no_part_of_a_number_finds_nobody(home, two, query):
    assert found(home, query) == []


def test_the_exact_number_is_never_a_guess(home, two):
    [one] = search.find(home.db, home.vault, "67302-7", station=1, area_code="0432")
    assert (one.name, one.badges) == ("王秀兰", ())


def test_a_whole_number_without_its_check_digit_is_not_sought_in_the_middle_of_others(home, two):
    third = enrol(home, replace(WANG, name="孙玉珍"), "form-sun")
    five = next(f"{first}6730" for first in range(1, 10) if damm.check_digit(f"{first}6730") == "2")
    assert numbered(home, third, five)[1:] == "67302"
    assert found(home, "67302") == ["王秀兰"]
    assert found(home, "6730") == ["王秀兰", "孙玉珍"]


def test_another_station_s_badges_are_not_told(home, two):
    assert heard.like(home.db, "67302", station=2) == []


def test_the_register_says_that_it_is_a_guess_and_which_badge_it_means(home, two, at_desk):
    page = at_desk("worker").get("/elders?q=67302-9").text
    assert "没有一枚胸牌正好是这个号码" in page
    assert re.search(r"王秀兰</a>.*?67302-7", page, re.DOTALL)
    assert "没有一枚胸牌正好是" not in at_desk("worker").get("/elders?q=67302-7").text


def test_what_is_found_nowhere_gets_a_word_of_its_own(two, at_desk):
    worker = at_desk("worker")
    assert "没有胸牌含这几位数字" in worker.get("/elders?q=999-99").text
    assert "试试拼音首字母" in worker.get("/elders?q=zzz").text


def test_a_blank_badge_is_said_to_be_one(home, two, at_desk):
    with transaction(home.db):
        home.db.write("UPDATE badge SET elder_id = NULL WHERE id = ?", two["王秀兰"].badge_id)
    assert "67302-7 是本站的空白胸牌" in at_desk("worker").get("/elders?q=673027").text


def test_the_officer_on_the_phone_gets_the_numbers_that_may_be_meant_and_one_press_opens(home, two, at_desk):
    desk = at_desk("duty")
    said = {"number": "67302-9", "note": "穿红棉袄"}
    wrong = desk.post("/desk/calls", data=said)
    assert wrong.status_code == 422
    assert "67302-7" in wrong.text
    assert "王秀兰" not in wrong.text, "a number alone, until the caller has confirmed it"
    form = re.search(r'action="/desk/calls".*?</form>', wrong.text, re.DOTALL)[0]
    assert "meant" not in re.search(r"<button.*?>", form)[0], "Enter sends the number as it was corrected"
    pressed = desk.post("/desk/calls", data=said | {"meant": "673027"})
    assert pressed.status_code == 303
    [open_one] = home.db.rows("SELECT elder_id FROM incident WHERE closed_at IS NULL")
    assert open_one["elder_id"] == two["王秀兰"].id
    told = desk.post("/desk/calls", json={"number": "67302"})
    assert (told.status_code, "67302-7" in told.get_json()["error"]) == (422, True)
    assert desk.post("/desk/calls", json={"number": "99999"}).status_code == 422
