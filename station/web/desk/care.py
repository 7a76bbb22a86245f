"""What an incident's page shows besides its course: why it hurries, how often before, who was told, how it went."""

from dataclasses import dataclass

from flask_babel import gettext

from station import staff_words
from station.db import StationDatabase
from station.incidents import afterwords, repeats
from station.incidents.afterwords import Afterword
from station.incidents.repeats import Repeats
from station.incidents.urgency import Urgency
from station.incidents.views import Brief, Whole
from station.selfwatch import evidence
from station.selfwatch.evidence import Attempt
from station.vault import Vault
from station.web import connection, hurrying, language

MOST_SHOWN = 60


@dataclass(frozen=True)
class Care:
    hurry: Urgency | None
    again: Repeats | None  # None unless the elder is lost again and again
    attempts: list[Attempt]  # the newest, oldest first
    attempts_count: int
    afterword: Afterword | None
    is_late: bool  # whoever holds it owes news
    gone_silent: int | None  # who had taken it before it rang again

    @property
    def why(self) -> str:
        return hurrying.why(self.hurry) if self.hurry else ""

    def who(self, one: Attempt) -> str:
        return person(one)[0]

    def what(self, one: Attempt) -> str:
        return what(one)

    def detail(self, one: Attempt) -> str:
        return detail(one)


def of(db: StationDatabase, vault: Vault, shown: Brief, whole: Whole) -> Care:
    found = repeats.of_elder(db, shown.elder_id, connection.now()) if shown.elder_id else None
    return Care(
        hurry=next((Urgency.load(event.detail) for event in whole.story if event.kind == "urgent"), None),
        again=found if found and found.is_flagged else None,
        attempts=evidence.of_incident(db, vault, shown.id, MOST_SHOWN),
        attempts_count=evidence.count(db, shown.id),
        afterword=afterwords.read(db, vault, shown.id),
        is_late=shown.lease_until is not None and connection.now() > shown.lease_until,
        gone_silent=_gone_silent(shown, whole),
    )


def _gone_silent(shown: Brief, whole: Whole) -> int | None:
    """Who claimed last, while it rings again because no news came."""
    if not shown.rings_again:
        return None
    claimed = [event.staff_id for event in whole.story if event.kind in ("claimed", "taken_over")]
    return claimed[-1] if claimed else None


def person(one: Attempt) -> tuple[str, str]:
    """Name and role of who was told; a family contact by its place in the list, without a name."""
    if one.contact:
        return gettext("Family contact %(n)s", n=one.contact), gettext("family")
    return one.staff or gettext("A contact that was removed"), gettext("staff")


def what(one: Attempt) -> str:
    """Which message it was."""
    words = str(gettext(staff_words.MESSAGES.get(one.kind, one.kind)))
    return f"{words} {one.step + 1}" if one.kind == "ladder" and one.step >= 0 else words


def detail(one: Attempt) -> str:
    """What the provider answered, or why nothing came of it, in the reader's language as far as we have words."""
    for pattern, words in staff_words.SAID:
        found = pattern.fullmatch(one.detail)
        if found:
            parts = {name: gettext(part) for name, part in found.groupdict().items() if part}
            return str(gettext(words, **parts))
    return str(gettext(one.detail)) if one.detail else ""


def receipt(one: Attempt) -> str:
    """What the provider said of it later, when, in which code; empty when it has said nothing."""
    if not one.receipt or one.receipt_at is None:
        return ""
    words = gettext(staff_words.RECEIPTS[one.receipt])
    return " ".join([words, language.second_time(one.receipt_at), one.receipt_word]).strip()
