"""`station badges`: one file for the press, whole or not at all; lists and replacements."""

import os
import resource
import signal
import subprocess
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from badge_desk import ROOT, blanks, program, run, station, url_of, wearer
from conftest import NOW, WANG, Home
from entering import actions

from badges import check
from station.db import transaction
from station.issuing import life, making, orders, records, workplace

__all__ = ["station", "wearer"]

# One file for the press


def test_all_that_wait_come_into_one_sheet_and_none_twice(station, wearer, tmp_path):
    numbers = blanks(station, 16)
    answer = run("sheet", tmp_path / "sheet.pdf")
    assert answer.exit_code == 0, answer.output
    assert "17 badges" in answer.output
    read = {code.text for code in check.read((tmp_path / "sheet.pdf").read_bytes())}
    assert read == {url_of(station, badge.id) for badge in records.unfinished(station.db, 1)}
    assert records.get(station.db, wearer.badge_id).state == "made"
    assert len(numbers) == 16
    assert actions(station)[-1] == "badges.file"
    assert list(tmp_path.glob(".*")) == [], "nothing else is left beside it"
    assert list((station.config.data_dir / "making").glob("*")) == []


def test_named_badges_come_into_a_package_that_is_made_of_their_checked_files(station, wearer, tmp_path):
    run("make")
    kept = making.file(station.db, station.vault, wearer.badge_id, "pdf")
    assert run("sheet", tmp_path / "shop.zip", wearer.number).exit_code == 0
    with zipfile.ZipFile(tmp_path / "shop.zip") as package:
        assert package.read(f"{wearer.number}.pdf") == kept
        assert {"manifest.json", "manifest.xlsx", "manifest.csv"} < set(package.namelist())


def test_a_checked_file_that_no_longer_says_the_truth_is_drawn_anew(station, wearer, tmp_path):
    run("make")
    kept = making.file(station.db, station.vault, wearer.badge_id, "pdf")
    with transaction(station.db):
        station.db.write("UPDATE station SET hotline = '+8643262019999'")
    assert run("sheet", tmp_path / "shop.zip", wearer.number).exit_code == 0
    with zipfile.ZipFile(tmp_path / "shop.zip") as package:
        new = package.read(f"{wearer.number}.pdf")
    assert new != kept
    assert new == making.file(station.db, station.vault, wearer.badge_id, "pdf")


def test_the_badges_of_a_print_file_of_the_board_can_be_asked_for(station, at_desk, wearer, tmp_path):
    run("make")
    at_desk("worker").post("/badges/batches", data={"badge": [wearer.badge_id], "kind": "sheet"})
    assert run("sheet", tmp_path / "one.pdf", "--batch", 1).exit_code == 0
    assert [code.text for code in check.read((tmp_path / "one.pdf").read_bytes())] == [
        url_of(station, wearer.badge_id)
    ]


