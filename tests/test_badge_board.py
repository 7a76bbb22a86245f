"""The two-day clock: what waits, what is late, how long it took; and print files that are whole or not there."""

import io
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from conftest import NOW, WANG, Desk, Home, Wearer, enrol
from entering import actions
from homes import copied
from PIL import Image

from badges import render
from station import communities, elders, enrolment, seal
from station.applications import intake
from station.care import standing
from station.db import transaction
from station.issuing import batches, board, life, making, orders, records


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture(scope="module")
def drawn(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Wearer]]:
    """The folder of a home with three elders whose badges are drawn and checked, which takes seconds."""
    names = ("王秀兰", "肖德福", "刘桂芝")
    with copied(furnished, tmp_path_factory.mktemp("drawn") / "data") as home:
        found = [enrol(home, replace(WANG, name=name), f"form-{name}") for name in names]
        for wearer in found:
            making.make(home.db, home.vault, wearer.badge_id, home.config.base_url, NOW)
    return home.config.data_dir, found


@pytest.fixture
def home(request: pytest.FixtureRequest, furnished: Path, tmp_path: Path) -> Iterator[Home]:
    """The usual home; with the three elders for whoever asks for them."""
    folder = request.getfixturevalue("drawn")[0] if "three" in request.fixturenames else furnished
    with copied(folder, tmp_path / "data") as made:
        yield made


@pytest.fixture
def three(home: Home, drawn: tuple[Path, list[Wearer]]) -> list[Wearer]:
    """Three elders whose badges are drawn and checked."""
    return list(drawn[1])


# A job process that dies by kill -9 when the second of three badges is drawn.
KILLED = """
import os, pathlib, signal, sys
from station import clock, founding, seal
from station.config import Config
from station.issuing import batches
folder = pathlib.Path(sys.argv[1])
config = Config(folder, folder / "keyring.json", "https://zj.example.cn")
def tell(done, steps):
    if done == 2:
        os.kill(os.getpid(), signal.SIGKILL)
with founding.opened(config, seal.read_keyring(config.keyring)) as (db, vault):
    batches.make(db, vault, 1, config.base_url, clock.utcnow(), tell=tell)
"""
ROOT = Path(__file__).parent.parent


def choose(worker: Desk, wearers: list[Wearer], kind: str):
    return worker.post("/badges/batches", data={"badge": [w.badge_id for w in wearers], "kind": kind})


def make(home: Home, batch_id: int) -> None:
    batches.make(home.db, home.vault, batch_id, home.config.base_url, NOW)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


# The clock


def test_a_badge_is_late_after_two_days_and_not_before(home, three):
    def late(after: timedelta) -> list[bool]:
        return [line.is_late for line in board.read(home.db, 1, NOW + after).due]

    assert late(hours(48)) == [False, False, False]
    assert late(hours(48) + timedelta(seconds=1)) == [True, True, True]
    life.activate(home.db, home.vault, three[0].badge_id, by=1, now=NOW + hours(49))
    assert late(hours(50)) == [True, True]


def test_the_clock_runs_from_the_family_s_application(home):
    locality = enrolment.Locality("0432", "吉林省", frozenset(c.id for c in communities.communities(home.db)))
    checked = enrolment.check(WANG, locality, NOW.date())
    intake.receive(home.db, home.vault, WANG, checked, form_id="a" * 32, station=1, now=NOW - hours(40))
    elder_id = elders.register(home.db, home.vault, checked, form_id="b", station=1, by=1, now=NOW)
    with transaction(home.db):
        home.db.write("UPDATE application SET state = 'approved', elder_id = ?", elder_id)
    first = orders.order(home.db, home.vault, elder_id, by=1, now=NOW)
    (line,) = board.read(home.db, 1, NOW).due
    assert (line.hours, line.is_late) == (40, False)
    assert board.read(home.db, 1, NOW + hours(9)).due[0].is_late
    orders.reissue(home.db, home.vault, first, by=1, now=NOW)
    assert [line.hours for line in board.read(home.db, 1, NOW).due] == [40, 0], (
        "a later badge has its own clock"
    )


def test_median_and_worst_of_ninety_days(home, three):
    for wearer, after in zip(three, (3, 10, 50), strict=True):
        life.activate(home.db, home.vault, wearer.badge_id, by=1, now=NOW + hours(after))
    pace = board.pace(home.db, 1, NOW + hours(60))
    assert (pace.handed_over, pace.median_h, pace.worst_h) == (3, 10, 50)
    assert board.pace(home.db, 1, NOW + timedelta(days=200)).median_h is None


