"""A file that is no list of elders says so; the command line takes one in as the page does."""

import io
import re
import zipfile

import pytest
from click.testing import CliRunner
from listing import LI, SUN, as_csv, as_xlsx, clerk
from running import wait_for
from walking import elsewhere

from station import tables
from station.cli.main import main
from station.errors import Invalid
from station.lists import imports

__all__ = ["clerk"]


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
