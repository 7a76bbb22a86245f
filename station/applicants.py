"""Messages to families that applied: planned from how far the application is, sent by text message or e-mail.

What cannot be sent is no loss: the same stands on the status page, and a station without such a channel rings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from station import addresses, clock, communities, progress
from station.alerts import letters
from station.applications import confirming, records
from station.applications.records import Application
from station.channels import registry
from station.channels.base import Outgoing, Result
from station.config import Config
from station.db import StationDatabase, transaction
from station.errors import NotFound
from station.vault import Unsealable, Vault
from station.vocabulary import N_

SMS = ("aliyun_sms", "tencent_sms")
APPLICANTS = "applicants"  # the setting of the demonstration's webhook that stands for applicants' phones
TOLD_FOR = timedelta(days=60)  # after that nobody waits for news of an application any more
BACKOFF = (timedelta(seconds=20), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))
CODE_BACKOFF = (timedelta(seconds=3), timedelta(seconds=15))
AT_ONCE = 3  # messages of one round: each may take as long as its channel's deadline

# `code` are the last digits of the case code, `host` is where the status page is.
TEXTS = {
    "received": N_(
        "%(station)s: your application %(code)s has arrived. See how far it is: %(host)s/apply/status"
    ),
    "asked": N_(
        "%(station)s: one question about your application %(code)s. Please answer: %(host)s/apply/status"
    ),
    "approved": N_("%(station)s: application %(code)s is approved, the badge is being made."),
    "refused": N_(
        "%(station)s: application %(code)s could not be approved. The reason: %(host)s/apply/status"
    ),
    "made": N_("%(station)s: the badge of application %(code)s is made."),
    "on_its_way": N_("%(station)s: the badge of application %(code)s is on its way to the elder."),
    "not_home": N_(
        "%(station)s: we brought the badge of application %(code)s and nobody opened. When we come again: %(host)s/apply/status"
    ),
    "handed_over": N_("%(station)s: the badge of application %(code)s has been handed over. Thank you."),
    "late": N_("%(station)s: application %(code)s takes longer than promised. Why: %(host)s/apply/status"),
    "code": N_(
        "%(station)s: %(code)s is your code. Nobody of us will ever ask for it on the phone. Valid 15 minutes."
    ),
}


@dataclass(frozen=True)
class Way:
    """A channel over which applicants can be reached, with its secrets opened."""

    kind: str
    settings: Mapping[str, str]
    allow_private: bool


def can_text(db: StationDatabase, vault: Vault, station: int) -> bool:
    """Whether a code can be sent to a phone."""
    return _way(db, vault, station, "template_code") is not None


def can_mail(db: StationDatabase, station: int) -> bool:
    return any(one["kind"] == "smtp" for one in addresses.channels(db, station))


def plan(db: StationDatabase, vault: Vault, timezone: str, now: datetime) -> int:
    """Write down the news that are called for; safe to repeat. The number of new ones."""
    return sum(_write(db, *one, now) for one in _news(db, vault, timezone, now))


def send_due(db: StationDatabase, vault: Vault, config: Config, now: datetime) -> int:
    """Send a few of the messages that are due, new codes at once; the number of those that were tried."""
    for one in _codes(db, now):
        _write(db, *one, now)
    due = db.rows(
        "SELECT * FROM applicant_message WHERE state = 'pending' AND due_at <= ? ORDER BY kind <> 'code', id LIMIT ?",
        clock.text(now),
        AT_ONCE,
    )
    for row in due:
        _send(db, vault, config, row, now)
    return len(due)


def told(db: StationDatabase, uid: str) -> list[dict[str, Any]]:
    """What was sent about an application: kind, means, state, times; oldest first."""
    return db.rows(
        "SELECT kind, means, state, created_at, ended_at FROM applicant_message WHERE uid = ? ORDER BY id",
        uid,
    )


def _codes(db: StationDatabase, now: datetime) -> list[tuple[int, str, str, int]]:
    rows = db.rows(
        "SELECT id, uid, station FROM phone_code WHERE means = 'sms' AND ends_at > ? AND NOT EXISTS "
        "(SELECT 1 FROM applicant_message AS m WHERE m.uid = phone_code.uid AND kind = 'code' AND ref = phone_code.id)",
        clock.text(now),
    )
    return [(row["station"], row["uid"], "code", row["id"]) for row in rows]


def _news(db: StationDatabase, vault: Vault, timezone: str, now: datetime) -> list[tuple[int, str, str, int]]:
    rows = db.rows(
        "SELECT id FROM application WHERE created_at > ? AND NOT EXISTS (SELECT 1 FROM applicant_message AS m "
        "WHERE m.uid = application.uid AND kind IN ('handed_over', 'refused'))",
        clock.text(now - TOLD_FOR),
    )
    found = []
    for row in rows:
        one = records.get(db, vault, row["id"])
        found += [(one.station, one.uid, kind, ref) for kind, ref in _called_for(db, one, timezone, now)]
    return found


def _called_for(db: StationDatabase, one: Application, timezone: str, now: datetime) -> list[tuple[str, int]]:
    """What the family should know by now: the step reached, an open question, a visit in vain, and that it takes longer."""
    if one.state == "refused":
        return [("refused", 0)]
    if one.state == "withdrawn":  # by the family itself, whose number went with it
        return []
    wanted = [(progress.step(db, one), 0)]
    if one.asked:
        newest = db.scalar(
            "SELECT max(id) FROM application_question WHERE application_id = ? AND answered_at IS NULL",
            one.id,
        )
        wanted.append(("asked", int(newest)))
    door = progress.door(db, one, now.astimezone(ZoneInfo(timezone)).date())
    if door and door.last:
        wanted.append(("not_home", door.last))
    if progress.promise(db, one, timezone, now).is_late:
        wanted.append(("late", 0))
    return wanted


def _write(db: StationDatabase, station: int, uid: str, kind: str, ref: int, now: datetime) -> int:
    known = db.scalar(
        "SELECT 1 FROM applicant_message WHERE uid = ? AND kind = ? AND ref = ?", uid, kind, ref
    )
    if known:
        return 0
    with transaction(db):
        return db.write(
            "INSERT OR IGNORE INTO applicant_message (station, uid, kind, ref, created_at, due_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            station,
            uid,
            kind,
            ref,
            clock.text(now),
            clock.text(now),
        )


def _send(db: StationDatabase, vault: Vault, config: Config, row: dict[str, Any], now: datetime) -> None:
    try:
        prepared = _prepare(db, vault, config, row, now)
    except (NotFound, Unsealable):  # it was destroyed meanwhile, and so was the phone number
        prepared = None
    if prepared is None:
        _end(db, row, "no_way", "", "", now)
        return
    way, destination, message = prepared
    result = registry.send(
        way.kind, way.settings, destination, message, now=now, allow_private=way.allow_private
    )
    _record(db, row, way.kind, result, now)


def _prepare(
    db: StationDatabase, vault: Vault, config: Config, row: dict[str, Any], now: datetime
) -> tuple[Way, str, Outgoing] | None:
    """The channel, the address and the words of a message; None when there is no way to the family."""
    if row["kind"] == "code":
        code = confirming.get(db, vault, row["ref"])
        way = _way(db, vault, row["station"], "template_code")
        message = _outgoing(db, config, row, code.digits, "zh", now)
        return (way, _to(way, code.phone), message) if way else None
    one = records.by_uid(db, vault, row["uid"])
    phone = next((contact.phone for contact in one.form.contacts), "")
    message = _outgoing(db, config, row, one.details.code_tail, one.details.language, now)
    if phone and (way := _way(db, vault, row["station"], "template_application")):
        return way, _to(way, phone), message
    mail = _mail(db, vault, row["station"]) if one.details.email else None
    return (mail, one.details.email, message) if mail else None


def _outgoing(
    db: StationDatabase, config: Config, row: dict[str, Any], code: str, language: str, now: datetime
) -> Outgoing:
    station = communities.station(db, row["station"]).name
    words = {"station": station, "code": code, "host": config.base_url}
    text = TEXTS[row["kind"]]
    said = str(letters.translations(language).gettext(text))
    return Outgoing(
        id=f"applicant-{row['id']}",
        incident="0",
        kind="code" if row["kind"] == "code" else "application",
        title=station,
        text=said % words,
        url=None,
        station=station,
        badge_number=None,
        location=None,
        attempt=row["attempts"] + 1,
        at=now,
        code=code,
    )


def _way(db: StationDatabase, vault: Vault, station: int, template: str) -> Way | None:
    """The station's first channel to phones that has such a template."""
    for one in addresses.channels(db, station):
        if one["kind"] in (*SMS, "webhook"):
            way = Way(one["kind"], *addresses.open_channel(db, vault, one["id"]))
            if way.settings.get(template if way.kind in SMS else APPLICANTS):
                return way
    return None


