"""`station demo`: complete at once, kept over restarts, never half made."""

import re
import subprocess
import sys

import crowd
import pytest
import requests
import zxingcpp
from browser import desk
from PIL import Image
from playwright.sync_api import expect
from running import ROOT, Running, wait_for

from station import serve
from station.cli import demonstrate
from station.config import Config
from station.errors import SettingError

HTML = {"Accept": "text/html"}
URL = "http://127.0.0.1:8000/1247273623398063900124392959555356940249154347197173"


def picture_of(text: str) -> Image.Image:
    """What a terminal with square half blocks shows."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).removeprefix("  ") for line in text.splitlines()]
    picture = Image.new("L", (len(lines[0]), 2 * len(lines)), 0)
    for y, line in enumerate(lines):
        for x, sign in enumerate(line):
            picture.putpixel((x, 2 * y), 255 if sign in "█▀" else 0)
            picture.putpixel((x, 2 * y + 1), 255 if sign in "█▄" else 0)
    return picture.resize((picture.width * 6, picture.height * 6), Image.Resampling.NEAREST)


def test_the_code_in_the_terminal_can_be_scanned():
    (found,) = zxingcpp.read_barcodes(picture_of(demonstrate.qr_in_text(URL)))
    assert found.text == URL


def test_a_second_start_keeps_everything_and_follows_the_port(tmp_path):
    with crowd.start(tmp_path / "data") as station:
        first = station.about
        incident = station.scan(0, act="with_elder").json()["incident"]
    with Running(tmp_path / "data") as station:
        again = station.about
        assert again["accounts"] == first["accounts"]
        assert again["webhook_secret"] == first["webhook_secret"]
        assert [one["badge_number"] for one in again["elders"]] == [
            one["badge_number"] for one in first["elders"]
        ]
        for before, now in zip(first["elders"], again["elders"], strict=True):
            assert now["scan_url"] == station.base_url + "/" + before["scan_url"].rsplit("/", 1)[1]
            (code,) = zxingcpp.read_barcodes(Image.open(now["badge_png"]))
            assert code.text == now["scan_url"]
        assert [one["id"] for one in station.desk().get("/desk/incidents?open=1").json()] == [incident]


def test_two_at_once_on_one_folder_are_refused(tmp_path):
    data = tmp_path / "data"
    with crowd.start(data):
        config = Config(data, data / "keyring.json", "http://127.0.0.1:1", demo=True)
        with pytest.raises(SettingError, match="running"):
            serve.alone(config, wait_s=0)
    serve.alone(config, wait_s=0)


def test_every_phone_shows_its_messages_and_the_staff_can_be_reached_in_two_ways(tmp_path):
    with crowd.start(tmp_path / "data") as station:
        station.scan(0, act="with_elder", place="东市场公交站")
        page = f"{station.base_url}/demo/phones"
        whom = {"王强", "孙丽", "王家属", "第二联系人"}
        wait_for(lambda: whom <= _told(requests.get(page, timeout=30).text, "东市场公交站"))
        wait_for(lambda: "邮件也已送到" in requests.get(page, timeout=30).text)
        assert station.desk("secretary").get("/desk/roster", headers=HTML).text.count("2 个渠道已验证") == 2
        for username, enough in (("duty", True), ("secretary3", False)):
            mine = station.desk(username=username).get("/desk/duty", headers=HTML).text
            assert ("已验证 1/2" in mine) is not enough, username


@pytest.mark.e2e
def test_a_sender_that_cannot_start_is_named_and_reports_are_kept_until_it_can(browser, tmp_path):
    data = crowd.furnish(tmp_path / "data")
    lock = data / "run" / "sender.lock"
    lock.unlink()
    lock.mkdir()
    with crowd.start(data, whole=False) as station:
        missing = station.about["missing"]
        assert missing.keys() == {"sender-1", "sender-2", "sender"}
        assert missing["sender-1"] == missing["sender-2"]
        assert missing["sender-1"].startswith("IsADirectoryError (standby.py, line ")
        assert "sender-1: IsADirectoryError" in station.log.read_text().split("does not run: ", 1)[1]
        health = requests.get(f"{station.base_url}/healthz", timeout=30)
        assert (health.status_code, health.json()["checks"]["sender"]["ok"]) == (503, False)
        assert station.scan(1, act="with_elder", place="东市场公交站").status_code == 201
        with desk(browser, station.base_url, station.account("duty")) as context:
            console = context.new_page()
            console.goto(f"{station.base_url}/desk")
            expect(console.locator("#sender-banner")).to_be_visible()
            lock.rmdir()
            expect(console.locator("#sender-banner")).to_be_hidden(timeout=60_000)
        page = f"{station.base_url}/demo/phones"
        wait_for(lambda: "东市场公交站" in requests.get(page, timeout=30).text)
        wait_for(lambda: "everything runs now" in station.log.read_text())
        station.stop()
        assert station.process.returncode == 0


def _told(page: str, words: str) -> set[str]:
    """On whose phones the words stand."""
    sections = re.findall(r"<section[^>]*>\s*<h2[^>]*>(.*?)</h2>(.*?)</section>", page, re.DOTALL)
    return {re.sub("<[^>]+>", "", head).split()[0] for head, body in sections if words in body}


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("not a demonstration")
    answer = subprocess.run(
        [sys.executable, "-m", "station", "demo", "--data", str(tmp_path), "--port", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 1
    assert "another folder" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_one_that_was_broken_off_is_made_anew(tmp_path):
    draft = tmp_path / ".data.making"
    draft.mkdir()
    (draft / "station.db").write_text("half of a database")
    with Running(tmp_path / "data") as station:
        assert len(station.elders) == 8
    assert not draft.exists()
