"""A nursing home: its desk is a contact of everybody who lives there, whole lists move in, badges come for all at once."""

import io
import re
import uuid
from dataclasses import replace

import openpyxl
import pytest
from conftest import NOW, WANG, Desk, enrol
from entering import form, id_of

from station import addresses, communities, elders, institutions, tables
from station.care import standing
from station.db import transaction
from station.issuing import orders, records
from station.lists import imports, working, writing

HOUSE = {"name": "松花江颐养院", "phone": "0432-62010008", "order": "first"}


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def house(worker) -> int:
    answer = worker.post("/institutions", data=HOUSE)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def contacts(home, elder_id: int) -> list[tuple[int, str, str]]:
    return [(one.position, one.name, one.phone) for one in elders.contacts(home.db, home.vault, elder_id)]


DESK = ("松花江颐养院", "+8643262010008")
FAMILY = [("张伟", "+8619900000002"), ("张敏", "+8643262010003")]


@pytest.mark.parametrize(("order", "expected"), [("first", [DESK, *FAMILY]), ("last", [*FAMILY, DESK])])
def test_the_desk_comes_before_or_after_the_family(home, worker, house, wang, order, expected):
    assert worker.post(f"/institutions/{house}", data=HOUSE | {"order": order}).status_code == 303
    id_of(worker.post(f"/elders/{wang.id}/institution", data={"institution_id": house}))
    assert contacts(home, wang.id) == [(n, *one) for n, one in enumerate(expected, 1)]
    assert worker.post(f"/institutions/{house}", data=HOUSE | {"phone": "0432-62010009"}).status_code == 303
    assert (1, "松花江颐养院", "+8643262010009") in contacts(home, wang.id)
    id_of(worker.post(f"/elders/{wang.id}/institution", data={"institution_id": ""}))
    assert contacts(home, wang.id) == [(n, *one) for n, one in enumerate(FAMILY, 1)]


def test_correcting_an_elder_leaves_the_desk_where_it_is(home, worker, house, wang):
    id_of(worker.post(f"/elders/{wang.id}/institution", data={"institution_id": house}))
    page = worker.get(f"/elders/{wang.id}/edit").text
    assert 'value="松花江颐养院"' not in page
    changed = form(version="1", identity_number="", contact2_name="李娜", contact2_phone="19900000124")
    id_of(worker.post(f"/elders/{wang.id}/edit", data=changed))
    assert [one[1] for one in contacts(home, wang.id)] == ["松花江颐养院", "李强", "李娜"]


def test_the_desk_is_told_when_a_badge_is_scanned(home, worker, client, wang):
    settings = {"host": "127.0.0.1", "sender": "station@example.cn"}
    channel = addresses.add_channel(
        home.db, home.vault, station=1, kind="smtp", label="mail", settings=settings, now=NOW
    )
    wrong = worker.post("/institutions", data=HOUSE | {"channel_id": channel})
    assert wrong.status_code == 422
    typed = HOUSE | {"channel_id": channel, "destination": "desk@example.cn"}
    house = worker.post("/institutions", data=typed).headers["Location"].rsplit("/", 1)[1]
    worker.post(f"/elders/{wang.id}/institution", data={"institution_id": house})
    first = elders.contacts(home.db, home.vault, wang.id)[0]
    assert first.is_desk
    [address] = addresses.of_contact(home.db, first.id)
    assert address
    assert "desk@example.cn" in worker.get(f"/elders/{wang.id}").text


def test_a_whole_list_moves_in_and_everybody_gets_a_badge(home, worker, house):
    head, count = "姓名,住址,电话,联系人,同意登记", 200
    rows = "\n".join(f"沈{chr(0x4E00 + n)}兰,{n}号楼,199000{n:05d},沈家人,是" for n in range(count))
    new = imports.keep(
        home.db, home.vault, f"{head}\n{rows}".encode(), station=1, community_id=1,
        form_id=uuid.uuid4().hex, by=1, now=NOW,
    )  # fmt: skip
    working.work(home.db, home.vault, new, today=NOW.date(), now=NOW)
    imports.save(home.db, home.vault, new, by=1, now=NOW)
    working.work(home.db, home.vault, new, today=NOW.date(), now=NOW)
    assert worker.post(f"/institutions/{house}/people", data={"import_id": new}).status_code == 303
    living = institutions.people(home.db, house)
    assert len(living) == count
    assert contacts(home, living[0])[0][1:] == DESK
    assert "200" in worker.get(f"/institutions/{house}").text
    assert worker.post(f"/institutions/{house}/badges").status_code == 303
    assert worker.post(f"/institutions/{house}/badges").status_code == 303
    assert home.db.scalar("SELECT count(*) FROM badge WHERE state = 'ordered'") == count
    assert institutions.without_badge(home.db, house) == []


