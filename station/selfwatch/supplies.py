"""What runs out in silence: money for messages and calls, approved templates, the domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from station import audit, clock
from station.channels.balance import UNITS, Balance
from station.db import StationDatabase, transaction
from station.errors import Invalid, InvalidForm, NotFound
from station.selfwatch.finding import Item
from station.vault import Vault

WARN_BELOW = {"yuan": 50.0, "messages": 200.0}
MOST = 10_000_000.0
TEMPLATE_STATES = ("approved", "in_review", "rejected")
ANSWER_FRESH = timedelta(days=2)
REMIND = (
    60,
    30,
)  # days before a domain ends on which the evening's message says so; from seven on, every evening
LAST_DAYS = 7
_MARKS = ", ".join(f"'{kind}'" for kind in UNITS)


@dataclass(frozen=True)
class Supply:
    """What is known of one channel that is paid in advance."""

    channel_id: int
    label: str
    kind: str
    source: str  # asked (at the provider) or typed
    amount: float | None  # left now, as far as known
    noted: date | None  # typed: the day of the number from which messages since then were taken off
    typed: float | None  # that number
    warn_below: float
    trouble: str  # why the provider could not be asked last; a msgid
    asked_at: datetime | None
    template_state: str  # "" when nobody has typed it
    template_until: date | None

    @property
    def unit(self) -> str:
        """A number that is typed counts messages, whatever the provider counts."""
        return "messages" if self.source == "typed" else UNITS[self.kind]


def of_station(db: StationDatabase, station: int, timezone: str) -> list[Supply]:
    """Every channel in use that is paid in advance."""
    rows = db.rows(
        "SELECT channel.id, label, kind, supply.* FROM channel LEFT JOIN supply ON channel_id = channel.id "  # noqa: S608
        f"WHERE station = ? AND active = 1 AND kind IN ({_MARKS}) ORDER BY channel.id",
        station,
    )
    return [_supply(db, row, ZoneInfo(timezone)) for row in rows]


def to_ask(db: StationDatabase) -> list[tuple[int, str]]:
    """The channels, id and kind, whose provider is to be asked."""
    rows = db.rows(
        "SELECT channel.id, kind FROM channel LEFT JOIN supply ON channel_id = channel.id "  # noqa: S608
        f"WHERE active = 1 AND kind IN ({_MARKS}) AND coalesce(source, 'asked') = 'asked' ORDER BY channel.id"
    )
    return [(row["id"], row["kind"]) for row in rows]


def note_answer(db: StationDatabase, channel_id: int, found: Balance, now: datetime) -> None:
    """What the provider said; an older number stays while it cannot be asked."""
    with transaction(db):
        db.write(
            "INSERT INTO supply (channel_id, source, amount, warn_below, trouble, asked_at) VALUES (?, 'asked', ?, ?, ?, ?) "
            "ON CONFLICT (channel_id) DO UPDATE SET amount = coalesce(excluded.amount, amount), "
            "trouble = excluded.trouble, asked_at = excluded.asked_at",
            channel_id,
            found.amount,
            WARN_BELOW[found.unit],
            found.trouble,
            clock.text(now),
        )


def keep(
    db: StationDatabase,
    vault: Vault,
    station: int,
    channel_id: int,
    typed: Mapping[str, str],
    *,
    today: date,
    by: int,
    now: datetime,
) -> None:
    """Keep what was typed of a channel: source, amount, noted, warn_below, template_state, template_until.

    Raises NotFound, InvalidForm.
    """
    known = f"SELECT 1 FROM channel WHERE id = ? AND station = ? AND kind IN ({_MARKS})"  # noqa: S608
    if not db.scalar(known, channel_id, station):
        raise NotFound("There is no such channel. Load the page again.")
    wrong: list[Invalid] = []
    row = _checked(typed, today, wrong)
    if wrong:
        raise InvalidForm(wrong)
    old = db.row("SELECT source, amount, asked_at FROM supply WHERE channel_id = ?", channel_id)
    if row["source"] == "asked" and old and old["source"] == "asked":
        row |= {"amount": old["amount"], "asked_at": old["asked_at"]}
    with transaction(db):
        db.write("DELETE FROM supply WHERE channel_id = ?", channel_id)
        db.insert("supply", channel_id=channel_id, **row)
        about = f"channel/{channel_id}"
        audit.record(db, vault.ring, staff_id=by, action="supply.save", about=about, now=now)


def domain_until(db: StationDatabase, host: str) -> date | None:
    """The last day of the domain, as somebody typed it."""
    found = db.scalar("SELECT value FROM meta WHERE key = ?", f"domain {host}")
    return date.fromisoformat(found) if found else None


def keep_domain(db: StationDatabase, vault: Vault, host: str, typed: str, *, by: int, now: datetime) -> None:
    """Keep the day on which the domain ends. Raises Invalid."""
    until = _day(typed)
    if until is None:
        raise Invalid("domain_until", "Choose the day as the seller of the domain shows it.")
    with transaction(db):
        db.write("DELETE FROM meta WHERE key = ?", f"domain {host}")
        db.insert("meta", key=f"domain {host}", value=until.isoformat())
        audit.record(db, vault.ring, staff_id=by, action="domain.save", about="domain", now=now)


def findings(supply: Supply, now: datetime, today: date) -> list[Item]:
    """What the evening's look says of one channel."""
    return [_balance(supply, now), _template(supply, today)]