def test_a_temporary_card_does_not_flatter_the_clock(home, three):
    card = orders.order(home.db, home.vault, three[0].id, form="card", temporary=True, by=1, now=NOW)
    making.make(home.db, home.vault, card, home.config.base_url, NOW)
    life.activate(home.db, home.vault, card, by=1, now=NOW)
    assert board.pace(home.db, 1, NOW).handed_over == 0


def test_a_badge_that_lies_for_two_weeks_is_listed_apart(home, three):
    read = board.read(home.db, 1, NOW + timedelta(days=15))
    assert (len(read.due), len(read.forgotten)) == (0, 3)


def test_an_elder_for_whom_nobody_ordered_a_badge_is_not_forgotten(home, worker, three):
    locality = enrolment.Locality("0432", "吉林省", frozenset(c.id for c in communities.communities(home.db)))
    typed = replace(WANG, name="赵广才")
    checked = enrolment.check(typed, locality, NOW.date())
    new = elders.register(home.db, home.vault, checked, form_id="c" * 32, station=1, by=1, now=NOW)
    (waiting,) = board.unserved(home.db, 1, NOW + hours(49))
    assert (waiting.elder_id, waiting.hours, waiting.is_late) == (new, 49, True)
    page = worker.get("/badges").text
    assert "还没有胸牌可用" in page
    assert "赵广才" in page
    orders.order(home.db, home.vault, new, by=1, now=NOW)
    assert board.unserved(home.db, 1, NOW) == []
    life.end(home.db, home.vault, three[0].badge_id, "lost", by=1, now=NOW + hours(60))
    (waiting,) = board.unserved(home.db, 1, NOW + hours(61))
    assert (waiting.elder_id, waiting.hours) == (three[0].id, 1), (
        "the clock starts anew when the last one ends"
    )
    standing.mark(home.db, home.vault, three[0].id, "deceased", by=1, now=NOW)
    assert board.unserved(home.db, 1, NOW) == []


def test_the_board_names_whom_to_go_to_and_shows_nothing_of_other_stations(worker, three):
    page = worker.get("/badges").text
    assert all(wearer.form.name in page and wearer.number in page for wearer in three)
    assert "限 48 小时" in page or "超时" in page
    assert "WeCom" not in page


# Print files


@pytest.mark.parametrize("kind", ["sheet", "package"])
def test_nothing_can_be_downloaded_before_it_is_whole_and_checked(home, worker, three, kind):
    assert choose(worker, three, kind).status_code == 303
    assert worker.get("/badges/batches/1/file").status_code == 404
    assert worker.post("/badges/batches/1/printed").status_code == 409
    assert worker.get("/badges/batches/1/state").get_json()["state"] == "ordered"
    make(home, 1)
    assert worker.get("/badges/batches/1/state").get_json()["state"] == "made"
    got = worker.get("/badges/batches/1/file")
    batch = batches.get(home.db, 1)
    assert seal.sha256(got.data) == batch.sha256
    assert actions(home)[-1] == "batch.download"
    assert batch.badges == 3


def test_the_sheet_carries_each_chosen_badge_once(home, worker, three):
    choose(worker, three[:2], "sheet")
    make(home, 1)
    pdf = worker.get("/badges/batches/1/file").data
    picture: Image.Image = render.colour(pdf, 0, 300)
    read = {code.text for code in zxingcpp.read_barcodes(picture)}
    assert read == {f"{home.config.base_url}{wearer.path}" for wearer in three[:2]}


def test_the_package_names_files_by_number_and_nobody(home, worker, three):
    choose(worker, three, "package")
    make(home, 1)
    with zipfile.ZipFile(io.BytesIO(worker.get("/badges/batches/1/file").data)) as package:
        names = package.namelist()
        listing = package.read("manifest.json").decode()
    assert {f"{wearer.number}.pdf" for wearer in three} <= set(names)
    assert not any(wearer.token in listing or wearer.form.name in listing for wearer in three)


def test_what_is_stored_of_a_check_has_no_token_in_it(home, worker, three):
    choose(worker, three, "sheet")
    make(home, 1)
    kept = home.db.scalar("SELECT manifest FROM print_batch") + "".join(
        row["checked_with"] for row in home.db.rows("SELECT checked_with FROM badge_file")
    )
    assert not any(wearer.token in kept for wearer in three)
    assert json.loads(home.db.scalar("SELECT manifest FROM print_batch"))["checked"]


