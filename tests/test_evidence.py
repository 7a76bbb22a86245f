"""Who was told what, when: on the incident's page, as a sheet and as a table; with a row of the audit log each time."""

import csv
import io
import re
from datetime import timedelta

import pytest
from conftest import NOW, Home, Wearer
from doors import scan
from provider import respond
from watch import Watch

from station.db import transaction
from station.incidents import acts
from station.incidents.acts import Move
from station.selfwatch import evidence

PAGE, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
DUTY = 2


@pytest.fixture
def incident(home: Home, wang: Wearer, watch: Watch) -> int:
    incident_id = scan(home, wang)
    watch.at(0)
    return incident_id


def table(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))


def test_every_attempt_stands_with_time_way_result_and_the_provider_s_number(home, incident, at_desk):
    with transaction(home.db):
        home.db.write("UPDATE attempt SET provider_id = 'p-' || id")
    found = at_desk("duty").get(f"/desk/incidents/{incident}/evidence", headers=JSON).get_json()["attempts"]
    assert len(found) == home.db.scalar("SELECT count(*) FROM attempt")
    first = found[0]
    assert (first["at"], first["result"], first["channel"]) == (
        "2026-11-21T19:00:00.000000+00:00",
        "ok",
        "phones",
    )
    assert first["provider_id"].startswith("p-")
    assert {one["who"] for one in found} >= {"王强", "孙丽", "家属联系人 1", "家属联系人 2"}
    page = at_desk("duty").get(f"/desk/incidents/{incident}", headers=PAGE).text
    assert "通知了谁" in page
    assert first["provider_id"] in page


def test_an_attempt_that_failed_and_its_retry_both_stand(home, wang, watch, gateway, at_desk):
    gateway.otherwise = respond(503)
    scan(home, wang)
    watch.at(0)
    gateway.otherwise = respond(200)
    watch.at(40)
    found = at_desk("duty").get("/desk/incidents/1/evidence", headers=JSON).get_json()["attempts"]
    failed = [one for one in found if one["result"] == "retry"]
    assert failed
    assert {"ok", "retry"} <= {one["result"] for one in found}
    assert max(one["attempt"] for one in found) == 2


def test_a_message_that_was_called_off_stands_too(home, wang, watch, gateway, at_desk):
    incident_id = scan(home, wang)
    gateway.otherwise = respond(503)
    watch.at(0)
    gateway.otherwise = respond(200)
    acts.claim(home.db, incident_id, "both", by=DUTY, now=NOW + timedelta(seconds=1))
    acts.move(home.db, home.vault, incident_id, Move("closed", 2, outcome="reunited"), by=DUTY, now=NOW)
    watch.at(40)
    assert home.db.scalar("SELECT count(*) FROM alert WHERE state = 'cancelled'") > 0
    sheet = at_desk("secretary").get(f"/desk/incidents/{incident_id}/evidence", headers=PAGE).text
    assert sheet.count("<tr>") - 1 == evidence.count(home.db, incident_id)


def test_the_table_names_no_family_and_no_illness(home, wang, incident, at_desk):
    desk = at_desk("secretary")
    for path in (f"/desk/incidents/{incident}/evidence", f"/desk/incidents/{incident}/evidence.csv"):
        text = desk.get(path).get_data(as_text=True)
        for hidden in ("王秀兰", "张伟", "张敏", "糖尿病", "diabetes", "19900000002", "帝景小区"):
            assert hidden not in text, path


