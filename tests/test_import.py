"""Elders from a spreadsheet: every wrong cell is named before anything is saved, and nobody is entered twice."""

import csv
import io
import re
import zipfile

import openpyxl
import pytest
from click.testing import CliRunner
from conftest import WANG, enrol
from running import wait_for
from test_canaries import found_in
from test_registry import actions
from walking import elsewhere

from station import consents, elders, search, tables
from station.cli.main import main
from station.db import transaction
from station.errors import Invalid
from station.lists import columns, imports, working

HEAD = [
    "姓名",
    "身份证号",
    "出生日期",
    "性别",
    "住址",
    "社区",
    "联系人",
    "联系电话",
    "关系",
    "健康提示",
    "同意登记",
]
SUN = {
    "姓名": "孙桂兰",
    "身份证号": "220211194603050242",
    "住址": "江畔小区7号楼1单元202",
    "社区": "龙城社区",
    "联系人": "孙家明",
    "联系电话": "19900000041",
    "关系": "儿子",
    "健康提示": "记性差、糖尿病",
    "同意登记": "是",
}
LI = {
    **SUN,
    "姓名": "李长海",
    "身份证号": "",
    "出生日期": "1944年11月2日",
    "性别": "男",
    "联系电话": "62010042",
}


def table(*rows: dict[str, str]) -> list[list[str]]:
    return [HEAD, *([row.get(heading, "") for heading in HEAD] for row in rows)]


