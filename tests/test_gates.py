"""A way that hangs, fails or is full does not hold up the others, and nobody waits longer than there is reason to."""

import time
from datetime import timedelta

import pytest
from conftest import NOW, Home
from provider import Provider, code, hang, respond
from sightings import incident
from watch import Watch

from station import addresses, clock
from station.alerts import gates, outbox
from station.alerts.gates import Gates, Way
from station.channels.base import Result
from station.db import transaction

DUTY, BACKUP = 2, 3
FAILED = Result("retry", detail="no answer in time")
FINE = Result("ok", detail="taken")


@pytest.fixture
def gateway(gateway: Provider) -> Provider:
    gateway.otherwise = code(0)
    return gateway


def channel(home: Home, kind: str, label: str, **settings: str) -> int:
    return addresses.add_channel(
        home.db,
        home.vault,
        station=1,
        kind=kind,
        label=label,
        settings=settings,
        allow_private=True,
        now=NOW,
    )


def reach(home: Home, channel_id: int, staff_id: int, destination: str) -> int:
    with transaction(home.db):
        return addresses.add(
            home.db, home.vault, channel_id=channel_id, destination=destination, staff_id=staff_id
        )


def owe(home: Home, incident_id: int, address_id: int, count: int, kind: str = "notice") -> None:
    """So many messages are due to an address."""
    with transaction(home.db):
        for n in range(count):
            home.db.insert(
                "alert",
                uid=f"{incident_id}-{address_id}-{n}",
                dedup=f"{incident_id}|{kind}|{address_id}|{n}",
                incident_id=incident_id,
                kind=kind,
                address_id=address_id,
                staff_id=DUTY,
                due_at=clock.text(NOW),
                created_at=clock.text(NOW),
            )


def test_one_slow_channel_does_not_hold_up_the_others(home: Home, gateway: Provider) -> None:
    """Forty messages wait for a provider that hangs; a message on another channel arrives meanwhile."""
    with Provider() as silent:
        silent.otherwise = hang()
        case = incident(home, 1)
        stuck = channel(home, "wecom_robot", "stuck", base_url=silent.url, deadline_s="20")
        owe(home, case, reach(home, stuck, DUTY, "robot-1"), 15)
        owe(home, case, reach(home, stuck, BACKUP, "robot-2"), 25)
        quick = channel(home, "webhook", "quick", secret="s")
        watch = Watch(home, gateway, NOW)
        gateway.otherwise = respond(200)
        watch.sender.tick(NOW)
        assert sum(watch.sender.in_the_air.values()) == gates.SLOTS_OF_A_CHANNEL
        owe(home, case, reach(home, quick, BACKUP, f"{gateway.url}/quick"), 20)
        began = time.monotonic()
        while len(gateway.requests) < 20:
            watch.sender.tick(NOW)
            assert time.monotonic() - began < 10, "the quick channel waits for the slow one"
    watch.sender.pool.shutdown(wait=True)


def test_claim_gives_no_channel_more_than_its_share_however_much_waits(home: Home) -> None:
    case = incident(home, 1)
    first, second = (channel(home, "webhook", label, secret="s") for label in ("a", "b"))
    owe(home, case, reach(home, first, DUTY, "https://one.test/"), 50)
    owe(home, case, reach(home, second, DUTY, "https://two.test/"), 3)
    taken = outbox.claim(home.db, NOW, 32, outbox.Rooms(8, {first: 3}))
    of = [home.db.scalar("SELECT channel_id FROM address WHERE id = ?", due.address_id) for due in taken]
    assert (of.count(first), of.count(second)) == (5, 3)
    full = outbox.Rooms(8, {first: 8}, frozenset({second}))
    assert outbox.claim(home.db, NOW, 32, full) == []


