"""`station tonight` and `station drill`: is the night covered, and does the chain hold."""

import sys
from collections.abc import Callable
from gettext import NullTranslations

import click

from station import clock, communities
from station.alerts import letters
from station.cli.people import instance
from station.selfwatch import drills, outside, rounds, tonight
from station.selfwatch.tonight import Asked, Item
from station.staff_words import TONIGHT

_MARKS = {"good": "  ok ", "mend": "MEND ", "unknown": "  ?  ", "soon": "SOON "}
_ENGLISH: Callable[[str], str] = NullTranslations().gettext


@click.command("tonight")
@click.option("--station", "number", default=1, show_default=True)
@click.option(
    "--ask", is_flag=True, help="First ask outside: the certificate, and what is left with providers."
)
@click.option("--send", is_flag=True, help="Also send it to duty and secretaries; the running sender does.")
def tonight_command(number: int, ask: bool, send: bool) -> None:
    """Is tonight covered? Ends with status 1 and a list of what to mend when it is not."""
    with instance() as (config, db, vault):
        communities.station(db, number)
        now = clock.utcnow()
        if ask:
            outside.ask(db, vault, config, now)
        asked = Asked(config, number, rounds.checks(db, vault, config, now), now)
        found = tonight.look(db, asked)
        if send:
            tonight.post(db, asked, by=None)
    for item in found.items:
        click.echo(f"{_MARKS[item.state]} {TONIGHT[item.code][0]}{_words(item)}")
    click.echo("Tonight is covered." if found.good else "Tonight is not covered yet.")
    sys.exit(0 if found.good else 1)


@click.command("drill")
@click.option("--station", "number", default=1, show_default=True)
def drill_command(number: int) -> None:
    """Start a drill: the running sender tells and rings those on duty, in earnest and marked as a drill."""
    with instance() as (_, db, vault):
        communities.station(db, number)
        incident_id = drills.start(db, vault, number, by=None, now=clock.utcnow())
    click.echo(f"Drill #{incident_id} has begun; the desk shows how it goes.")


def _words(item: Item) -> str:
    if item.state == "good":
        return ""
    return ": " + letters.tonight_words({"code": item.code, "values": item.values}, _ENGLISH)