def _mail(db: StationDatabase, vault: Vault, station: int) -> Way | None:
    ids = [one["id"] for one in addresses.channels(db, station) if one["kind"] == "smtp"]
    return Way("smtp", *addresses.open_channel(db, vault, ids[0])) if ids else None


def _to(way: Way, phone: str) -> str:
    return phone if way.kind in SMS else way.settings[APPLICANTS]


def _record(db: StationDatabase, row: dict[str, Any], means: str, result: Result, now: datetime) -> None:
    waits = CODE_BACKOFF if row["kind"] == "code" else BACKOFF
    attempts = row["attempts"] + 1
    if result.outcome == "ok":
        _end(db, row, "sent", means, "", now)
    elif result.outcome == "permanent" or attempts > len(waits):
        _end(db, row, "given_up", means, result.detail, now)
    else:
        with transaction(db):
            db.write(
                "UPDATE applicant_message SET attempts = ?, due_at = ?, detail = ? WHERE id = ?",
                attempts,
                clock.text(now + waits[attempts - 1]),
                result.detail,
                row["id"],
            )


def _end(
    db: StationDatabase, row: dict[str, Any], state: str, means: str, detail: str, now: datetime
) -> None:
    with transaction(db):
        db.write(
            "UPDATE applicant_message SET state = ?, means = ?, detail = ?, attempts = attempts + ?, ended_at = ? "
            "WHERE id = ?",
            state,
            means,
            detail,
            int(state != "no_way"),
            clock.text(now),
            row["id"],
        )
