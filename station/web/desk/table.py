"""The evidence of an incident as a table for spreadsheets: read by the police and the street office, and by programs."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext

from station import clock, staff_words
from station.selfwatch import evidence
from station.selfwatch.evidence import Attempt
from station.web import connection
from station.web.desk import care

# The last columns are for programs: these heads, codes of the JSON form and times in UTC, in every language.
MACHINE = ("at", "ended_at", "kind", "step", "attempt", "channel_kind", "result", "receipt", "receipt_at", "receipt_word")  # fmt: skip


def of(found: list[Attempt]) -> bytes:
    """The file, in the reader's language and the station's time."""
    head = [
        gettext("When"), gettext("Ended"), gettext("Who"), gettext("Role"), gettext("What"), gettext("Attempt"),
        gettext("Way"), gettext("What came of it"), gettext("In words"), gettext("Provider's number"),
        gettext("Receipt"),
    ]  # fmt: skip
    return evidence.as_csv([*head, *MACHINE], [[*_for_people(one), *_for_programs(one)] for one in found])


def _for_people(one: Attempt) -> list[object]:
    return [
        _local(one.at), _local(one.ended_at), *care.person(one), care.what(one), one.number, one.channel,
        gettext(staff_words.ATTEMPTS.get(one.outcome, one.outcome)), care.detail(one), one.provider_id,
        care.receipt(one),
    ]  # fmt: skip


def _for_programs(one: Attempt) -> list[object]:
    return [
        _utc(one.at), _utc(one.ended_at), one.kind, one.step, one.number, one.channel_kind, one.outcome,
        one.receipt, _utc(one.receipt_at), one.receipt_word,
    ]  # fmt: skip


def _local(moment: datetime | None) -> str:
    """2026-11-22 03:00:00.123+08:00, in the station's time; empty when it has not come."""
    zone = ZoneInfo(connection.config().timezone)
    return moment.astimezone(zone).isoformat(" ", "milliseconds") if moment else ""


def _utc(moment: datetime | None) -> str:
    return clock.text(moment) if moment else ""