def test_breaker_opens_at_the_fifth_failure_and_lets_one_through_every_ten_seconds() -> None:
    ways = Gates()
    way = Way(1, 1, "wecom_robot", "key")
    for second in range(5):
        assert ways.enter(way, NOW + timedelta(seconds=second), urgent=True) is None
        ways.leave(way, FAILED, NOW + timedelta(seconds=second))
    assert ways.rooms(NOW + timedelta(seconds=5)).shut_channels == {1}
    assert ways.enter(way, NOW + timedelta(seconds=5), urgent=True) is not None
    at = NOW + timedelta(seconds=15)
    assert ways.rooms(at).shut_channels == frozenset()
    assert ways.enter(way, at, urgent=True) is None
    assert ways.enter(way, at, urgent=True) is not None, "one tries, the others wait for its end"
    ways.leave(way, FINE, at)
    assert ways.enter(way, at, urgent=True) is None, "something arrived: the way is open again"


def test_failures_far_apart_or_with_a_success_between_open_no_breaker() -> None:
    ways = Gates()
    way = Way(1, 1, "wecom_robot", "key")
    for n in range(20):
        ways.leave(way, FINE if n % 5 == 4 else FAILED, NOW + timedelta(seconds=n))
    assert not ways.rooms(NOW).shut_channels
    for n in range(6):
        ways.leave(way, FAILED, NOW + timedelta(seconds=100 + 16 * n))
    assert not ways.rooms(NOW + timedelta(seconds=200)).shut_channels


def test_a_clock_that_steps_back_does_not_keep_a_way_shut() -> None:
    ways = Gates()
    way = Way(1, 1, "wecom_robot", "key")
    for _ in range(5):
        ways.leave(way, FAILED, NOW)
    assert ways.enter(way, NOW - timedelta(hours=1), urgent=True) is None


def test_webhooks_of_different_people_fail_each_for_itself() -> None:
    ways = Gates()
    for _ in range(5):
        ways.leave(Way(1, 1, "webhook", "a"), FAILED, NOW)
    rooms = ways.rooms(NOW + timedelta(seconds=1))
    assert (rooms.shut_channels, rooms.shut_addresses) == (frozenset(), {1})
    assert ways.enter(Way(1, 2, "webhook", "b"), NOW + timedelta(seconds=1), urgent=True) is None


def test_the_next_channel_carries_the_message_while_one_is_shut(home: Home, gateway: Provider) -> None:
    with Provider() as broken:
        broken.otherwise = respond(503)
        shut = channel(home, "wecom_robot", "shut", base_url=broken.url)
        good = channel(home, "webhook", "good", secret="s")
        reach(home, shut, DUTY, "robot-1")
        reach(home, good, DUTY, f"{gateway.url}/good")
        gateway.otherwise = respond(200)
        watch = Watch(home, gateway, NOW)
        for serial in range(6):
            incident(home, serial)
        watch.at(0)
        tried = len(broken.requests)
        assert len(gateway.requests) == 12, "notice and ring of each"
        for second in (2, 4, 6, 8):
            watch.at(second)
        assert len(broken.requests) == tried, "nobody knocks at a door that is shut"
        watch.at(10)
        assert len(broken.requests) == tried + 1
        broken.otherwise = code(0)
        watch.at(21)
        watch.at(22)
        owed = home.db.scalar(
            "SELECT count(*) FROM alert JOIN address ON address.id = address_id WHERE channel_id = ? "
            "AND alert.state = 'pending' AND alert.kind = 'notice'",
            shut,
        )
        assert owed == 0, "all that waited goes out when the first has arrived"


def test_a_robot_gets_no_more_than_its_provider_takes_in_a_minute(home: Home, gateway: Provider) -> None:
    """Twenty a minute for one robot, whoever it writes for; the last four are kept for what is urgent."""
    robots = channel(home, "wecom_robot", "robots", base_url=gateway.url)
    case = incident(home, 1)
    one, other = (reach(home, robots, staff, "same-robot") for staff in (DUTY, BACKUP))
    owe(home, case, one, 15, "message")
    owe(home, case, other, 15, "message")
    watch = Watch(home, gateway, NOW)
    watch.at(0)
    assert len(gateway.requests) == 17, "sixteen, and the ring for which the last four are kept"
    owe(home, case, one, 10)
    watch.at(1)
    assert len(gateway.requests) == 20
    attempts = home.db.scalar("SELECT max(attempts) FROM alert")
    assert attempts == 1, "waiting for room is no attempt"
    watch.at(59)
    assert len(gateway.requests) == 20
    for second in range(60, 120, 5):
        watch.at(second)
    assert len(gateway.requests) <= 40
    assert home.db.scalar("SELECT count(*) FROM alert WHERE kind = 'notice' AND state = 'pending'") == 0
    assert home.db.scalar("SELECT max(attempts) FROM alert WHERE state = 'accepted'") == 1