def domain(until: date | None, today: date) -> Item:
    if until is None:
        return Item("domain_unknown", "unknown")
    left = (until - today).days
    if left > REMIND[0]:
        return Item("domain", "good")
    state = "mend" if left <= LAST_DAYS else "soon"
    return Item("domain", state, {"days": max(0, left), "quiet": state == "soon" and left not in REMIND})


def _balance(one: Supply, now: datetime) -> Item:
    values: dict[str, Any] = {
        "channel": one.label,
        "left": round(one.amount or 0),
        "warn": round(one.warn_below),
    }
    if one.source == "asked" and one.trouble:
        return Item("balance_failed", "soon", {**values, "why": one.trouble})
    stale = one.source == "asked" and (one.asked_at is None or now - one.asked_at > ANSWER_FRESH)
    if one.amount is None or stale:
        return Item("balance_unknown", "unknown", {"channel": one.label})
    if one.amount <= 0:
        return Item("balance_empty", "mend", values)
    if one.amount < one.warn_below:
        return Item(f"balance_{one.unit}", "soon", values)
    return Item("balance", "good")


def _template(one: Supply, today: date) -> Item:
    values: dict[str, Any] = {"channel": one.label}
    if not one.template_state:
        return Item("template_unknown", "unknown", values)
    if one.template_state != "approved":
        return Item(f"template_{one.template_state}", "mend", values)
    left = (one.template_until - today).days if one.template_until else None
    if left is None or left > REMIND[1]:
        return Item("template", "good")
    state = "mend" if left <= LAST_DAYS else "soon"
    quiet = state == "soon" and left not in REMIND
    return Item("template_ends", state, {**values, "days": max(0, left), "quiet": quiet})


def _supply(db: StationDatabase, row: dict[str, Any], zone: ZoneInfo) -> Supply:
    source, noted = row["source"] or "asked", _day(row["noted"] or "")
    amount = row["amount"]
    if source == "typed" and noted and amount is not None:
        amount -= _sent_since(db, row["id"], datetime.combine(noted, datetime.min.time(), zone))
    return Supply(
        channel_id=row["id"],
        label=row["label"],
        kind=row["kind"],
        source=source,
        amount=amount,
        noted=noted,
        typed=row["amount"] if source == "typed" else None,
        warn_below=WARN_BELOW[UNITS[row["kind"]]] if row["warn_below"] is None else row["warn_below"],
        trouble=row["trouble"] or "",
        asked_at=clock.parse(row["asked_at"]) if row["asked_at"] else None,
        template_state=row["template_state"] or "",
        template_until=_day(row["template_until"] or ""),
    )


def _sent_since(db: StationDatabase, channel_id: int, since: datetime) -> int:
    """Messages that the provider took, and those of which nobody knows: it may have charged for them."""
    found: int = db.scalar(
        "SELECT count(*) FROM attempt JOIN alert ON alert.id = alert_id JOIN address ON address.id = address_id "
        "WHERE channel_id = ? AND attempt.outcome IN ('ok', 'unknown') AND started_at >= ?",
        channel_id,
        clock.text(since),
    )
    return found


def _checked(typed: Mapping[str, str], today: date, wrong: list[Invalid]) -> dict[str, Any]:
    """The row to keep; what is wrong goes into the list."""
    row: dict[str, Any] = {
        "source": typed.get("source", ""),
        "warn_below": _number("warn_below", typed, wrong),
    }
    if row["source"] not in ("asked", "typed"):
        wrong.append(Invalid("source", "Choose one of the two."))
    if row["source"] == "typed":
        row |= {"amount": _number("amount", typed, wrong), "noted": typed.get("noted", "")}
        noted = _day(row["noted"])
        if noted is None or noted > today:
            wrong.append(Invalid("noted", "Choose the day on which you looked; not one to come."))
    state, until = typed.get("template_state", ""), typed.get("template_until", "")
    if state and state not in TEMPLATE_STATES:
        wrong.append(Invalid("template_state", "Choose one of the list."))
    if until and _day(until) is None:
        wrong.append(Invalid("template_until", "Choose a day, or leave it empty."))
    return {**row, "template_state": state or None, "template_until": until or None}


def _number(name: str, typed: Mapping[str, str], wrong: list[Invalid]) -> float:
    text = typed.get(name, "").strip()
    value = float(text) if text.replace(".", "", 1).isdecimal() else -1.0
    if not 0 <= value <= MOST:
        wrong.append(Invalid(name, "Write a number, 0 or more."))
    return value


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
