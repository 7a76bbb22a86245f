"""The register as a file: for the secretary alone, for a reason, harmless in a spreadsheet, and readable again."""

import io
from dataclasses import replace

import openpyxl
import pytest
from click.testing import CliRunner
from conftest import WANG, enrol
from test_import import Clerk
from test_registry import actions
from walking import elsewhere

from station import elders, tables
from station.cli.main import main
from station.enrolment import ContactForm

EVIL = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "＝1+1", "\t=1")


@pytest.fixture
def secretary(at_desk):
    return at_desk("secretary")


def fetch(desk, kind: str = "csv", reason: str = "visits"):
    return desk.post("/elders/export", data={"kind": kind, "reason": reason})


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_secretary_gets_every_field_of_their_own_station(home, secretary, wang, kind):
    elsewhere(home, "欧阳北山")
    sent = fetch(secretary, kind)
    assert sent.headers["Content-Disposition"].endswith(f'.{kind}"')
    head, *people = tables.read(sent.data)
    assert len(people) == 1
    row = dict(zip(head, people[0], strict=False))
    assert row["姓名"] == wang.form.name
    assert row["住址"].endswith(wang.form.address)
    assert (row["联系人1姓名"], row["联系人2关系"]) == ("张伟", "女儿")
    assert (row["健康提示"], row["同意告知健康提示"]) == ("", "否"), "by consent alone"
    assert row["联系人2电话"] == "0432-62010003"
    assert (row["同意登记"], row["同意页面显示提示"], row["胸牌"]) == ("是", "否", wang.number)


def test_an_export_can_be_taken_in_again_and_doubles_nobody(home, secretary, at_desk, wang, now):
    clerk = Clerk(home, at_desk("worker"), now)
    content = fetch(secretary).data
    assert "已经登记：1" in clerk.see(clerk.upload(content))


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_is_run_by_a_spreadsheet(home, secretary, evil):
    contacts = (ContactForm(evil, "19900000002", "son"), ContactForm("金顺", "+82 10 1234 5678", "daughter"))
    enrol(home, replace(WANG, name=evil.strip(), history=evil, contacts=contacts), "evil")
    for row in tables.read(fetch(secretary).data):
        assert [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "＝"))] == []
    book = openpyxl.load_workbook(io.BytesIO(fetch(secretary, "xlsx").data))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for cell in cells} == {"@"}
    assert not [cell.value for cell in cells if cell.value.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("reason", ["", "because", "=1"])
def test_without_a_reason_nothing_goes_out(home, secretary, wang, reason):
    answer = fetch(secretary, reason=reason)
    assert answer.status_code == 422
    assert wang.form.address not in answer.text
    assert "elder.export" not in actions(home)


def test_the_log_keeps_who_and_why_and_no_name(home, secretary, wang):
    fetch(secretary, reason="emergency")
    row = home.db.row("SELECT * FROM audit WHERE action = 'elder.export'")
    assert (row["role"], row["object"], row["detail"]) == ("secretary", "station/1", "emergency 1")


@pytest.mark.parametrize("role", ["worker", "duty", "operator"])
def test_nobody_else_gets_it_or_is_offered_it(at_desk, wang, role):
    desk = at_desk(role)
    assert fetch(desk).status_code == 403
    if role == "worker":
        assert "/elders/export" not in desk.get("/elders/imports").text


def test_who_was_erased_is_not_in_it(home, secretary, wang, now):
    home.vault.destroy(f"elder/{elders.uid_of(home.db, wang.id)}", now)
    assert len(fetch(secretary).data.decode().strip().split("\n")) == 1


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