def test_a_batch_that_was_interrupted_is_made_again_from_the_beginning(home, worker, three):
    choose(worker, three, "package")
    program = [sys.executable, "-c", KILLED, str(home.config.data_dir)]
    killed = subprocess.run(program, cwd=ROOT, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, "it was to be killed in the middle"
    assert worker.get("/badges/batches/1/file").status_code == 404
    assert batches.waiting(home.db) == [1]
    make(home, 1)
    assert worker.get("/badges/batches/1/file").status_code == 200
    assert batches.waiting(home.db) == []


def test_one_press_prints_the_whole_batch(home, worker, three):
    choose(worker, three, "sheet")
    make(home, 1)
    life.activate(home.db, home.vault, three[0].badge_id, by=1, now=NOW)
    for _ in range(2):
        assert worker.post("/badges/batches/1/printed").status_code == 303
    states = [records.get(home.db, wearer.badge_id).state for wearer in three]
    assert states == ["worn", "printed", "printed"], "what is worn already stays worn"
    assert actions(home).count("badge.printed") == 2


def test_badges_of_two_kinds_become_two_files(home, worker, three):
    cloth = orders.order(home.db, home.vault, three[0].id, form="cloth", by=1, now=NOW)
    making.make(home.db, home.vault, cloth, home.config.base_url, NOW)
    worker.post("/badges/batches", data={"badge": [three[0].badge_id, cloth], "kind": "sheet"})
    assert [batch.badges for batch in batches.newest(home.db, 1)] == [1, 1]


def test_a_wrong_choice_is_refused_in_words(home, worker, three):
    unmade = orders.order(home.db, home.vault, three[0].id, form="cloth", by=1, now=NOW)
    for badge, kind in (([], "sheet"), ([unmade], "sheet"), ([three[0].badge_id], "poster")):
        answer = worker.post("/badges/batches", data={"badge": badge, "kind": kind})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    assert worker.post("/badges/batches", data={"badge": [999], "kind": "sheet"}).status_code == 404
    assert batches.newest(home.db, 1) == []


def test_a_batch_that_cannot_be_drawn_says_why_and_blocks_no_other(home, worker, three):
    choose(worker, three[:1], "sheet")
    with transaction(home.db):
        home.db.write("UPDATE badge SET theme = 'plaid' WHERE id = ?", three[0].badge_id)
    choose(worker, three[1:], "sheet")
    for batch_id in batches.waiting(home.db):
        make(home, batch_id)
    assert [batch.state for batch in batches.newest(home.db, 1)] == ["made", "ordered"]
    assert "没能做成" in worker.get("/badges").text
    assert batches.waiting(home.db) == []


def test_a_badge_revoked_meanwhile_is_left_out(home, worker, three):
    choose(worker, three, "package")
    life.end(home.db, home.vault, three[1].badge_id, "revoked", by=1, now=NOW)
    make(home, 1)
    with zipfile.ZipFile(io.BytesIO(batches.file(home.db, home.vault, 1))) as package:
        assert f"{three[1].number}.pdf" not in package.namelist()


def test_a_file_with_a_badge_that_ended_since_is_given_to_nobody(home, worker, three):
    choose(worker, three, "sheet")
    make(home, 1)
    assert "/badges/batches/1/file" in worker.get("/badges").text
    life.end(home.db, home.vault, three[1].badge_id, "revoked", by=1, now=NOW + hours(1))
    assert worker.get("/badges/batches/1/file").status_code == 409
    page = worker.get("/badges").text
    assert "/badges/batches/1/file" not in page
    assert "有胸牌已停用" in page
    assert page.count(" checked>") == 2, "the others wait to be printed again"


def test_the_page_of_a_temporary_card_leaves_the_board_with_it(home, worker, three):
    card = orders.order(home.db, home.vault, three[0].id, form="card", temporary=True, by=1, now=NOW)
    making.make(home.db, home.vault, card, home.config.base_url, NOW)
    make(home, 1)
    assert "/badges/batches/1/" in worker.get("/badges").text
    life.activate(home.db, home.vault, three[0].badge_id, by=1, now=NOW + hours(1))
    assert "/badges/batches/1/" not in worker.get("/badges").text


def test_what_is_in_a_print_file_is_not_ticked_for_a_second_one(home, worker, three):
    assert worker.get("/badges").text.count(" checked>") == 3
    choose(worker, three[:1], "sheet")
    page = worker.get("/badges").text
    assert page.count(" checked>") == 2
    assert "已在印刷文件里" in page
    assert page.count('name="badge"') == 3, "who wants it twice can still tick it"


def test_another_stations_batches_do_not_exist_here(home, worker, three):
    choose(worker, three, "sheet")
    with transaction(home.db):
        first = communities.station(home.db, 1)
        communities.add_station(home.db, replace(first, number=2, name="北山驿站"))
        home.db.write("UPDATE print_batch SET station = 2")
    for path in ("file", "state"):
        assert worker.get(f"/badges/batches/1/{path}").status_code == 404
    assert worker.post("/badges/batches/1/printed").status_code == 404
