"""Elders from a spreadsheet: every wrong cell is named before anything is saved, and nobody is entered twice."""

import io

import openpyxl
import pytest
from conftest import WANG, enrol
from entering import actions
from listing import LI, SUN, as_csv, as_xlsx, clerk, table
from walking import elsewhere

from station import consents, elders, search, tables
from station.db import transaction
from station.lists import columns

__all__ = ["clerk"]


# The way of a list --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        as_csv(SUN, LI),
        as_csv(SUN, LI, encoding="utf-8-sig"),
        as_csv(SUN, LI, encoding="gb18030"),
        as_csv(SUN, LI, encoding="utf-16"),
        as_csv(SUN, LI).replace(b",", b"\t"),
        as_xlsx(SUN, LI),
        tables.write_xlsx({"老人": table(SUN, LI)}),
    ],
    ids=["utf-8", "utf-8 with mark", "gb18030", "utf-16", "tabs", "xlsx", "our xlsx"],
)
def test_a_list_is_seen_before_it_is_saved(clerk, home, content):
    path = clerk.upload(content)
    page = clerk.see(path)
    assert "可以保存：2" in page
    assert "孙桂兰" in page
    assert clerk.people() == 0
    assert "已保存：2" in clerk.save(path)
    found = search.find(home.db, home.vault, "孙桂兰", station=1, area_code="0432")
    elder = elders.get(home.db, home.vault, found[0].elder_id)
    assert (elder.birth_date, elder.sex, elder.id_last_four) == ("1946-03-05", "female", "0242")
    assert elder.address == "吉林省吉林市丰满区龙城社区江畔小区7号楼1单元202"
    assert elder.health_notes == ("memory", "diabetes")
    assert [(one.name, one.phone, one.relation) for one in elder.contacts] == [
        ("孙家明", "+8619900000041", "son")
    ]
    assert elder.consents == ("record",)
    assert consents.ledger(home.db, elder.id)[0]["means"] == "paper"
    second = search.find(home.db, home.vault, "李长海", station=1, area_code="0432")[0]
    li = elders.get(home.db, home.vault, second.elder_id)
    assert (li.birth_date, li.sex, li.contacts[0].phone) == ("1944-11-02", "male", "+8643262010042")
    assert actions(home).count("elder.add") == 2


