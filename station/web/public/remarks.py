"""What of a report was not taken as it was sent, in words for the finder; the answer's page says it."""

from collections.abc import Iterable

from flask import request
from flask_babel import gettext

from station.incidents import acts
from station.incidents.intake import Ignored, Report, Sighting, clean
from station.vocabulary import N_

# The address of the page carries these words, never what somebody wrote: whoever makes one up says nothing new.
REMARKS = {
    "counted": N_(
        "Very many reports came at once, and the station reads only some of them. Please ring and tell it."
    ),
    "cut": N_(
        "Your text was too long: its beginning has arrived. Please write the rest here, or tell it on the phone."
    ),
    "phone": N_("We could not read your phone number. Please write it once more."),
    "place": N_("We could not read the location your phone sent. Please write a shop sign or a crossing."),
    "swapped": N_(
        "The numbers of your location came the wrong way round; we put them right. Please write a shop sign as well."
    ),
    "where": N_("Your phone has sent no location. Please write here where you are."),
    "new": N_("Your earlier report was not found here, so this one counts as new."),
    "other": N_("Part of what was sent could not be read. Is it important? Then write it here, or ring."),
}
_FIELDS = {"phone": "phone", "lat": "place", "lon": "place", "accuracy_m": "place", "status": "new"}
_REASONS = {"cut": "cut", "only_counted": "counted", "missing": "where", "swapped": "swapped"}
AT_HAND = ("with_elder", "hurt")
_UNSEEN = ("request_id",)  # no finder made it, and nothing is lost by it


def query(ignored: Iterable[Ignored], chosen: str) -> str:
    """The rest of the page's address: language and type as `chosen`, then what is to be said there."""
    words = {_word(one) for one in ignored if one.field not in _UNSEEN}
    if "place" in words:
        words.discard("where")
    if not words:
        return chosen
    return f"{chosen}{'&' if chosen else '?'}w={'.'.join(word for word in REMARKS if word in words)}"


def of_form(sent: Report) -> list[Ignored]:
    """A form comes from a phone without script, whose button for the location can send none."""
    return [Ignored("lat", "missing")] if sent.act in AT_HAND and sent.sighting == Sighting() else []


def of_message(text: str, chosen: str) -> str:
    """The same after a message, of which the beginning is kept."""
    return query([Ignored("text", "cut")] if len(clean(text)) > acts.LONGEST_MESSAGE else [], chosen)


def shown() -> list[str]:
    """What the running request's address wants said."""
    asked = request.args.get("w", "").split(".")
    return [gettext(text) for word, text in REMARKS.items() if word in asked]


def _word(one: Ignored) -> str:
    return _REASONS.get(one.reason) or _FIELDS.get(one.field, "other")
