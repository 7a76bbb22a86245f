"""How far an application has come, for the family and for the system that handed it in."""

from station.applications import Application
from station.db import StationDatabase
from station.issuing import records

STEPS = ("received", "approved", "made", "handed_over")


def step(db: StationDatabase, application: Application) -> str:
    """The furthest of STEPS that an application has reached."""
    if application.elder_id is None:
        return "received"
    states = {badge.state for badge in records.of_elder(db, application.elder_id)}
    if "worn" in states:
        return "handed_over"
    return "made" if states & {"made", "printed"} else "approved"