def as_csv(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(table(*rows))
    return out.getvalue().encode(encoding)


def as_xlsx(*rows: dict[str, object]) -> bytes:
    """As a spreadsheet writes it: numbers as numbers, formulas as formulas without a stored value."""
    book = openpyxl.Workbook()
    for row in [dict(zip(HEAD, HEAD, strict=True)), *rows]:
        book.active.append([row.get(heading) for heading in HEAD])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class Clerk:
    """A worker at the page of lists; the job process does its part at once."""

    def __init__(self, home, desk, now) -> None:
        self.home, self.desk, self.now = home, desk, now

    def work(self) -> None:
        for import_id in working.waiting(self.home.db):
            working.work(self.home.db, self.home.vault, import_id, today=self.now.date(), now=self.now)

    def upload(self, content: bytes, name: str = "名单.csv", **more: str) -> str:
        """The address of the uploaded list, looked at."""
        data = {"file": (io.BytesIO(content), name), "community_id": "1", **more}
        sent = self.desk.post("/elders/imports", data=data)
        assert sent.status_code == 303, sent.text
        self.work()
        return sent.headers["Location"]

    def see(self, path: str) -> str:
        page = self.desk.get(path)
        assert page.status_code == 200
        return re.sub(r"<[^>]+>|\s+", " ", page.text)

    def save(self, path: str) -> str:
        assert self.desk.post(f"{path}/save").status_code == 303
        self.work()
        return self.see(path)

    def people(self) -> int:
        return int(self.home.db.scalar("SELECT count(*) FROM elder"))


@pytest.fixture
def clerk(home, at_desk, now) -> Clerk:
    return Clerk(home, at_desk("worker"), now)


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


# Nothing lost, nothing half -----------------------------------------------------------------------


def many(count: int) -> bytes:
    rows = [{**LI, "姓名": f"李{chr(0x6000 + n)}", "联系电话": f"1990001{n:04d}"} for n in range(count)]
    return as_csv(*rows)


def test_killed_in_the_middle_it_goes_on_and_enters_nobody_twice(clerk, home, now):
    path = clerk.upload(many(250))
    clerk.desk.post(f"{path}/save")
    working.work(home.db, home.vault, 1, today=now.date(), now=now, tell=lambda: True)
    assert 0 < clerk.people() < 250
    state = clerk.desk.get(f"{path}/state").get_json()
    assert state == {"state": "saving", "done": clerk.people(), "total": 250}
    assert "100" in clerk.see(path)
    clerk.work()
    assert "已保存：250" in clerk.see(path)
    assert clerk.people() == 250


def test_two_processes_at_one_list_enter_nobody_twice(clerk, home, now):
    path = clerk.upload(many(40))
    clerk.desk.post(f"{path}/save")

    def other() -> bool:
        clerk.work()
        return False

    working.work(home.db, home.vault, 1, today=now.date(), now=now, tell=other)
    assert clerk.people() == 40
    assert "已保存：40" in clerk.see(path)


def test_the_rest_comes_back_with_its_reasons_and_can_be_sent_again(clerk):
    bad = {**SUN, "身份证号": "220211194603050241", "联系人": "=cmd|' /C calc'!A0"}
    path = clerk.upload(as_csv(LI, bad))
    clerk.save(path)
    for kind in ("csv", "xlsx"):
        rest = clerk.desk.get(f"{path}/rest.{kind}")
        assert "attachment" in rest.headers["Content-Disposition"]
        rows = tables.read(rest.data, formulas=True)
        assert [row[1] for row in rows[1:]] == ["孙桂兰"]
        assert "打错了" in rows[1][0]
        assert not any(cell.startswith("=") for row in rows for cell in row)
    mended = [
        rows[0],
        [cell.replace("050241", "050242").replace("'=cmd|' /C calc'!A0", "孙家明") for cell in rows[1]],
    ]
    again = clerk.upload(tables.write_csv(mended))
    assert "已保存：1" in clerk.save(again)


def test_of_a_saved_list_only_the_rest_is_kept_and_after_a_week_nothing(clerk, home, now):
    path = clerk.upload(as_csv(LI, {**SUN, "住址": ""}))
    clerk.save(path)
    one = imports.get(home.db, 1)
    assert [row for row in imports.rows(home.db, home.vault, one) if row][1][0] == "孙桂兰"
    assert "李长海" not in str(imports.rows(home.db, home.vault, one))
    imports.forget_old(home.db, home.vault, now + imports.FORGOTTEN_AFTER * 1.1)
    assert not home.vault.has(f"import/{one.uid}")
    assert home.db.scalar("SELECT content FROM elder_import") is None
    assert clerk.desk.get(f"{path}/rest.csv").status_code == 404
    assert "已保存：1" in clerk.see(path)


def test_a_discarded_list_is_forgotten(clerk, home):
    path = clerk.upload(as_csv(SUN))
    clerk.desk.post(f"{path}/discard")
    assert home.db.row("SELECT content, findings FROM elder_import") == {"content": None, "findings": None}
    assert not home.vault.has(f"import/{imports.get(home.db, 1).uid}")
    assert clerk.desk.post(f"{path}/save").status_code == 409
    assert clerk.people() == 0


def test_no_file_holds_a_person_while_a_list_waits(clerk, home):
    clerk.upload(as_xlsx(SUN, {**LI, "住址": ""}), "孙桂兰的名单.xlsx")
    secret = ["孙桂兰", "李长海", "江畔小区", "19900000041", "9900000041", "220211194603050242", "孙家明"]
    files = [
        path for path in home.config.data_dir.rglob("*") if path.is_file() and path != home.config.keyring
    ]
    assert len(files) >= 4
    for path in files:
        assert found_in(path.read_bytes(), secret) == [], path


# Files that are none ------------------------------------------------------------------------------


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "x")
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3\x00\x00", "不是"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "XLS"),
        (as_xlsx(SUN)[:-400], "不完整"),
        (as_csv(SUN)[:-3], "不完整"),
        (bomb(), "太大"),
        ("姓名,住址,电话\n".encode() + b"a,b,c\n" * 5001, "太大"),
        (as_csv(), "没有内容"),
        ("日期,金额\n1,2\n".encode(), "列名"),
        (b"PK\x03\x04 word document", "不完整"),
    ],
    ids=["pdf", "xls", "half xlsx", "half csv", "bomb", "rows", "empty", "other table", "no zip"],
)
def test_a_file_that_is_no_list_says_so_and_is_forgotten(clerk, home, content, said):
    path = clerk.upload(content, "名单.xlsx")
    assert said in clerk.see(path)
    assert home.db.row("SELECT state, content FROM elder_import") == {"state": "unreadable", "content": None}


