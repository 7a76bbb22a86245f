"""`station badges` as a test calls it, and badges that wait to be printed."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import NOW, WANG, Home, Wearer, enrol

from station.cli.main import main
from station.db import transaction
from station.issuing import orders, records

ROOT = Path(__file__).parent.parent


@pytest.fixture
def station(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The instance as the command line finds it."""
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", home.config.base_url)
    return home


@pytest.fixture
def wearer(station: Home) -> Wearer:
    """Granny Wang with a badge on order."""
    return enrol(station, WANG, "form-ordered")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["badges", *map(str, words)])


def program(*words: object) -> list[str]:
    return [sys.executable, "-m", "station", "badges", *map(str, words)]


def blanks(home: Home, count: int) -> list[str]:
    """So many blank badges that wait to be printed, and their numbers; a sheet draws them itself."""
    ids = orders.order_blanks(home.db, home.vault, 1, count, by=1, now=NOW)
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'made', made_at = ordered_at WHERE elder_id IS NULL")
    return [records.shown_number(records.get(home.db, badge_id).number) for badge_id in ids]


def url_of(home: Home, badge_id: int) -> str:
    return records.url(home.ring, records.get(home.db, badge_id), home.config.base_url)
