"""The people and things of the story, on real files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import targets
from browser import browser
from flask import Flask
from flask.testing import FlaskClient
from homes import Home, config_of, copied
from hypothesis import settings
from provider import Provider
from running import Running
from watch import Watch, connect

from station import accounts, clock, communities, duty, elders, emergency, enrolment, founding, seal
from station.app import create_app
from station.communities import Policy, Station
from station.db import StationDatabase, transaction
from station.emergency import EmergencyFile
from station.issuing import orders, records
from station.vault import Vault
from station.web import account, answers, damping, links, mine
from station.web.connection import Service
from station.web.family import blueprint as family
from station.web.public import blueprint, claiming, doors, doubting, more

# One browser for all tests: a second Playwright cannot start beside the first.
__all__ = ["browser"]

# An example may take its time: the machine has other things to do.
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")

NOW = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)  # three in the morning in Jilin
PASSWORD = "snow at three o'clock"


@pytest.fixture
def now() -> datetime:
    return NOW


def here_today() -> date:
    """The day that the calendar on the station's wall shows, which is tomorrow's in UTC from 16 o'clock on."""
    return clock.utcnow().astimezone(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home as it is founded: six passwords are hashed and a schema is made once, not for each test."""
    config = config_of(tmp_path_factory.mktemp("furnished") / "data")
    with founding.opened(config, founding.found(config)) as (db, vault):
        settle(db, vault)
        emergency.refresh(db, vault, config.emergency_file, config.timezone, NOW)
    return config.data_dir


@pytest.fixture
def home(furnished: Path, tmp_path: Path) -> Iterator[Home]:
    """龙城社区 with a worker, two duty officers, a secretary; a neighbouring community with its own secretary."""
    with copied(furnished, tmp_path / "data") as made:
        yield made


def settle(db: StationDatabase, vault: Vault) -> None:
    with transaction(db):
        communities.add_station(
            db,
            Station(
                number=1,
                name="龙城社区防走失驿站",
                hotline="+8643262012345",
                area_code="0432",
                address_prefix="吉林省吉林市丰满区龙城社区",
                lat=43.8210,
                lon=126.5620,
                artwork="ring",
                theme="navy",
                policy=Policy(),
            ),
        )
        communities.add_community(db, station=1, name="龙城社区", lat=43.8210, lon=126.5620, radius_m=900)
        communities.add_community(db, station=1, name="滨江社区", lat=43.8330, lon=126.5480, radius_m=900)
    for username, role, community, name in (
        ("worker", "worker", 1, "李敏"),
        ("duty", "duty", 1, "王强"),
        ("duty2", "duty", 1, "赵军"),
        ("secretary", "secretary", 1, "孙丽"),
        ("secretary2", "secretary", 2, "周平"),
        ("operator", "operator", None, "吴工"),
    ):
        new = accounts.NewStaff(username, PASSWORD, role, 1, name, "+8619900000001", community)
        accounts.add(db, vault, new, NOW)
    on_duty, backup = 2, 3
    duty.replace_roster(
        db, 1, duty.around_the_clock([on_duty]) + duty.around_the_clock([backup], level="backup")
    )


WANG = enrolment.ElderForm(
    name="王秀兰",
    birth_date="1946-03-05",
    sex="female",
    address="帝景小区105号楼2单元301",
    community_id="1",
    contacts=(
        enrolment.ContactForm("张伟", "19900000002", "son"),
        enrolment.ContactForm("张敏", "0432-62010003", "daughter"),
    ),
    health_notes=("memory", "diabetes"),
    history="去年走失过两次，喜欢去江边。",
    call_name="王奶奶",
    hints=("slowly", "forgets"),
    consents=("record", "family_place", "finding_community", "photo"),
)


@dataclass(frozen=True)
class Wearer:
    """An elder with a badge: what the tests look for, and must not find."""

    id: int
    form: enrolment.ElderForm
    badge_id: int
    number: str  # as printed
    digits: str
    token: str
    path: str


def enrol(home: Home, form: enrolment.ElderForm, form_id: str) -> Wearer:
    station = communities.station(home.db, 1)
    locality = enrolment.Locality(
        station.area_code, station.address_prefix, frozenset(c.id for c in communities.communities(home.db))
    )
    checked = enrolment.check(form, locality, NOW.date())
    elder_id = elders.register(home.db, home.vault, checked, form_id=form_id, station=1, by=1, now=NOW)
    badge_id = orders.order(home.db, home.vault, elder_id, by=1, now=NOW)
    badge = records.get(home.db, badge_id)
    token = seal.badge_token(home.ring, badge.station, badge.serial, badge.key_digit)
    return Wearer(
        elder_id, form, badge_id, records.shown_number(badge.number), badge.number, token, f"/{token}"
    )


@pytest.fixture
def wang(home: Home) -> Wearer:
    """Granny Wang, registered, with a badge that she wears (its files are not drawn here)."""
    wearer = enrol(home, WANG, "form-wang")
    with transaction(home.db):
        home.db.write(
            "UPDATE badge SET state = 'worn', made_at = ?, activated_at = ?", NOW.isoformat(), NOW.isoformat()
        )
    return wearer


@pytest.fixture(scope="session")
def shared_app(furnished: Path) -> Flask:
    """Routes and pages are compiled once, not for each test."""
    config = config_of(furnished)
    return create_app(config, seal.read_keyring(config.keyring))


@pytest.fixture
def app(home: Home, shared_app: Flask) -> Iterator[Flask]:
    """The web application at this home, where nothing is left of the test before."""
    usual = dict(shared_app.config)
    service = Service(home.config, home.ring, EmergencyFile(home.config.emergency_file, home.ring))
    shared_app.extensions["station"] = service
    shared_app.testing = True
    yield shared_app
    for db, vault in service.idle.queue:
        vault.close()
        db.close()
    shared_app.config.clear()
    shared_app.config.update(usual)


@pytest.fixture
def own_app(home: Home) -> Flask:
    """One that a test may add to."""
    made = create_app(home.config, home.ring)
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A stranger's phone."""
    return app.test_client()


class Desk:
    """A signed-in staff member at a browser."""

    def __init__(self, app: Flask, username: str, password: str = PASSWORD) -> None:
        self.client = app.test_client()
        answer = self.client.post(
            "/login", json={"username": username, "password": password}, base_url="https://zj.example.cn"
        )
        assert answer.status_code == 200, answer.text
        self.token = self.get("/desk/session").get_json()["csrf_token"]

    def get(self, path: str, **kwargs):
        return self.client.get(path, base_url="https://zj.example.cn", **kwargs)

    def post(self, path: str, *, json=None, data=None, **kwargs):
        headers = {"X-CSRF-Token": self.token, "Referer": "https://zj.example.cn/"} | kwargs.pop(
            "headers", {}
        )
        return self.client.post(
            path, json=json, data=data, headers=headers, base_url="https://zj.example.cn", **kwargs
        )


@pytest.fixture
def at_desk(app: Flask):
    """`at_desk("duty")` signs that account in."""
    return lambda username: Desk(app, username)


@pytest.fixture(autouse=True)
def rested_dampers() -> None:
    """Each test begins as if nobody had tried anything for an hour."""
    for module in (account, answers, family, mine, links, doors, blueprint, claiming, more, doubting):
        for damper in vars(module).values():
            if isinstance(damper, damping.Damper):
                damper.forget()


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Iterator[Running]:
    """One demo station in processes of its own for the tests that only look at it or add to it."""
    with Running(tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


@pytest.fixture
def gateway() -> Iterator[Provider]:
    """The provider behind the channels of a station."""
    with Provider() as provider:
        yield provider


@pytest.fixture
def watch(home: Home, wang: Wearer, gateway: Provider) -> Watch:
    """The sender at three in the morning, with everybody's phone at the gateway."""
    connect(home, gateway, NOW)
    return Watch(home, gateway, NOW)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of the long tests."""
    if targets.ROWS:
        terminalreporter.section("what was measured")
        for line in targets.table():
            terminalreporter.write_line(line)