def test_no_file_is_refused_at_once(clerk):
    answer = clerk.desk.post("/elders/imports", data={"file": (io.BytesIO(b""), "a.csv")})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "请选择一份有内容的文件" in answer.text


def test_too_large_a_file_is_not_even_kept(home, now):
    with pytest.raises(Invalid):
        imports.keep(
            home.db,
            home.vault,
            b"x" * (tables.LARGEST + 1),
            station=1,
            community_id=1,
            form_id="f",
            by=1,
            now=now,
        )
    assert home.db.scalar("SELECT count(*) FROM elder_import") == 0


def test_what_a_sheet_says_about_its_size_is_not_believed(clerk):
    out, honest = io.BytesIO(), zipfile.ZipFile(io.BytesIO(as_xlsx(SUN)))
    with zipfile.ZipFile(out, "w") as packed:
        for part in honest.namelist():
            lying = re.sub(rb'<dimension ref="[^"]+"', b'<dimension ref="A1:XFD1048576"', honest.read(part))
            packed.writestr(part, lying)
    assert "可以保存：1" in clerk.see(clerk.upload(out.getvalue()))


# The command line, and real processes -------------------------------------------------------------


@pytest.fixture
def cli(home, monkeypatch):
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", home.config.base_url)
    return lambda *words: CliRunner().invoke(main, list(words))


def test_the_command_takes_a_file_in_and_writes_the_rest(cli, home, tmp_path):
    file, rest = tmp_path / "list.csv", tmp_path / "rest.csv"
    file.write_bytes(as_csv(SUN, {**LI, "住址": ""}))
    done = cli("import", str(file), "--community", "龙城社区", "--yes", "--rest", str(rest))
    assert done.exit_code == 1, done.output
    assert "Saved 1;" in done.output
    assert "Row 3: 住址" in done.stderr
    assert "李长海" in rest.read_text("utf-8-sig")
    assert rest.stat().st_mode & 0o077 == 0
    assert home.db.scalar("SELECT count(*) FROM elder") == 1
    assert home.db.scalar("SELECT content FROM elder_import") is None
    rest.unlink()
    file.write_bytes(as_csv(SUN))
    assert cli("import", str(file), "--yes").exit_code == 0
    assert home.db.scalar("SELECT count(*) FROM elder") == 1


def test_the_command_saves_nothing_without_a_yes(cli, home, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(as_csv(SUN))
    CliRunner().invoke(main, ["import", str(file)], input="n\n")
    assert home.db.scalar("SELECT count(*) FROM elder") == 0


def test_a_running_station_takes_a_list_in(demo):
    worker = demo.desk("worker")
    token = worker.get("/desk/session").json()["csrf_token"]
    sent = worker.http.post(
        f"{demo.base_url}/elders/imports",
        data={"csrf_token": token, "community_id": "1"},
        files={"file": ("list.csv", as_csv({**SUN, "社区": ""}))},
        timeout=30,
        allow_redirects=False,
    )
    path = sent.headers["Location"]
    wait_for(lambda: worker.get(f"{path}/state").json()["state"] == "checked")
    worker.http.post(f"{demo.base_url}{path}/save", data={"csrf_token": token}, timeout=30)
    wait_for(lambda: worker.get(f"{path}/state").json() == {"state": "done", "done": 1, "total": 1})


def test_a_list_belongs_to_its_station(clerk, home, at_desk, now):
    path = clerk.upload(as_csv(SUN))
    far = elsewhere(home, "欧阳北山")
    assert clerk.desk.get(f"/elders/imports/{far.import_id}").status_code == 404
    assert at_desk("duty").get(path).status_code == 403
