"""The promises of alerting that need hours, chance or a power cut: scaled down in the usual run, in full in `make soak`.

docs/operating.md maps T1 to T20 to the tests that hold them.
"""

import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import deque
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import freezing
import pytest
import targets
from conftest import NOW, Home
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from provider import Provider, hang, mixture, reset, respond
from running import ROOT
from test_alerting import scan
from watch import Watch, by_kind, connect

from station import addresses, clock, founding, seal
from station.alerts import outbox
from station.config import Config
from station.db import StationDatabase, transaction
from station.errors import Conflict
from station.incidents import acts, events, reports
from station.incidents.acts import Move
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.incidents.states import rings

DUTY, BACKUP = 2, 3


def full(value: int) -> object:
    return pytest.param(value, marks=pytest.mark.soak)


@pytest.mark.parametrize("minutes", [1, full(30)])
def test_after_an_outage_all_that_waited_goes_out_and_another_way_carried_it_meanwhile(
    home, wang, gateway, minutes
):
    """T3: the provider fails in several ways at once; the officer's second way has the notice at once."""
    gateway.otherwise = mixture({respond(503): 3, reset(): 2, hang(0.2): 1}, seed=3)
    with Provider() as spare:
        for provider, label in ((gateway, "usual"), (spare, "spare")):
            made = addresses.add_channel(
                home.db, home.vault, station=1, kind="webhook", label=label, now=NOW, allow_private=True,
                settings={"secret": "s", "deadline_s": "0.2"},
            )  # fmt: skip
            with transaction(home.db):
                addresses.add(home.db, home.vault, channel_id=made, destination=provider.url, staff_id=DUTY)
        watch = Watch(home, gateway, NOW)
        scan(home, wang)
        watch.at(0)
        assert spare.requests, "the other way at once"
        for second in range(5, minutes * 60, 5):
            watch.at(second)
        gateway.otherwise, end, after = respond(200), minutes * 60, 0
        while owed(home, "notice"):
            after += 1
            watch.at(end + after)
            assert after <= 35, "it still waits for its turn"
    targets.at_most("T3", f"after an outage of {minutes} min: the last notice", after, 35, "s")


def owed(home: Home, kind: str) -> int:
    return home.db.scalar("SELECT count(*) FROM alert WHERE state = 'pending' AND kind = ?", kind)


@pytest.mark.soak
def test_an_incident_that_nobody_takes_rings_for_a_whole_day(home, wang, watch):
    """T12; forty repeats are in test_alerting."""
    scan(home, wang)
    for second in range(0, 86_400, 60):
        by_kind(watch.at(second))
    repeats = home.db.scalar("SELECT count(DISTINCT step) FROM alert WHERE kind = 'ladder' AND step > 4")
    targets.at_least("T12", "24 h without anybody: repeats of the last step", repeats, 700)
    assert repeats >= 700


def test_no_ring_leaves_after_the_claim_however_many_waited_to_be_tried_again(home, wang, watch, gateway):
    """T13: the provider was down while it rang; the claim comes before it recovers."""
    gateway.otherwise = respond(503)
    incident = scan(home, wang).incident_id
    for second in (0, 2, 46, 50, 91, 95, 151, 155):
        watch.at(second)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    gateway.otherwise = respond(200)
    late = [message for second in (157, 170, 190) for message in watch.at(second)]
    assert by_kind(late)["ladder"] == 0
    assert by_kind(late)["notice"] >= 4, "what tells of the elder still goes out"


# T15. --------------------------------------------------------------------------------------------------------


