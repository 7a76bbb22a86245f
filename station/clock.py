"""The only place that reads the wall clock; entry points call it and pass `now` down."""

from datetime import UTC, datetime, timedelta

# Reports that came at once are written in any order, so what was written before may be this much later than now. What
# lies further ahead was written before the machine's clock was put back.
OUT_OF_ORDER = timedelta(minutes=1)


def utcnow() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251


def text(moment: datetime) -> str:
    """A time as stored: ISO 8601 in UTC with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parse(stored: str) -> datetime:
    """The inverse of `text`."""
    return datetime.fromisoformat(stored)
