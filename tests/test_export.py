"""The register as a file: for the secretary alone, for a reason, harmless in a spreadsheet, and readable again."""

import io
import re
from dataclasses import replace

import openpyxl
import pytest
from click.testing import CliRunner
from conftest import WANG, Desk, Home, enrol
from entering import actions
from listing import Clerk
from walking import elsewhere

from station import clock, elders, tables
from station.cli.main import main
from station.db import transaction
from station.enrolment import ContactForm
from station.lists import exports

EVIL = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "＝1+1", "\t=1")


class Secretary:
    """Asks for the register, lets the job process do its part, fetches the file."""

    def __init__(self, home: Home, desk: Desk) -> None:
        self.home = home
        self.desk = desk

    def ask(self, kind: str = "csv", reason: str = "visits", **more: str):
        return self.desk.post("/elders/export", data={"kind": kind, "reason": reason, **more})

    def work(self) -> None:
        for export_id in exports.waiting(self.home.db):
            exports.work(self.home.db, self.home.vault, export_id, now=clock.utcnow())

    def written(self, kind: str = "csv", reason: str = "visits") -> str:
        """Where the file is, ready to be fetched."""
        sent = self.ask(kind, reason)
        assert sent.status_code == 303, sent.text
        self.work()
        return sent.headers["Location"]

    def fetch(self, kind: str = "csv", reason: str = "visits"):
        return self.desk.get(self.written(kind, reason) + "/file")

    def see(self, path: str) -> str:
        return re.sub(r"<[^>]+>|\s+", " ", self.desk.get(path).text)