def test_a_ring_does_not_wait_behind_what_must(home: Home) -> None:
    """When a robot's ordinary share is used up, what may use the rest is found at once, however much waits before it."""
    case = incident(home, 1)
    robot = reach(home, channel(home, "wecom_robot", "robots"), DUTY, "robot-1")
    owe(home, case, robot, 100, "message")
    with transaction(home.db):
        home.db.insert(
            "alert", uid="ring", dedup="ring", incident_id=case, kind="ladder", ring_round=1, address_id=robot,
            staff_id=DUTY, due_at=clock.text(NOW), created_at=clock.text(NOW),
        )  # fmt: skip
    rooms = outbox.Rooms(8, {}, urgent_only=frozenset({robot}))
    assert [due.uid for due in outbox.claim(home.db, NOW, 32, rooms)] == ["ring"]


def test_a_message_counts_from_the_end_of_its_attempt() -> None:
    """The provider may have taken it only then: counted from its start, its own minute would see 21."""
    ways, way = Gates(), Way(1, 1, "wecom_robot", "key")
    for _ in range(20):
        assert ways.enter(way, NOW, urgent=True) is None
    assert ways.enter(way, NOW + timedelta(seconds=9), urgent=True), "those under way count too"
    for _ in range(20):
        ways.leave(way, FINE, NOW + timedelta(seconds=9))
    assert ways.enter(way, NOW + timedelta(seconds=61), urgent=True)
    assert ways.enter(way, NOW + timedelta(seconds=69), urgent=True) is None


def test_a_sender_that_was_killed_leaves_the_minutes_budget_used(home: Home, gateway: Provider) -> None:
    robots = channel(home, "wecom_robot", "robots", base_url=gateway.url)
    case = incident(home, 1)
    owe(home, case, reach(home, robots, DUTY, "robot-1"), 60)
    watch = Watch(home, gateway, NOW)
    watch.at(0)
    assert len(gateway.requests) == 20
    for second in (1, 20, 40):
        watch.restart()
        watch.at(second)
    assert len(gateway.requests) == 20, "a new sender believes that the minute is its own"
    watch.at(61)
    assert len(gateway.requests) == 40


def test_what_was_in_the_air_when_the_sender_died_counts_as_sent(home: Home, gateway: Provider) -> None:
    robots = channel(home, "wecom_robot", "robots", base_url=gateway.url)
    case = incident(home, 1)
    owe(home, case, reach(home, robots, DUTY, "robot-1"), 30)
    outbox.claim(home.db, NOW, 18)
    watch = Watch(home, gateway, NOW)
    watch.at(1)
    assert len(gateway.requests) == 2


@pytest.mark.parametrize("spacing", [1, 29])
def test_a_broken_channel_is_not_hammered_anew_after_a_restart(
    home: Home, gateway: Provider, spacing: int
) -> None:
    """Whether it failed just now, or long ago and at each try since."""
    gateway.otherwise = respond(503)
    robots = channel(home, "wecom_robot", "robots", base_url=gateway.url)
    owe(home, incident(home, 1), reach(home, robots, DUTY, "robot-1"), 40)
    watch = Watch(home, gateway, NOW)
    for step in range(25):
        watch.at(step * spacing)
    for n in range(1, 9):
        before = len(gateway.requests)
        watch.restart()
        watch.at(25 * spacing + n)
        assert len(gateway.requests) - before <= 1
    gateway.otherwise = code(0)
    watch.at(25 * spacing + 20)
    watch.at(25 * spacing + 21)
    assert len(gateway.taken()) > 1, "something arrived: the way is open again"


