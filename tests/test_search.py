"""Sealed names are found quickly, and what a process remembers of them is never out of date."""

from dataclasses import replace

import pytest
from conftest import NOW, WANG, enrol

from station import elders, enrolment, search
from station.db import StationDatabase, transaction

MANY = 130  # more than are opened one by one


@pytest.fixture
def crowd(home):
    return [enrol(home, replace(WANG, name="王秀" + chr(0x4E00 + n)), f"form-{n}") for n in range(MANY)]


def named(home, query):
    found = search.find(home.db, home.vault, query, station=1, area_code="0432")
    return {one.elder_id: one.name for one in found}


def test_all_who_match_are_found_the_first_time_and_again(home, crowd, wang):
    for _ in range(2):
        assert named(home, "秀兰") == {wang.id: "王秀兰"}
        assert len(named(home, "wang")) == search.MOST
        assert named(home, "李") == {}
    newest = search.newest(home.db, home.vault, station=1, count=3)
    assert [one.elder_id for one in newest] == [wang.id, crowd[-1].id, crowd[-2].id]
    two = search.people(home.db, home.vault, {crowd[0].id, wang.id}, station=1)
    assert {one.elder_id for one in two} == {crowd[0].id, wang.id}
    assert search.people(home.db, home.vault, {wang.id}, station=2) == []


def test_a_corrected_name_is_found_at_once_and_the_old_one_is_not(home, wang):
    assert named(home, "秀兰")
    locality = enrolment.Locality("0432", "吉林省吉林市", frozenset({1, 2, 3}))
    checked = enrolment.check(replace(WANG, name="王秀莲"), locality, NOW.date())
    version = home.db.scalar("SELECT version FROM elder WHERE id = ?", wang.id)
    elders.edit(home.db, home.vault, wang.id, checked, version=version, by=1, now=NOW)
    assert named(home, "秀莲") == {wang.id: "王秀莲"}
    assert named(home, "秀兰") == {}


def test_who_was_erased_is_found_no_more_although_the_name_was_known(home, crowd, wang):
    assert named(home, "秀兰")
    uid = home.db.scalar("SELECT uid FROM elder WHERE id = ?", wang.id)
    home.vault.destroy(f"elder/{uid}", NOW)
    assert named(home, "秀兰") == {}
    assert len(named(home, "王")) == search.MOST
    with transaction(home.db):
        home.db.write("UPDATE elder SET status = 'deceased' WHERE id = ?", crowd[0].id)
    found = search.people(home.db, home.vault, {crowd[0].id}, station=1)
    assert [one.status for one in found] == ["deceased"]


def test_what_another_process_changes_is_found_at_once_whatever_its_clock_says(home, crowd, wang):
    assert named(home, "秀兰") == {wang.id: "王秀兰"}
    other = StationDatabase(home.config.database)
    try:
        with transaction(other):
            other.write("UPDATE elder SET status = 'moved', updated_at = '1999' WHERE id = ?", wang.id)
    finally:
        other.close()
    [found] = search.find(home.db, home.vault, "秀兰", station=1, area_code="0432")
    assert found.status == "moved"
    late = enrol(home, replace(WANG, name="尉迟秀兰"), "form-late")
    assert set(named(home, "秀兰")) == {wang.id, late.id}


@pytest.mark.parametrize("query", ["帝景小区105", "105号楼2单元", "１０５号楼 2 单元", "龙城社区帝景"])
def test_an_elder_is_found_by_the_living_place_when_no_name_fits(home, wang, query):
    assert named(home, query) == {wang.id: "王秀兰"}


def test_a_living_place_that_was_corrected_is_found_and_the_old_one_is_not(home, wang):
    assert named(home, "105号楼")
    elder = elders.get(home.db, home.vault, wang.id)
    moved = replace(elders.enrolment_of(elder), address="江畔人家7号楼")
    elders.edit(home.db, home.vault, wang.id, moved, version=elder.version, by=1, now=NOW)
    assert named(home, "江畔人家7") == {wang.id: "王秀兰"}
    assert named(home, "105号楼") == {}
