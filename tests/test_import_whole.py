"""A list is entered whole: killed, doubled or given up in the middle, nothing is lost and nothing half."""

from canaries import found_in
from listing import LI, SUN, as_csv, as_xlsx, clerk

from station import tables
from station.lists import imports, working

__all__ = ["clerk"]


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