def test_a_pause_that_a_provider_asked_for_outlives_the_sender(home: Home, gateway: Provider) -> None:
    gateway.otherwise = code(45009)
    robots = channel(home, "wecom_robot", "robots", base_url=gateway.url)
    address = reach(home, robots, DUTY, "robot-1")
    case = incident(home, 1)
    owe(home, case, address, 1)
    watch = Watch(home, gateway, NOW)
    watch.at(0)
    watch.restart()
    gateway.otherwise = code(0)
    tried = len(gateway.requests)
    owe(home, incident(home, 2), address, 3, "message")
    watch.at(5)
    assert len(gateway.requests) == tried
    watch.at(46)
    assert len(gateway.taken()) >= 3


def test_a_provider_that_says_too_often_gets_its_pause_and_no_breaker(home: Home, gateway: Provider) -> None:
    robots = channel(home, "wecom_robot", "robots", base_url=gateway.url)
    address = reach(home, robots, DUTY, "robot-1")
    gateway.otherwise = code(45009)
    case = incident(home, 1)
    owe(home, case, address, 6)
    watch = Watch(home, gateway, NOW)
    watch.at(0)
    tried = len(gateway.requests)
    watch.at(20)
    assert len(gateway.requests) == tried
    gateway.otherwise = code(0)
    watch.at(46)
    assert home.db.scalar("SELECT count(*) FROM alert WHERE state = 'accepted'") >= 6


def test_a_phone_is_called_for_the_second_ring_and_not_while_something_quieter_works(
    home: Home, gateway: Provider
) -> None:
    gateway.otherwise = respond(200, b'{"errcode": 0, "Code": "OK", "CallId": "c"}')
    keys = {"access_key_id": "id", "access_key_secret": "s", "template": "TTS_1", "template_plain": "TTS_1"}
    voice = channel(home, "aliyun_voice", "voice", base_url=gateway.url, **keys)
    reach(home, channel(home, "webhook", "hook", secret="s"), DUTY, f"{gateway.url}/hook")
    reach(home, voice, DUTY, "+8619900000001")
    incident(home, 1)
    watch = Watch(home, gateway, NOW)
    assert calls(gateway, watch, 0) == 0
    assert calls(gateway, watch, 46) == 1


def test_what_fails_for_good_brings_the_call_at_once(home: Home, gateway: Provider) -> None:
    keys = {"access_key_id": "id", "access_key_secret": "s", "template": "TTS_1"}
    voice = channel(home, "aliyun_voice", "voice", base_url=gateway.url, **keys)
    with Provider() as gone:
        gone.otherwise = respond(410)
        reach(home, channel(home, "webhook", "hook", secret="s"), DUTY, f"{gone.url}/hook")
        reach(home, voice, DUTY, "+8619900000001")
        gateway.otherwise = respond(200, b'{"Code": "OK", "CallId": "c"}')
        incident(home, 1)
        watch = Watch(home, gateway, NOW)
        assert calls(gateway, watch, 0) == 1


def calls(gateway: Provider, watch: Watch, second: float) -> int:
    """How many calls are made in that second; messages that are no JSON object cannot be read by `at`."""
    before = len(gateway.requests)
    watch.now = watch.start + timedelta(seconds=second)
    watch.settle()
    return sum("CalledNumber" in request.path for request in gateway.requests[before:])


def test_a_person_who_can_only_be_called_is_called_for_the_notice(home: Home, gateway: Provider) -> None:
    gateway.otherwise = respond(200, b'{"Code": "OK", "CallId": "c"}')
    keys = {"access_key_id": "id", "access_key_secret": "s", "template": "TTS_1"}
    voice = channel(home, "aliyun_voice", "voice", base_url=gateway.url, **keys)
    reach(home, voice, DUTY, "+8619900000001")
    incident(home, 1)
    watch = Watch(home, gateway, NOW)
    assert calls(gateway, watch, 0) == 1, "once a minute: the ring waits"
