"""A passer-by doubts a badge: heard kindly, shown to the staff, never rung, and no way to fill the disk."""

import pytest

from station import doubts
from station.db import transaction

BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}
PAGE = {"Accept": "text/html"}
NOTE = "二维码上面又贴了一张"


def tell(client, address="203.0.113.5", **sent):
    return client.post(
        "/doubt?l=zh", data={"kind": "copied"} | sent, base_url=BASE, environ_base={"REMOTE_ADDR": address}
    )


@pytest.mark.parametrize("spoken", ["zh", "en", "ko"])
def test_the_badge_s_page_says_the_domain_and_leads_to_the_form(client, wang, spoken):
    page = client.get(f"{wang.path}?l={spoken}", base_url=BASE).text
    assert "<b>zj.example.cn</b>" in page
    assert f'href="/doubt?n={wang.number}"' in page
    form = client.get(f"/doubt?n={wang.number}&l={spoken}", base_url=BASE).text
    assert f'value="{wang.number}"' in form
    assert "zj.example.cn" in form
    assert form.count("<option value=") == 5
    assert "0432-62012345" in form


def test_a_doubt_is_on_the_console_until_somebody_has_seen_it(client, at_desk, wang, home):
    assert "谢谢" in tell(client, number=wang.number, note=NOTE).text
    duty = at_desk("duty")
    page = duty.get("/desk", headers=PAGE).text
    assert "对胸牌的反映" in page
    assert wang.number in page
    assert NOTE in page
    assert duty.post("/desk/doubts/1/seen", data={}).status_code == 303
    assert NOTE not in duty.get("/desk", headers=PAGE).text
    row = home.db.row("SELECT * FROM badge_doubt")
    assert (row["seen_by"], row["seen_at"] is not None) == (2, True)
    assert home.db.scalar("SELECT count(*) FROM audit WHERE action = 'doubt.seen'") == 1


def test_the_operator_sees_no_words_of_it(client, at_desk, wang):
    tell(client, number=wang.number, note=NOTE)
    page = at_desk("operator").get("/desk", headers=PAGE).text
    assert "对胸牌的反映" in page
    assert NOTE not in page
    assert at_desk("operator").post("/desk/doubts/1/seen", data={}).status_code == 403


def test_it_never_rings(client, home, wang):
    tell(client, number=wang.number, note=NOTE)
    for table in ("incident", "scan", "event", "alert"):
        assert home.db.scalar(f"SELECT count(*) FROM {table}") == 0


def test_a_number_that_is_none_is_heard_all_the_same_and_nobody_learns_it(client, home, wang):
    answers = {tell(client, number=number).text for number in (wang.number, "123456", "", "词", "0" * 50)}
    assert len(answers) == 1
    rows = home.db.rows("SELECT station, serial FROM badge_doubt ORDER BY id")
    assert rows[0]["serial"] is not None
    assert [row["serial"] for row in rows[1:]] == [None] * 4
    assert {row["station"] for row in rows} == {1}


def test_what_was_typed_stays_when_the_kind_is_missing(client, home):
    answer = tell(client, kind="", number="12345-6", note="<script>alert(1)</script>")
    assert answer.status_code == 422
    assert 'value="12345-6"' in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert home.db.scalar("SELECT count(*) FROM badge_doubt") == 0


def test_a_long_story_is_cut_and_kept(client, home):
    tell(client, note="长" * 3000)
    found, _ = doubts.unseen(home.db, home.vault, 1)
    assert found[0].note == "长" * 500


def test_one_network_is_slowed_down_and_others_are_heard(client, home):
    statuses = [tell(client).status_code for _ in range(12)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert "0432-62012345" in tell(client).text
    assert tell(client, "198.51.100.9").status_code == 200


def test_many_networks_fill_no_disk(client, home, monkeypatch):
    monkeypatch.setattr(doubts, "MOST_UNSEEN", 8)
    statuses = [tell(client, f"198.51.{n}.1").status_code for n in range(12)]
    assert statuses.count(200) == 8
    assert home.db.scalar("SELECT count(*) FROM badge_doubt") == 8
    with transaction(home.db):
        home.db.write("UPDATE badge_doubt SET seen_at = at")
    assert tell(client, "198.51.100.1").status_code == 200


def test_no_file_and_no_log_holds_the_words(client, home, caplog):
    tell(client, note=NOTE)
    for path in home.config.data_dir.rglob("*"):
        if path.is_file():
            assert NOTE.encode() not in path.read_bytes(), path
    assert NOTE not in caplog.text


def test_without_the_database_the_hotline_is_shown(client, home):
    home.config.database.unlink()
    answer = tell(client)
    assert answer.status_code == 503
    assert "0432-62012345" in answer.text


def test_typed_numbers_are_slowed_down_at_every_door(client, home, wang):
    """A hit is a report and always heard; misses at the report's own door count like those of the page."""
    network = {"REMOTE_ADDR": "203.0.113.5"}
    for n in range(40):
        last = client.post(f"/n/{n:06d}/scans", json={"act": "hurt"}, environ_base=network, base_url=BASE)
    assert last.status_code == 429
    assert tell(client, number=wang.number).status_code == 200
    assert home.db.scalar("SELECT serial FROM badge_doubt") is None, "nor does the form say more"
    hit = client.post(f"/n/{wang.digits}/scans", json={"act": "hurt"}, environ_base=network, base_url=BASE)
    assert hit.status_code == 201


def test_the_start_page_leads_to_both(client):
    page = client.get("/?l=zh", base_url=BASE).text
    assert 'href="/doubt?l=zh"' in page
    assert 'href="/receipt?l=zh"' in page
    assert "zj.example.cn" in page