@pytest.fixture
def secretary(home, at_desk) -> Secretary:
    return Secretary(home, at_desk("secretary"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_secretary_gets_every_field_of_their_own_station(home, secretary, wang, kind):
    elsewhere(home, "欧阳北山")
    sent = secretary.fetch(kind)
    assert sent.headers["Content-Disposition"].endswith(f'.{kind}"')
    head, *people = tables.read(sent.data)
    assert len(people) == 1
    row = dict(zip(head, people[0], strict=False))
    assert row["姓名"] == wang.form.name
    assert row["住址"].endswith(wang.form.address)
    assert (row["联系人1姓名"], row["联系人2关系"]) == ("张伟", "女儿")
    assert (row["健康提示"], row["同意告知健康提示"]) == ("", "否"), "by consent alone"
    assert row["同意人"] == "家属"
    assert row["走失经历"] == "", "history is health too"
    assert row["联系人2电话"] == "0432-62010003"
    assert (row["同意登记"], row["同意页面显示提示"], row["胸牌"]) == ("是", "否", wang.number)


def test_an_export_can_be_taken_in_again_and_doubles_nobody(home, secretary, at_desk, wang, now):
    clerk = Clerk(home, at_desk("worker"), now)
    content = secretary.fetch().data
    assert "已经登记：1" in clerk.see(clerk.upload(content))


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_is_run_by_a_spreadsheet(home, secretary, evil):
    contacts = (
        ContactForm(f"{evil}金", "19900000002", "son"),
        ContactForm("金顺", "+82 10 1234 5678", "daughter"),
    )
    told = (*WANG.consents, "health_notes")
    form = replace(WANG, name=f"{evil.strip()}王", history=evil, contacts=contacts, consents=told)
    enrol(home, form, "evil")
    for row in tables.read(secretary.fetch().data):
        assert [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "＝"))] == []
    book = openpyxl.load_workbook(io.BytesIO(secretary.fetch("xlsx").data))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for cell in cells} == {"@"}
    assert not [cell.value for cell in cells if cell.value.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("reason", ["", "because", "=1"])
def test_without_a_reason_nothing_goes_out(home, secretary, wang, reason):
    answer = secretary.ask(reason=reason)
    assert answer.status_code == 422
    assert wang.form.address not in answer.text
    assert "elder.export" not in actions(home)


def test_the_log_keeps_who_and_why_and_no_name(home, secretary, wang):
    secretary.written(reason="emergency")
    row = home.db.row("SELECT * FROM audit WHERE action = 'elder.export'")
    assert (row["role"], row["object"], row["detail"]) == ("secretary", "station/1", "emergency 1")


@pytest.mark.parametrize("role", ["worker", "duty", "operator"])
def test_nobody_else_gets_it_or_is_offered_it(at_desk, wang, role):
    desk = at_desk(role)
    assert desk.post("/elders/export", data={"kind": "csv", "reason": "visits"}).status_code == 403
    if role == "worker":
        assert "/elders/export" not in desk.get("/elders/imports").text


def test_the_web_process_writes_no_register(home, secretary, wang):
    path = secretary.ask().headers["Location"]
    assert "正在写文件" in secretary.see(path)
    assert secretary.desk.get(f"{path}/file").status_code == 410
    state = secretary.desk.get(f"{path}/state", headers={"Accept": "application/json"}).get_json()
    assert state == {"state": "waiting", "done": 0, "total": 1}
    secretary.work()
    assert "1 位老人" in secretary.see(path)


def test_the_same_form_sent_twice_is_one_file(home, secretary, wang):
    first, second = (secretary.ask(form_id="a" * 32).headers["Location"] for _ in range(2))
    assert first == second
    assert actions(home).count("elder.export") == 1


def test_a_file_lies_sealed_for_an_hour_and_then_nobody_has_it(home, secretary, wang, now):
    path = secretary.written("csv")
    sealed = home.db.scalar("SELECT content FROM elder_export")
    assert wang.form.name.encode() not in sealed
    assert secretary.desk.get(f"{path}/file").status_code == 200
    assert actions(home)[-1] == "elder.export.fetch"
    hour_ago = clock.text(clock.utcnow() - exports.KEPT)
    with transaction(home.db):
        home.db.write("UPDATE elder_export SET ready_at = ?", hour_ago)
    assert secretary.desk.get(f"{path}/file").status_code == 410, "before anybody has cleared up"
    exports.forget_old(home.db, home.vault, clock.utcnow())
    assert home.db.scalar("SELECT content FROM elder_export") is None
    assert not home.vault.has(f"export/{home.db.scalar('SELECT uid FROM elder_export')}")
    assert "已销毁" in secretary.see(path)


def test_a_file_can_be_destroyed_at_once_also_while_it_is_written(home, secretary, wang):
    for path in (secretary.written(), secretary.ask().headers["Location"]):
        assert secretary.desk.post(f"{path}/end").status_code == 303
        secretary.work()
        assert secretary.desk.get(f"{path}/file").status_code == 410
    assert home.db.scalar("SELECT count(*) FROM elder_export WHERE content IS NOT NULL") == 0


def test_an_export_that_is_interrupted_begins_anew(home, secretary, wang, monkeypatch):
    path = secretary.ask().headers["Location"]
    [export_id] = exports.waiting(home.db)
    monkeypatch.setattr(exports, "SLICE", 1)
    exports.work(home.db, home.vault, export_id, now=clock.utcnow(), tell=lambda: True)
    assert exports.waiting(home.db) == [export_id]
    secretary.work()
    assert wang.form.name in secretary.desk.get(f"{path}/file").data.decode()


def test_a_colleague_cannot_fetch_what_i_asked_for(home, secretary, wang, at_desk):
    path = secretary.written()
    with transaction(home.db):
        home.db.write("UPDATE elder_export SET staff_id = 1")
    for address in (path, f"{path}/file", f"{path}/state"):
        assert secretary.desk.get(address).status_code == 404
    assert secretary.desk.post(f"{path}/end").status_code == 404


def test_who_was_erased_is_not_in_it(home, secretary, wang, now):
    home.vault.destroy(f"elder/{elders.uid_of(home.db, wang.id)}", now)
    assert len(secretary.fetch().data.decode().strip().split("\n")) == 1


def test_the_command_writes_a_file_for_its_owner_and_overwrites_none(home, wang, tmp_path, monkeypatch):
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", home.config.base_url)
    file = tmp_path / "register.csv"
    done = CliRunner().invoke(main, ["export", str(file), "--reason", "copy"])
    assert done.exit_code == 0, done.output
    assert wang.form.name in file.read_text("utf-8-sig")
    assert file.stat().st_mode & 0o077 == 0
    assert CliRunner().invoke(main, ["export", str(file), "--reason", "copy"]).exit_code == 1
    assert actions(home).count("elder.export") == 2