def test_a_file_that_is_there_is_not_overwritten_without_a_word(station, wearer, tmp_path):
    target = tmp_path / "sheet.pdf"
    target.write_text("the shop has this one")
    answer = run("sheet", target)
    assert (answer.exit_code, target.read_text()) == (1, "the shop has this one")
    assert "--force" in answer.output
    assert run("sheet", target, "--force").exit_code == 0
    assert target.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sheet", "x.doc"), ".pdf"),
        (("sheet", "x.pdf", "12345-6"), "no badge 12345-6"),
        (("sheet", "x.pdf", "--batch", "9"), "no such print file"),
        (("sheet", "x.pdf"), "No badge waits"),
        (("reissue", "1234", "--reason", "lost"), "no badge 1234"),
    ],
)
def test_what_cannot_be_is_said_in_words(station, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    answer = run(*words)
    assert answer.exit_code == 1
    assert said in answer.output
    assert list(tmp_path.glob("x.*")) == []


def test_badges_of_two_kinds_or_one_that_ended_are_no_sheet(station, wearer, tmp_path):
    orders.order(station.db, station.vault, wearer.id, form="card", by=1, now=NOW)
    answer = run("sheet", tmp_path / "s.pdf")
    assert "1 × badge ring navy, 1 × card ring navy" in answer.output
    assert run("sheet", tmp_path / "s.pdf", "--form", "card").exit_code == 0
    life.end(station.db, station.vault, wearer.badge_id, "lost", by=1, now=NOW)
    answer = run("sheet", tmp_path / "t.pdf", wearer.number)
    assert f"{wearer.number} is lost" in answer.output
    assert not (tmp_path / "t.pdf").exists()


def wait_for_pages(home: Home, process: subprocess.Popen, most: float = 60) -> Path:
    """The journal of checked pages, once some are in it."""
    end = time.monotonic() + most
    while time.monotonic() < end:
        for journal in (home.config.data_dir / "making").glob("*/passed"):
            if journal.read_text().count("\n") >= 3:
                return journal
        assert process.poll() is None, "it was done before it could be killed"
        time.sleep(0.002)
    raise AssertionError("no page was ever checked")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_sheet_goes_on_where_it_stopped(station, tmp_path, how):
    blanks(station, 120)
    target = tmp_path / "sheet.pdf"
    with subprocess.Popen(
        program("sheet", target),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores ^C, and what it starts would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        journal = wait_for_pages(station, process)
        process.send_signal(how)
        try:
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()  # one that hangs must not hang the tests
    assert not target.exists(), "no part of it may look like a sheet"
    if how == signal.SIGINT:
        assert (process.returncode, "Run the same command again" in told) == (130, True)
    before = journal.read_text()
    drawn = journal.with_name("drawn").stat()
    assert not any(url.rsplit("/")[-1] in before for url in [url_of(station, 1), url_of(station, 120)])
    kept = os.open(journal, os.O_RDONLY)  # read on when the folder is gone
    answer = run("sheet", target)
    assert answer.exit_code == 0, answer.output
    after = os.pread(kept, 10_000_000, 0).decode()
    assert os.fstat(kept).st_nlink == 0, "the workplace is cleared"
    os.close(kept)
    assert after.startswith(before), "checked pages were thrown away"
    assert after.count("\n{") >= 16, "it was drawn again"
    assert after.count("\n{") <= 16 + 1, "a page was checked twice"  # one line may have been cut off
    assert drawn.st_size > 100_000
    assert len(check.read(target.read_bytes())) == 120
    whole = target.read_bytes()
    assert run("sheet", target, "--force").exit_code == 0
    assert target.read_bytes() == whole, "as if nothing had happened"


@pytest.mark.parametrize("first_full", ["the file", "the database"])
def test_a_full_disk_is_said_and_leaves_nothing_that_looks_like_a_file(station, tmp_path, first_full):
    blanks(station, 30)
    target = tmp_path / "sheet.pdf"
    if first_full == "the file":  # with its logs empty and the station's key made, the database grows last
        station.vault.create(["station/1"], NOW)
        for db in (station.db, station.vault.keys):
            db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    small = subprocess.run(
        program("sheet", target), cwd=ROOT, capture_output=True, text=True, preexec_fn=small_disk, check=False
    )
    assert small.returncode == 1
    assert "no part of it is there" in small.stderr
    assert "Run the same command again" in small.stderr
    assert "Traceback" not in small.stderr
    assert list(tmp_path.glob("*.pdf")) + list(tmp_path.glob(".*")) == []
    assert run("sheet", target).exit_code == 0
    assert len(check.read(target.read_bytes())) == 30


def test_a_spoilt_memory_of_an_interrupt_is_not_believed(home, tmp_path):
    """A power failure leaves half a file; then it is drawn again."""
    with workplace.entered(tmp_path / "making", home.vault, 1, "key", NOW) as memory:
        memory.keep(b"%PDF drawn")
        assert memory.drawn() == b"%PDF drawn"
        drawn = tmp_path / "making" / "key" / "drawn"
        assert b"%PDF" not in drawn.read_bytes(), "codes are bearer tokens, so they lie sealed"
        drawn.write_bytes(drawn.read_bytes()[:12])
        assert memory.drawn() is None
        (tmp_path / "making" / "key" / "passed").write_text('{"number": 0, "chara')
        assert memory.passed() == {}


def test_the_same_sheet_is_not_made_twice_at_once_and_an_old_trial_is_cleared(home, tmp_path):
    root = tmp_path / "making"
    with (
        pytest.raises(RuntimeError),
        workplace.entered(root, home.vault, 1, "left", NOW),
    ):
        raise RuntimeError
    assert (root / "left").exists()
    with workplace.entered(root, home.vault, 1, "key", NOW + timedelta(days=9000)):
        assert not (root / "left").exists()
        with (
            pytest.raises(Exception, match="Another process"),
            workplace.entered(root, home.vault, 1, "key", NOW),
        ):
            pass


def test_a_progress_bar_is_for_people_and_no_token_or_name_is_told(station, wearer, tmp_path):
    for words in (("make",), ("sheet", tmp_path / "s.pdf"), ("list",)):
        answer = run(*words)
        assert (answer.exit_code, answer.stderr) == (0, "")
        assert wearer.token not in answer.stdout
        assert WANG.name not in answer.stdout
    primary, secondary = os.openpty()
    with subprocess.Popen(
        program("sheet", "--force", tmp_path / "s.pdf"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=secondary
    ) as process:
        os.close(secondary)
        seen = b""
        while True:
            try:
                seen += os.read(primary, 4096)
            except OSError:  # the terminal's other end is closed
                break
    os.close(primary)
    assert process.returncode == 0
    assert "100%" in seen.decode()


# Lists and replacements


def test_the_list_can_be_narrowed(station, wearer):
    blanks(station, 1)
    assert wearer.number in run("list").output
    assert wearer.number not in run("list", "--state", "made").output
    assert run("list", "--station", 2).output == ""


@pytest.mark.parametrize(
    ("reason", "old_state"), [("lost", "lost"), ("stolen", "revoked"), ("damaged", "worn")]
)
def test_a_reissue_keeps_both_badges_and_the_reason(station, wang, reason, old_state):
    for _ in range(2):
        answer = run("reissue", wang.number, "--reason", reason)
        assert answer.exit_code == 0, answer.output
    old, new = records.get(station.db, wang.badge_id), records.of_elder(station.db, wang.id)[0]
    assert (old.state, new.state, new.replaces) == (old_state, "ordered", old.id)
    assert len(records.of_elder(station.db, wang.id)) == 2
    assert (
        station.db.scalar("SELECT detail FROM audit WHERE action = 'badge.order' ORDER BY seq DESC") == reason
    )
    assert records.shown_number(new.number) in answer.output
