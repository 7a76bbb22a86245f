"""The states of an incident and which step may follow which."""

from collections.abc import Mapping
from typing import Any

ORDER = ("alerting", "acked", "going", "with_elder", "at_station", "handed_over", "closed")

# What a press of a staff member may do; claiming leads from alerting to acked, a lapsed lease leads back.
NEXT = {
    "alerting": ("closed",),
    "acked": ("going", "closed"),
    "going": ("with_elder", "closed"),
    "with_elder": ("at_station", "handed_over", "closed"),
    "at_station": ("handed_over", "closed"),
    "handed_over": ("closed",),
    "closed": (),
}

# While somebody holds an incident in one of these states there must be news before the lease ends.
LEASED = ("acked", "going")

# In one of these states a slot that nobody has taken keeps ringing the others.
INCOMPLETE = ("acked", "going", "with_elder")

# Acts of a finder that show a human in need of help; the others never open an incident.
EVIDENCE = ("with_elder", "called", "hurt", "cannot_stay", "gone", "tag_only", "phoned")

# What a finder may add to an open incident that the officer on the way must hear at once, the first time it is said.
WORTH_TELLING = ("hurt", "gone", "cannot_stay", "tag_only")


def rings(incident: Mapping[str, Any]) -> bool:
    """Whether the ladder climbs on: nobody has taken it, or one of the two slots is still open."""
    if incident["closed_at"] is not None or incident["state"] == "alerting":
        return incident["closed_at"] is None
    open_slot = incident["on_site_by"] is None or incident["liaison_by"] is None
    return incident["state"] in INCOMPLETE and open_slot


def rings_again(incident: Mapping[str, Any]) -> bool:
    """Whether somebody had it and it has come back: no news in time."""
    return incident["state"] == "alerting" and incident["ring_since"] != incident["opened_at"]


def allowed(before: str, after: str) -> bool:
    """Whether a press may lead from one state to the other."""
    return after in NEXT[before]


# What the finder is told, from what the staff have done.
FINDER = {
    "alerting": "sent",
    "acked": "seen",
    "going": "coming",
    "with_elder": "with_elder",
    "at_station": "safe",
    "handed_over": "safe",
    "closed": "closed",
}
