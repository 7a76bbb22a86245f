"""Ages in full years, and who counts as an elder."""

from datetime import date, datetime, timedelta

OVER = (
    60  # years: from this birthday on, people count as elders (Law on the rights of the elderly, article 2)
)


def years(born: date, today: date) -> int:
    """Full years of somebody who was born on this day."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def of(birth_date: str, today: date) -> int | None:
    """The age by an ISO date; None when it is empty."""
    return years(date.fromisoformat(birth_date), today) if birth_date else None


def group(birth_date: str, today: date) -> str:
    """over, under or unknown (without a birth date), on this day. `birth_date` is an ISO date or empty."""
    age = of(birth_date, today)
    if age is None:
        return "unknown"
    return "over" if age >= OVER else "under"


def kept_group(birth_date: str, now: datetime) -> str:
    """The group that is kept in the clear beside a sealed record. Who is over stays so, wherever the station's day has

    begun; who is under is looked at anew by whoever counts.
    """
    return group(birth_date, now.date() - timedelta(days=1))
