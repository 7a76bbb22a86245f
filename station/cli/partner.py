"""`station partner`: other systems that may hand in applications."""

import click

from station import clock, partners
from station.cli.people import instance


@click.group()
def partner() -> None:
    """Other systems that hand in applications (docs/http-api.md)."""


@partner.command("add")
@click.argument("name")
def add(name: str) -> None:
    """Make a key for another system and show it, this once."""
    with instance() as (_, db, vault):
        made, secret = partners.add(db, vault, name, clock.utcnow())
    click.echo(f"X-Station-Partner: {made.uid}")
    click.echo(f"secret: {secret}")
    click.echo("The secret is shown this once. Hand it over on paper or by voice, not in a chat.", err=True)


@partner.command("list")
def list_command() -> None:
    """All partners, without their secrets."""
    with instance() as (_, db, _vault):
        for one in partners.all_partners(db):
            click.echo(f"{one.uid}  {one.name}{'' if one.active else '  (ended)'}")


@partner.command("end")
@click.argument("name")
def end(name: str) -> None:
    """Take a key out of use. What was handed in stays."""
    with instance() as (_, db, vault):
        partners.end(db, vault, name, clock.utcnow())
    click.echo(f"The key of {name} no longer works.")
