"""Channels that refuse for good: the next rung at once, whoever can mend it told, and no end while nobody acted."""

from collections.abc import Iterator

import pytest
from conftest import Home
from provider import Provider, respond
from test_alerting import scan

from station import addresses
from station.communities import Policy, Step
from station.db import transaction
from station.incidents import acts
from station.selfwatch import health

WORKER, DUTY, BACKUP, SECRETARY, SECRETARY2, OPERATOR = range(1, 7)


@pytest.fixture
def gone() -> Iterator[Provider]:
    """A provider at which nobody has an account any more."""
    with Provider() as provider:
        provider.otherwise = respond(410)
        yield provider


def move(home: Home, to: Provider, *staff: int) -> None:
    """The phones of these people are at another provider."""
    for staff_id in staff:
        for address_id in addresses.of_staff(home.db, staff_id):
            addresses.change_destination(home.db, home.vault, address_id, f"{to.url}/staff/{staff_id}")


def rung(provider: Provider, since: int = 0) -> list[int]:
    """Who was rung there."""
    requests = [request for request in provider.requests[since:] if request.json()["kind"] == "ladder"]
    return [int(request.path.rpartition("/")[2]) for request in requests]


def events(home: Home) -> list[str]:
    rows = home.db.rows("SELECT detail FROM event WHERE kind = 'unmanned' ORDER BY id")
    return [row["detail"] for row in rows]


def test_the_next_is_rung_at_once_when_every_channel_of_who_is_on_duty_refuses(
    home, wang, watch, gateway, gone
):
    move(home, gone, DUTY)
    scan(home, wang)
    told = [message["text"] for message in watch.at(0) if message["kind"] == "message"]
    assert rung(gone) == [DUTY]
    assert rung(gateway) == [BACKUP], "ninety seconds before the step's own time"
    assert len(told) == 3, "both secretaries and the operator hear that channels refuse"
    assert all("渠道" in text for text in told)
    assert events(home) == ["refused"]


def test_each_rung_asks_anew_whether_the_channel_was_mended(home, wang, watch, gateway, gone):
    move(home, gone, DUTY)
    scan(home, wang)
    watch.at(0)
    move(home, gateway, DUTY)
    before = len(gateway.requests)
    watch.at(46)
    assert rung(gateway, before) == [DUTY]
    assert events(home) == ["refused"], "it is told once"


def test_one_who_can_be_reached_is_enough_for_a_rung(home, wang, watch, gateway, gone):
    """A second phone of the officer takes the message: that is no reason to wake the next."""
    with transaction(home.db):
        addresses.add(
            home.db, home.vault, channel_id=1, destination=f"{gone.url}/staff/{DUTY}", staff_id=DUTY
        )
    scan(home, wang)
    watch.at(0)
    assert (rung(gone), rung(gateway), events(home)) == ([DUTY], [DUTY], [])


def test_a_provider_in_trouble_is_not_one_that_refuses(home, wang, watch, gateway, gone):
    gone.otherwise = respond(503)
    move(home, gone, DUTY)
    scan(home, wang)
    watch.at(0)
    watch.at(20)
    assert rung(gateway) == []
    assert events(home) == []


def test_who_holds_the_incident_is_not_rung_when_the_others_refuse(home, wang, watch, gateway, gone):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "on_site", by=DUTY, now=watch.now)
    move(home, gone, BACKUP)
    before = len(gateway.requests)
    watch.at(91)
    assert set(rung(gone)) == {BACKUP}
    assert set(rung(gateway, before)) == {SECRETARY}, "the open part is offered to the next at once"


def test_when_everybody_refuses_the_machine_says_so_and_goes_on_ringing(home, wang, watch, gateway, gone):
    move(home, gone, *range(WORKER, OPERATOR + 1))
    scan(home, wang)
    watch.at(0)
    assert set(rung(gone)) == set(range(WORKER, OPERATOR + 1)), "down to the operator, within one look"
    assert events(home) == ["refused", "nowhere"]
    reach = health.look(home.config, home.db, True, watch.now)["reach"]
    assert not reach.ok, "the watcher outside hears nothing good any more"
    for seconds in (46, 91, 151, 301, 421, 541, 661, 86_400):
        before = len(gone.requests)
        watch.at(seconds)
        assert rung(gone, before), f"silent after {seconds} s"
    move(home, gateway, SECRETARY)
    watch.at(86_521)
    assert SECRETARY in rung(gateway)
    assert health.look(home.config, home.db, True, watch.now)["reach"].ok


def test_a_policy_that_names_the_officer_alone_still_comes_to_the_secretary(home, wang, watch, gateway, gone):
    with transaction(home.db):
        home.db.write("UPDATE station SET policy = ?", Policy(steps=(Step(0, "on_duty"),)).dump())
    move(home, gone, DUTY)
    scan(home, wang)
    watch.at(0)
    assert SECRETARY in rung(gateway)