class Night(RuleBasedStateMachine):
    """Whatever people, providers and the clock do: an incident that nobody has taken has its next ring before it."""

    prepared: Home

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        shutil.copytree(self.prepared.config.data_dir, folder)
        config = Config(folder, folder / "keyring.json", "https://zj.example.cn")
        ring = seal.read_keyring(config.keyring)
        db, vault = self.stack.enter_context(founding.opened(config, ring))
        self.gateway = self.stack.enter_context(Provider())
        self.home = Home(config, ring, db, vault)
        connect(self.home, self.gateway, NOW)
        self.watch = Watch(self.home, self.gateway, NOW)
        self.second = 0.0

    def teardown(self) -> None:
        self.watch.sender.end()
        self.stack.close()

    @initialize()
    def somebody_is_lost_whom_an_officer_forgets(self) -> None:
        """So that each night has a claim that runs out, with its second round."""
        self.somebody_scans(1, "with_elder")
        self.somebody_takes_one("both", DUTY)
        self.time_goes_by(421)

    @rule(serial=st.integers(1, 3), act=st.sampled_from(["with_elder", "hurt", "gone", "opened"]))
    def somebody_scans(self, serial: int, act: str) -> None:
        reports.report(
            self.home.db, self.home.vault, Door(1, serial), Report(uuid.uuid4().hex, act), self.watch.now
        )
        self.watch.at(self.second)

    @rule(seconds=st.sampled_from([1, 20, 46, 91, 151, 301, 421, 1000]))
    def time_goes_by(self, seconds: int) -> None:
        self.second += seconds
        self.watch.at(self.second)

    @rule(slot=st.sampled_from(["on_site", "liaison", "both"]), by=st.sampled_from([DUTY, BACKUP]))
    def somebody_takes_one(self, slot: str, by: int) -> None:
        for row in self._open()[:1]:
            with suppress(Conflict):
                acts.claim(self.home.db, row["id"], slot, by=by, now=self.watch.now)
        self.watch.at(self.second)

    @rule(state=st.sampled_from(["going", "with_elder", "closed"]))
    def it_goes_on(self, state: str) -> None:
        for row in self._open()[:1]:
            step = Move(state, row["version"], outcome="reunited" if state == "closed" else "")
            with suppress(Conflict):
                acts.move(self.home.db, self.home.vault, row["id"], step, by=DUTY, now=self.watch.now)
        self.watch.at(self.second)

    @rule(behaviour=st.sampled_from([respond(200), respond(503), respond(410), reset()]))
    def the_provider_changes(self, behaviour) -> None:
        self.gateway.otherwise = behaviour

    @rule()
    def the_sender_dies(self) -> None:
        self.watch.restart()
        self.watch.at(self.second)

    @rule()
    def the_clock_steps_back(self) -> None:
        self.second -= 3600
        self.watch.at(self.second)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        for row in self._open():
            story = events.of_incident(self.home.db, row["id"])
            assert events.replay(story) == row["state"]
            timer = self.watch.sender.planner.ringing.get(row["id"])
            if rings(row):
                assert timer, f"incident {row['id']} has neither a person nor a next ring"
                assert timer.round == row["ring_round"]

    def _open(self) -> list[dict]:
        return self.home.db.rows("SELECT * FROM incident WHERE closed_at IS NULL ORDER BY id")


