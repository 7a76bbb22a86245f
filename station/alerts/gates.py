"""Which ways are open now: slots of each channel, a circuit breaker for what fails, the providers' own limits.

All of a person's channels get every message, so whatever waits here, the next channel has its own row already.
The state lives in the sending process; a new one replays the attempts of the last minutes into it.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from station.channels.base import Limit, Result
from station.channels.registry import KINDS

FAILURES = 5
WITHIN = timedelta(seconds=60)
PROBE_EVERY = timedelta(seconds=10)
SLOTS_OF_A_CHANNEL = 8
# The last part of a provider's limit is kept for the first word of an elder and for rings.
RESERVED = 4
URGENT = ("notice", "ladder")


class Way(NamedTuple):
    """Where a message is about to go: `target` tells destinations of a channel apart without naming them."""

    channel_id: int
    address_id: int
    kind: str
    target: str


@dataclass(frozen=True)
class Rooms:
    """What may be claimed now: at most `share` of a channel less what is `used`, nothing of what is shut."""

    share: int
    used: Mapping[int, int]
    shut_channels: frozenset[int] = frozenset()
    shut_addresses: frozenset[int] = frozenset()
    urgent_only: frozenset[int] = frozenset()  # addresses whose provider's limit has its reserve left

    def left(self, channel_id: int) -> int:
        return self.share - self.used.get(channel_id, 0)


@dataclass
class _Breaker:
    """Failures without a success in between; open from the fifth within a minute until something arrives."""

    failures: deque[datetime] = field(default_factory=lambda: deque(maxlen=FAILURES))
    opened: bool = False
    next_probe: datetime | None = None

    def note(self, result: Result, now: datetime) -> None:
        if result.outcome != "retry":  # what is final was answered: the way itself is open
            self.failures.clear()
            self.opened, self.next_probe = False, None
            return
        if result.retry_after_s is None:  # else it is a limit, and the provider is well
            self.failures.append(now)
        if len(self.failures) == FAILURES and abs(now - self.failures[0]) <= WITHIN:
            self.opened = True
        if self.opened:
            self.next_probe = now + PROBE_EVERY

    def go_on(self) -> None:
        """Be open still, from failures that an older sender saw."""
        if len(self.failures) == FAILURES:
            self.opened, self.next_probe = True, self.failures[-1] + PROBE_EVERY

    def is_shut(self, now: datetime) -> bool:
        # A machine's clock that steps back must not keep a way shut for an hour.
        waits = self.next_probe is not None and timedelta(0) < self.next_probe - now <= PROBE_EVERY
        return self.opened and waits


class Gates:
    """What the sender remembers of each way."""

    def __init__(self) -> None:
        self.in_the_air: Counter[int] = Counter()
        self._breakers: defaultdict[tuple[int, int], _Breaker] = defaultdict(_Breaker)
        self._sent: defaultdict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._paused: dict[tuple[str, str], datetime] = {}
        self._on: defaultdict[tuple[str, str], set[int]] = defaultdict(set)

    def rooms(self, now: datetime) -> Rooms:
        """What may be claimed now. While a breaker is open one message at a time may try."""
        shut = {scope for scope, breaker in self._breakers.items() if breaker.is_shut(now)}
        spent = self._without_room(now, urgent=True)
        reserve = self._without_room(now, urgent=False)
        for key in [key for key, sent in self._sent.items() if not sent and not self._under_way[key]]:
            del self._sent[key], self._on[key], self._under_way[key]
        return Rooms(
            SLOTS_OF_A_CHANNEL,
            dict(self.in_the_air),
            frozenset(channel_id for channel_id, address_id in shut if not address_id),
            frozenset(address_id for _, address_id in shut if address_id) | spent,
            reserve - spent,
        )

    def enter(self, way: Way, now: datetime, *, urgent: bool) -> float | None:
        """Count a message in and return None, or return in how many seconds it may try."""
        breaker, key = self._breakers[self._scope(way)], (way.kind, way.target)
        if breaker.is_shut(now):
            return 0.0  # `rooms` keeps it out until one that tries has arrived; then it goes at once
        wait = self._wait(key, now, urgent=urgent)
        if wait:
            return wait
        if breaker.opened:
            breaker.next_probe = now + PROBE_EVERY
        if KINDS[way.kind].limit:
            self._on[key].add(way.address_id)
            self._under_way[key] += 1
        self.in_the_air[way.channel_id] += 1
        return None

    def leave(self, way: Way, result: Result, now: datetime) -> None:
        """A message has come to an end on this way."""
        self.in_the_air[way.channel_id] -= 1
        if KINDS[way.kind].limit:
            self._under_way[way.kind, way.target] -= 1
        self._remember(way, result, now)

    def recall(self, story: list[tuple[Way, Result | None, datetime]]) -> None:
        """Begin with the attempts of an older sender, oldest first; None when nobody knows how one ended.

        The failures that opened a breaker may lie far back: a way that has failed for as long as the story
        goes, and often enough, is one that is tried now and then.
        """
        for way, result, ended in story:
            self._remember(way, result, ended)
        for breaker in self._breakers.values():
            breaker.go_on()

    def _remember(self, way: Way, result: Result | None, now: datetime) -> None:
        """What an attempt that ended at `now` says of its way."""
        if result:
            self._breakers[self._scope(way)].note(result, now)
        if not KINDS[way.kind].limit:
            return
        # It counts from its end: a provider that took it late would else see one too many in its own minute.
        key = (way.kind, way.target)
        self._on[key].add(way.address_id)
        self._sent[key].append(now)
        if result and result.retry_after_s:
            self._paused[key] = now + timedelta(seconds=result.retry_after_s)

    def _scope(self, way: Way) -> tuple[int, int]:
        """One provider serves a whole channel; webhooks are each on their own."""
        return way.channel_id, 0 if KINDS[way.kind].shared else way.address_id

    def _wait(self, key: tuple[str, str], now: datetime, *, urgent: bool = True) -> float:
        """Seconds until the provider's limit has room for this destination."""
        limit = KINDS[key[0]].limit
        if limit is None:
            return 0.0
        paused = (self._paused.get(key, now) - now).total_seconds()
        # A pause is never longer than a minute; more means that the machine's clock has stepped back.
        if 0 < paused <= 60:
            return paused
        most = limit.most if urgent or limit.most <= 2 * RESERVED else limit.most - RESERVED
        return _until_room(self._sent[key], most - self._under_way[key], limit, now)

    def _without_room(self, now: datetime, *, urgent: bool) -> frozenset[int]:
        """The addresses whose provider takes nothing (more) of this kind now."""
        full = [key for key in list(self._on) if self._wait(key, now, urgent=urgent)]
        return frozenset(address_id for key in full for address_id in self._on[key])


def _until_room(sent: deque[datetime], room: int, limit: Limit, now: datetime) -> float:
    """Seconds until one more may go, when there is room for so many in any span of the limit."""
    span = timedelta(seconds=limit.seconds)
    while sent and not timedelta(0) <= now - sent[0] < span:
        sent.popleft()
    if len(sent) < room:
        return 0.0
    oldest = max(len(sent) - max(room, 1), 0)
    return max((sent[oldest] + span - now).total_seconds(), 0.1) if sent else 0.1
