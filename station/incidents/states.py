"""The states of an incident and which step may follow which."""

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

# Acts of a finder that show a human in need of help; the others never open an incident.
EVIDENCE = ("with_elder", "called", "hurt", "cannot_stay", "gone", "tag_only", "phoned")


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