def test_the_template_can_be_filled_and_sent(clerk):
    sheet = clerk.desk.get("/elders/imports/template.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(sheet))
    assert [cell.value for cell in book.worksheets[0][1]] == columns.headings()
    assert book.worksheets[0].column_dimensions["B"].number_format == "@"
    plain = clerk.desk.get("/elders/imports/template.csv").data.decode("utf-8-sig")
    assert plain.strip().split(",") == columns.headings()
    row = {heading: SUN.get(heading, "") for heading in columns.headings()}
    row |= {"联系人1姓名": "孙家明", "联系人1电话": "19900000041", "联系人1关系": "女儿"}
    filled = tables.write_csv([list(row), list(row.values())])
    assert "可以保存：1" in clerk.see(clerk.upload(filled))


WRONG = [
    ("身份证号", "220211194603050241", "打错了"),
    ("身份证号", "220211460305004", "15 位"),
    ("身份证号", "2.20211E+17", "科学计数"),
    ("身份证号", "220211194603050000", "000"),
    ("身份证号", "22021119460305004", "17 位"),
    ("出生日期", "2099-01-01", "出生日期"),
    ("出生日期", "46.3.5", "年-月-日"),
    ("住址", "", "住"),
    ("联系电话", "1.99E+10", "电话"),
    ("联系电话", "0432-6201", "号码"),
    ("联系电话", "", "联系人"),
    ("关系", "师傅", "师傅"),
    ("健康提示", "记性差、爱唱歌", "爱唱歌"),
    ("社区", "不存在社区", "滨江社区"),
    ("同意登记", "", "同意"),
    ("同意登记", "也许", "是"),
    ("姓名", "=1+1", "公式"),
    ("姓名", "", "姓名"),
]


@pytest.mark.parametrize(("heading", "text", "said"), WRONG)
def test_a_wrong_cell_is_named_with_its_row_and_the_others_are_saved(clerk, heading, text, said):
    birth = {"身份证号": ""} if heading == "出生日期" else {}
    path = clerk.upload(as_csv(LI, {**SUN, **birth, heading: text}))
    page = clerk.see(path)
    assert "可以保存：1" in page
    wrong = page.split("有错的行", 1)[1]
    assert "第 3 行" in wrong
    assert f"{columns.fields()[columns.find([heading]).popitem()[0]][0]}：" in wrong.replace(":", "：")
    assert said in wrong
    assert "已保存：1" in clerk.save(path)
    assert clerk.people() == 1


@pytest.mark.parametrize(
    ("heading", "text", "kept"),
    [
        ("身份证号", "２２０２１１１９４６０３０５０２４２", "0242"),
        ("身份证号", " 220211 19460305 0242 ", "0242"),
        ("联系电话", "１９９００００００４１", "+8619900000041"),
        ("联系电话", "62010043", "+8643262010043"),
        ("联系电话", "43262010043", "+8643262010043"),
        ("联系电话", "19900000041.0", "+8619900000041"),
        ("联系电话", "'0432-62010043", "+8643262010043"),
        ("姓名", "买买提·艾力", "买买提·艾力"),
        ("姓名", "𠮷田𰻝", "𠮷田𰻝"),
        ("姓名", "Anna O'Neill", "Anna O'Neill"),
    ],
)
def test_what_people_really_write_is_understood(clerk, home, heading, text, kept):
    path = clerk.upload(as_csv({**SUN, heading: text}))
    assert "已保存：1" in clerk.save(path), clerk.see(path)
    elder = elders.get(home.db, home.vault, 1)
    assert kept in (elder.name, elder.id_last_four, elder.contacts[0].phone)


def test_a_lost_leading_zero_is_put_back_and_said(clerk):
    page = clerk.see(clerk.upload(as_csv({**SUN, "联系电话": "43262010043"})))
    assert "0432-62010043" in page.split("请核对")[1]


def test_a_birth_date_beside_another_identity_number_is_noted_not_refused(clerk):
    """Old people keep the lunar birthday."""
    page = clerk.see(clerk.upload(as_csv({**SUN, "出生日期": "1946-02-02", "性别": "男"})))
    assert "可以保存：1" in page
    assert page.split("请核对")[1].count("已按身份证号登记") == 2


@pytest.mark.parametrize(
    ("cell", "said"), [(220211194603050000, "科学计数"), (2.2021119460305e17, "科学计数"), ("=B1", "公式")]
)
def test_what_a_spreadsheet_did_to_a_number_is_noticed(clerk, cell, said):
    page = clerk.see(clerk.upload(as_xlsx({**SUN, "身份证号": cell}), "名单.xlsx"))
    assert "有错：1" in page
    assert said in page.split("有错的行", 1)[1]


# Nobody twice -------------------------------------------------------------------------------------


def test_the_same_file_again_finds_everybody_registered(clerk):
    clerk.save(clerk.upload(as_csv(SUN, LI)))
    page = clerk.see(clerk.upload(as_csv(SUN, LI)))
    assert "可以保存：0" in page
    assert "已经登记：2" in page
    assert clerk.people() == 2


def test_a_person_is_known_by_name_birth_date_and_phone_without_the_identity_number(clerk):
    clerk.save(clerk.upload(as_csv(SUN)))
    without = {**SUN, "身份证号": "", "出生日期": "1946/3/5"}
    assert "已经登记：1" in clerk.see(clerk.upload(as_csv(without)))
    for differs in ({"姓名": "孙桂芳"}, {"出生日期": "1947-03-05"}, {"联系电话": "19900000099"}):
        assert "可以保存：1" in clerk.see(clerk.upload(as_csv({**without, **differs}))), differs


def test_the_same_person_twice_in_one_file_is_saved_once(clerk):
    page = clerk.see(clerk.upload(as_csv(SUN, SUN)))
    assert "可以保存：1" in page
    assert "第 2 行" in page.split("有错的行", 1)[1]


def test_who_was_entered_at_the_desk_meanwhile_is_not_doubled(clerk, home):
    path = clerk.upload(
        as_csv(
            {
                **SUN,
                "姓名": WANG.name,
                "身份证号": "",
                "出生日期": WANG.birth_date,
                "联系电话": "19900000002",
            },
            LI,
        )
    )
    assert "可以保存：2" in clerk.see(path)
    enrol(home, WANG, "at-the-desk")
    page = clerk.save(path)
    assert "已保存：1" in page
    assert "已经登记：1" in page
    assert clerk.people() == 2


def test_a_number_of_another_station_is_refused_without_a_name(clerk, home):
    elsewhere(home, "欧阳北山")
    with transaction(home.db):
        home.db.write("UPDATE elder SET identity_index = ?", home.vault.blind("identity", SUN["身份证号"]))
    page = clerk.see(clerk.upload(as_csv(SUN)))
    assert "欧阳北山" not in page
    assert "别的驿站" in page.split("有错的行", 1)[1]


def test_the_same_form_sent_twice_is_one_list(clerk, home):
    first = clerk.upload(as_csv(SUN), form_id="f" * 32)
    assert clerk.upload(as_csv(SUN), form_id="f" * 32) == first
    assert home.db.scalar("SELECT count(*) FROM elder_import") == 1


def test_saving_pressed_twice_saves_once(clerk):
    path = clerk.upload(as_csv(SUN, LI))
    clerk.save(path)
    assert "已保存：2" in clerk.save(path)
    assert clerk.people() == 2
