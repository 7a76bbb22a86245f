"""Why alarms ring faster, in words; no illness is named."""

from flask_babel import gettext

from station.incidents.urgency import Urgency


def why(hurry: Urgency) -> str:
    parts = [
        gettext(
            "Urgent: about %(degrees)s °C outside at this season and hour. Under a roof within %(minutes)s minutes.",
            degrees=hurry.degrees,
            minutes=hurry.minutes,
        )
    ]
    if hurry.notes:
        parts.append(gettext("A life-critical health note halves the time."))
    parts.append(gettext("Alarms ring %(factor)s times as fast.", factor=f"{hurry.factor:g}"))
    return " ".join(parts)