def test_no_cell_is_taken_for_a_formula(home, incident, at_desk):
    with transaction(home.db):
        home.db.write("UPDATE attempt SET detail = '=HYPERLINK(\"http://x\")', provider_id = '@SUM(A1)'")
        home.db.write("UPDATE channel SET label = '+1+1'")
    got = at_desk("duty").get(f"/desk/incidents/{incident}/evidence.csv")
    assert got.content_type.startswith("text/csv")
    rows = table(got.data)
    assert len(rows) == home.db.scalar("SELECT count(*) FROM attempt")
    for row in rows:
        assert (row["说明"][:2], row["服务商编号"][:2], row["渠道"][:2]) == ("'=", "'@", "'+")
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_the_table_speaks_to_who_reads_it_and_to_programs(home, wang, watch, gateway, at_desk):
    gateway.otherwise = respond(503)
    scan(home, wang)
    watch.at(0)
    path, desk = "/desk/incidents/1/evidence.csv", at_desk("duty")
    [row, *_] = table(desk.get(path).data)
    assert re.fullmatch(r"2026-11-22 03:00:0\d\.\d{3}\+08:00", row["时间"])
    assert (row["内容"], row["结果"], row["说明"]) == ("首次通知", "没有收下，会重发", "服务器应答码 503")
    assert (row["at"], row["kind"], row["result"]) == ("2026-11-21T19:00:00.000000+00:00", "notice", "retry")
    desk.post("/language", data={"csrf_token": desk.token, "language": "en"})
    [english, *_] = table(desk.get(path).data)
    assert (english["What came of it"], english["result"]) == ("not taken, tried again", "retry")


@pytest.mark.parametrize(("accept", "suffix", "form"), [("text/html", "", "page"), ("application/json", "", "json"), ("*/*", ".csv", "csv")])  # fmt: skip
def test_taking_it_out_is_on_record(home, incident, at_desk, accept, suffix, form):
    desk = at_desk("duty")
    desk.get(f"/desk/incidents/{incident}/evidence{suffix}", headers={"Accept": accept})
    row = home.db.row("SELECT * FROM audit ORDER BY seq DESC LIMIT 1")
    assert (row["action"], row["object"], row["detail"], row["staff_id"]) == (
        "incident.evidence", f"incident/{incident}", form, DUTY,
    )  # fmt: skip


@pytest.mark.parametrize("role", ["worker", "operator"])
def test_who_acts_in_no_incident_takes_nothing_out(incident, at_desk, role):
    assert at_desk(role).get(f"/desk/incidents/{incident}/evidence.csv", headers=JSON).status_code == 403


def test_the_staff_write_how_it_went_once_it_is_closed(home, incident, at_desk):
    desk = at_desk("duty")
    words = {"afterword": "电梯口没有灯，下次带手电。"}
    early = desk.post(f"/desk/incidents/{incident}/afterword", json=words, headers=JSON)
    assert early.status_code == 409
    acts.move(home.db, home.vault, incident, Move("closed", 1, outcome="reunited"), by=DUTY, now=NOW)
    empty = desk.post(
        f"/desk/incidents/{incident}/afterword",
        data={"csrf_token": desk.token, "afterword": " "},
        headers=PAGE,
    )
    assert (empty.status_code, "请先写几个字" in empty.text) == (422, True)
    assert desk.post(f"/desk/incidents/{incident}/afterword", json=words, headers=JSON).status_code == 200
    assert words["afterword"] in at_desk("secretary").get(f"/desk/incidents/{incident}", headers=PAGE).text
    stored = home.db.scalar("SELECT content FROM afterword")
    assert "手电".encode() not in stored


def test_the_family_is_thanked_when_it_ended_well(home, incident, watch, gateway):
    acts.move(home.db, home.vault, incident, Move("closed", 1, outcome="reunited"), by=DUTY, now=NOW)
    before = len(gateway.requests)
    watch.at(5)
    family = [r.json()["text"] for r in gateway.requests[before:] if "/contact/" in r.path]
    assert len(family) == 2
    assert all("老人已经平安。谢谢" in text for text in family)


def test_nobody_is_thanked_after_a_death(home, incident, watch, gateway):
    acts.move(home.db, home.vault, incident, Move("closed", 1, outcome="died"), by=DUTY, now=NOW)
    before = len(gateway.requests)
    watch.at(5)
    assert "谢谢" not in "".join(r.json()["text"] for r in gateway.requests[before:] if "/contact/" in r.path)
