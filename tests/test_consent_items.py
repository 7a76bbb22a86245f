"""What the items about health notes and volunteers govern: the first lets notes out at all, the second sends nothing."""

from dataclasses import replace

import pytest
from applying import opener
from conftest import WANG, Desk, enrol
from entering import form, id_of
from families import ZHAO, Family
from test_disclosure import Case, look
from test_export import Secretary
from test_family_pages import SON, Relative, slip
from test_own_voice import asked

from station import cards, consents, elders, tables, vocabulary
from station.incidents import disclosures

LET_OUT = ("page_flags", "finder_health")


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


def wearer(home, *items: str):
    return enrol(home, replace(WANG, name="李桂芳", consents=(*WANG.consents, *items)), f"form-{len(items)}")


@pytest.mark.parametrize(("items", "told"), [(LET_OUT, False), ((*LET_OUT, "health_notes"), True)])
def test_without_the_item_no_health_note_leaves_station_and_family(home, at_desk, client, items, told):
    li = wearer(home, *items)
    case = Case(home, at_desk, li, act="hurt")
    assert ("糖尿病" in look(client, case).text) is told, "after the press “hurt”"
    assert (case.show("health_notes").status_code == 200) is told, "for the ambulance"
    assert ("记性" in look(client, case).text) is told
    offered = {one.item: one.consented for one in disclosures.offered(home.db, li.id)}
    assert offered["health_notes"] is told
    head, row = tables.read(Secretary(home, at_desk("secretary")).fetch().data)
    assert ("糖尿病" in dict(zip(head, row, strict=False))["健康提示"]) is told, "in an exported list"
    desk = case.duty.get(case.path, headers={"Accept": "text/html"}).text
    assert "糖尿病" in desk, "the desk knows them always"
    assert ("没有同意把它们告诉驿站以外的人" in desk) is not told


def test_where_life_is_at_stake_they_are_shown_all_the_same(home, at_desk, client):
    case = Case(home, at_desk, wearer(home, *LET_OUT))
    assert case.show("health_notes", cause="treatment").status_code == 200
    assert "糖尿病" in look(client, case).text


def test_taken_back_by_the_family_it_counts_at_once_and_the_page_says_what_no_longer_counts(
    home, app, worker, at_desk, client
):
    li = wearer(home, *LET_OUT, "health_notes")
    case = Case(home, at_desk, li, act="hurt")
    case.show("health_notes")
    assert "记性" in look(client, case).text
    son = Relative(app)
    son.enter(slip(home, worker, li.id)[1], SON)
    assert "目前不起作用" not in son.get("/mine").text
    assert son.post("/mine/withdraw", item="health_notes").status_code == 303
    page = look(client, case).text
    assert "糖尿病" not in page
    assert "记性" not in page
    assert cards.of_elder(home.db, home.vault, li.id).flags == ()
    assert son.get("/mine").text.count("目前不起作用") == len(LET_OUT)
    assert worker.get(f"/elders/{li.id}").text.count("暂不起作用") == len(LET_OUT)


def test_every_item_has_a_key_of_its_own_at_the_desk(home, worker):
    page = worker.get("/elders/new").text
    group = page.split('id="consents"')[1].split("</fieldset>")[0]
    keys = [part.split('"')[0] for part in group.split('data-tick="')[1:]]
    assert len(keys) == len(set(keys)) == len(vocabulary.CONSENT_ITEMS)
    elder_id = id_of(worker.post("/elders", data=form(consents=["record", "health_notes", "volunteers"])))
    assert consents.standing(home.db, elder_id) == ("record", "health_notes", "volunteers")


def test_the_elder_answers_both_with_the_pictures(home, worker, wang):
    assert asked(worker, wang.id, health_notes="yes", volunteers="no").status_code == 303
    assert "health_notes" in elders.get(home.db, home.vault, wang.id).consents
    assert asked(worker, wang.id, version="2", volunteers="yes").status_code == 303
    newest = consents.ledger(home.db, wang.id)[-1]
    assert (newest["item"], newest["given"], newest["means"]) == ("volunteers", 1, "pictures")
    assert "志愿者" in worker.get(f"/elders/{wang.id}").text


def test_a_family_at_home_is_asked_both_and_told_what_counts_together(client):
    family = Family(opener(client)).begin()
    answers = ZHAO | {
        "shown": {"consents": ["page_flags"]},
        "consent": {"consents": ["record", "volunteers"]},
    }
    family.fill(answers, until="consent")
    for words in ("健康提示", "目前驿站还没有志愿者"):
        assert words in family.page
    family.press("/apply/consent?l=zh", **answers["consent"])
    seen = family.page.split('id="stranger-title"')[1]
    assert "心脏病" not in seen, "exactly what a stranger would see"
    assert "不起作用" in family.page
    family.press("/apply/consent?l=zh", consents=["record", "health_notes"])
    assert "心脏病" in family.page.split('id="stranger-title"')[1]