def test_the_badges_of_one_home_are_printed_apart_and_nobody_there_is_urged(home, worker, house, wang):
    named = {"李长海": "died", "孙玉珍": "refuses", "赵桂芝": "waits"}
    living = {what: enrol(home, replace(WANG, name=name), f"form-{what}") for name, what in named.items()}
    with transaction(home.db):
        home.db.write("DELETE FROM badge WHERE elder_id <> ?", wang.id)
    for one in living.values():
        worker.post(f"/elders/{one.id}/institution", data={"institution_id": house})
    standing.mark(home.db, home.vault, living["died"].id, "deceased", by=1, now=NOW)
    worker.post(f"/elders/{living['refuses'].id}/refusal", data={"reason": "looks"})
    assert "住着2位老人" in worker.get(f"/institutions/{house}").text
    sent = worker.post(f"/institutions/{house}/badges")
    assert sent.headers["Location"] == f"/badges?home={house}"
    ordered = home.db.rows("SELECT elder_id FROM badge WHERE state = 'ordered'")
    assert [row["elder_id"] for row in ordered] == [living["waits"].id]
    orders.order(home.db, home.vault, enrol(home, replace(WANG, name="周平安"), "f").id, by=1, now=NOW)
    board = worker.get(sent.headers["Location"]).text
    assert "松花江颐养院" in board
    assert "赵桂芝" in board
    assert "周平安" not in board
    assert "周平安" in worker.get("/badges").text
    assert worker.get("/badges?home=999").status_code == 404
    with transaction(home.db):
        here = communities.station(home.db, 1)
        communities.add_station(home.db, replace(here, number=2, name="江北社区防走失驿站"))
    typed = institutions.Typed("江北颐养院", "0432-62010018")
    there = institutions.add(home.db, home.vault, typed, station=2, area_code="0432", by=1, now=NOW)
    assert worker.get(f"/badges?home={there}").status_code == 404


def test_a_list_names_the_home_of_each_and_says_which_cell_is_wrong(home, worker, house, wang):
    head = "姓名,住址,电话,联系人,同意登记,养老机构,出生日期"
    rows = (
        f"沈一兰,1号楼,19900000501,沈家人,是,{HOUSE['name']},",
        "沈二兰,2号楼,19900000502,沈家人,是,,",
        "沈三兰,3号楼,19900000503,沈家人,是,没有登记的养老院,",
        f"{WANG.name},帝景小区,19900000002,张伟,是,{HOUSE['name']},1946-03-05",
    )
    new = imports.keep(
        home.db, home.vault, "\n".join((head, *rows)).encode(), station=1, community_id=1,
        form_id=uuid.uuid4().hex, by=1, now=NOW,
    )  # fmt: skip
    working.work(home.db, home.vault, new, today=NOW.date(), now=NOW)
    preview = worker.get(f"/elders/imports/{new}").text
    assert HOUSE["name"] in preview.split('id="good-title"')[1]
    assert re.search(
        r"养老机构: [^<]*松花江颐养院", preview.split('id="wrong-title"')[1].split("</section>")[0]
    )
    imports.save(home.db, home.vault, new, by=1, now=NOW)
    working.work(home.db, home.vault, new, today=NOW.date(), now=NOW)
    [living] = institutions.people(home.db, house)
    assert contacts(home, living) == [(1, *DESK), (2, "沈家人", "+8619900000501")]
    assert home.db.scalar("SELECT count(*) FROM elder") == 3
    sent = homes_in_an_export(home)
    assert sent["沈一兰"] == HOUSE["name"]
    assert sent["沈二兰"] == ""


def test_the_template_has_the_column_and_names_the_homes(worker, house):
    book = openpyxl.load_workbook(io.BytesIO(worker.get("/elders/imports/template.xlsx").data))
    assert "养老机构" in [cell.value for cell in book.worksheets[0][1]]
    notes = {row[0].value: row[1].value for row in book["填写说明"].iter_rows()}
    assert HOUSE["name"] in notes["养老机构"]


def homes_in_an_export(home) -> dict[str, str]:
    """The homes in an exported list, by name."""
    content = writing.export(home.db, home.vault, "csv", station=1, reason="visits", by=4, now=NOW)
    head, *people = tables.read(content)
    return {row[0]: row[head.index("养老机构")] for row in people}


def test_an_elder_may_have_several_badges(home, wang):
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'worn'")
    orders.order(home.db, home.vault, wang.id, form="cloth", by=1, now=NOW)
    orders.order(home.db, home.vault, wang.id, form="card", by=1, now=NOW)
    assert {badge.form for badge in records.of_elder(home.db, wang.id)} >= {"badge", "cloth"}


def test_a_carer_is_a_contact_like_any_other(home, worker):
    carer = form(contact2_name="赵姐", contact2_phone="19900000777", contact2_relation="carer")
    elder_id = id_of(worker.post("/elders", data=carer))
    assert [one.relation for one in elders.contacts(home.db, home.vault, elder_id)] == ["son", "carer"]
    assert "护理员" in worker.get(f"/elders/{elder_id}").text


def test_wrong_words_are_named_and_kept(worker, house):
    answer = worker.post("/institutions", data=HOUSE | {"name": " ", "phone": "12"})
    assert answer.status_code == 422
    assert 'value="12"' in answer.text
    assert 'id="name-error"' in answer.text
    assert worker.post("/institutions", data=HOUSE).status_code == 409


def test_a_new_elder_of_another_name_can_move_in_too(home, worker, house):
    one = enrol(home, replace(WANG, name="李桂芳"), "form-li")
    id_of(worker.post(f"/elders/{one.id}/institution", data={"institution_id": house}))
    assert institutions.of_elder(home.db, one.id) == (house, "松花江颐养院")