@pytest.mark.parametrize("examples", [6, full(50)])
def test_who_is_lost_is_never_without_a_person_or_a_next_ring(home, examples):
    """T15: in full 50 nights of up to 40 steps."""
    Night.prepared = home
    home.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    steps = 10 if examples < 50 else 40
    run_state_machine_as_test(
        Night,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples < 50,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# T16. --------------------------------------------------------------------------------------------------------

REPORT_FOR_EVER = """
import sys, itertools
from datetime import UTC, datetime
from pathlib import Path
from station import founding, seal
from station.config import Config
from station.incidents import reports
from station.incidents.intake import Report
folder = Path(sys.argv[1])
config = Config(folder, folder / "keyring.json", "https://zj.example.cn")
with founding.opened(config, seal.read_keyring(config.keyring)) as (db, vault):
    for n in itertools.count(1):
        reports.report(db, vault, reports.Door(1, n), Report(f"press-{n}", "with_elder"), datetime.now(UTC))
        print(n, flush=True)
"""


def last_line(writer: subprocess.Popen) -> int:
    """The number of the newest report that was answered; waits for one."""
    return int(os.read(writer.stdout.fileno(), 1 << 16).split()[-1])


@pytest.mark.parametrize("cuts", [3, full(100)])
def test_a_power_cut_at_any_moment_keeps_every_report_that_was_answered(home, tmp_path, cuts):
    """T16: the files as they are at a random moment, and rubbish after what was written through."""
    chance = random.Random(16)
    folder = home.config.data_dir
    with subprocess.Popen(
        [sys.executable, "-c", REPORT_FOR_EVER, str(folder)], stdout=subprocess.PIPE, cwd=ROOT
    ) as writer:
        try:
            for cut in range(cuts):
                answered = last_line(writer)  # it writes
                time.sleep(0.1 + chance.random() * 0.1)
                os.kill(writer.pid, signal.SIGSTOP)
                os.waitid(os.P_PID, writer.pid, os.WSTOPPED)
                if select.select([writer.stdout], [], [], 0)[
                    0
                ]:  # else the machine was too busy for another one
                    answered = last_line(writer)
                copy = tmp_path / f"cut{cut}"
                copy.mkdir()
                for name in ("station.db", "station.db-wal"):
                    shutil.copy(folder / name, copy / name)
                os.kill(writer.pid, signal.SIGCONT)
                with (copy / "station.db-wal").open("ab") as log:
                    log.write(chance.randbytes(chance.randrange(9000)))
                db = StationDatabase(copy / "station.db")
                assert db.scalar("PRAGMA integrity_check") == "ok"
                assert db.scalar("SELECT count(*) FROM scan") >= answered
                assert (
                    db.scalar("SELECT count(*) FROM incident WHERE id NOT IN (SELECT incident_id FROM scan)")
                    == 0
                )
                db.close()
                shutil.rmtree(copy)
        finally:
            writer.kill()
    targets.at_most("T16", f"{cuts} power cuts: answered reports that were missing", 0, 0)


def test_a_sender_keeps_nothing_of_what_is_over(home, wang, watch):
    """T20, the short form: what a sender remembers of incidents that were rung for and closed does not add up."""

    def night(hours: range) -> int:
        for hour in hours:
            incident = scan(home, wang, seconds=hour * 3600).incident_id
            watch.at(hour * 3600)
            watch.at(hour * 3600 + 46)
            acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
            step = Move("closed", 2, outcome="false_alarm")
            acts.move(home.db, home.vault, incident, step, by=DUTY, now=watch.now)
            watch.at(hour * 3600 + 50)
        return remembered(watch)

    assert night(range(1, 5)) == night(range(5, 17))
    log = home.config.data_dir / "station.db-wal"
    assert log.stat().st_size < 64 * 2**20


def remembered(watch: Watch) -> int:
    """How many things there are in what the sender holds, however deep."""
    sender, gates = watch.sender, watch.sender.gates
    kept = [value for one in (sender, gates) for value in vars(one).values()]
    return sum(map(_count, kept))


def _count(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count, value.values()))
    if isinstance(value, list | set | tuple | deque):
        return len(value) + sum(map(_count, value))
    return sum(map(_count, vars(value).values())) if type(value).__module__ == "station.alerts.gates" else 0


def test_five_hundred_messages_that_wait_outlive_an_upgrade(tmp_path):
    """T19: under the oldest schema that was given out."""
    oldest = min(int(path.stem[-3:]) for path in freezing.HERE.glob("schema_*.sql"))
    config, ring = freezing.thaw(tmp_path / "old", oldest), freezing.keyring()
    old = StationDatabase(config.database)
    with transaction(old):
        address = old.scalar("SELECT min(id) FROM address")
        for n in range(500):
            old.insert(
                "alert", uid=f"m{n}", dedup=f"m{n}", incident_id=1, kind="notice", address_id=address,
                staff_id=1, due_at=clock.text(NOW), created_at=clock.text(NOW),
            )  # fmt: skip
    old.close()
    founding.migrate(config, ring)
    with founding.opened(config, ring) as (db, _):
        claimed = {due.uid for due in outbox.claim(db, NOW + timedelta(seconds=1), 1000)}
    assert {f"m{n}" for n in range(500)} <= claimed


def test_each_of_the_twenty_has_its_tests():
    """The table in docs/operating.md names tests that exist."""
    table = (ROOT / "docs" / "operating.md").read_text().split("## The twenty tests")[1]
    rows = dict(re.findall(r"^\| (T\d+) \|.*\| (.*) \|$", table, re.MULTILINE))
    assert list(rows) == [f"T{n}" for n in range(1, 21)]
    for test, named in rows.items():
        found = re.findall(r"`(\w+)::(\w+)`", named)
        assert found, test
        for module, name in found:
            assert f"def {name}(" in (ROOT / "tests" / f"{module}.py").read_text(), (
                f"{test}: {module}::{name}"
            )
