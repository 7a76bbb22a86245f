"""`station channel`: how people are reached, set up and tried from the command line."""

import click

from station import addresses, clock, communities, ways
from station.channels import registry
from station.cli.people import instance
from station.db import StationDatabase, transaction
from station.errors import Invalid, InvalidForm


@click.group()
def channel() -> None:
    """Ways to reach people (docs/channels.md tells what each needs)."""


@channel.command("add")
@click.option("--kind", required=True, type=click.Choice(sorted(registry.KINDS)))
@click.option("--label", required=True, help="Your own name for it.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting, such as host=mail.example.cn; NAME=- asks for it without showing it.",
)
@click.option("--station", "number", default=1, show_default=True)
@click.option("--allow-private", is_flag=True, help="It may dial addresses of the local network.")
def add(kind: str, label: str, settings: tuple[str, ...], number: int, allow_private: bool) -> None:
    """Set up a channel of a station; its settings are sealed."""
    words = dict(_pair(one) for one in settings)
    unknown = set(words) - {*registry.KINDS[kind].required, *registry.KINDS[kind].optional}
    if unknown:
        raise click.ClickException(
            f"{kind} has no setting {', '.join(sorted(unknown))}; see docs/channels.md."
        )
    missing = [name for name in registry.KINDS[kind].required if not words.get(name)]
    if missing:
        raise click.ClickException(f"{kind} needs {', '.join(missing)}; give them with --set NAME=VALUE.")
    with instance() as (_, db, vault):
        communities.station(db, number)
        addresses.add_channel(
            db,
            vault,
            station=number,
            kind=kind,
            label=label,
            settings=words,
            allow_private=allow_private,
            now=clock.utcnow(),
        )
    click.echo(
        f"Made the channel {label}. Give people their address on it: station channel address {label} USERNAME …"
    )


@channel.command("address")
@click.argument("label")
@click.argument("username")
@click.argument("destination")
def address(label: str, username: str, destination: str) -> None:
    """Give a staff member an address on a channel."""
    with instance() as (_, db, vault):
        staff_id = db.scalar("SELECT id FROM staff WHERE username = ?", username)
        if staff_id is None:
            raise Invalid("username", "There is no account %(name)s; make it first.", name=username)
        channel_id = _channel(db, label)
        typed = ways.checked(str(db.scalar("SELECT kind FROM channel WHERE id = ?", channel_id)), destination)
        with transaction(db):
            addresses.add(db, vault, channel_id=channel_id, destination=typed, staff_id=staff_id)
    click.echo(f"{username} can be reached by {label}.")


@channel.command("list")
def list_channels() -> None:
    """The channels and how many people each reaches; no secrets."""
    with instance() as (_, db, _vault):
        for row in db.rows(
            "SELECT channel.label, channel.kind, channel.active, count(address.id) AS people FROM channel "
            "LEFT JOIN address ON address.channel_id = channel.id GROUP BY channel.id ORDER BY channel.id"
        ):
            state = "" if row["active"] else "  (switched off)"
            click.echo(f"{row['label']:<16} {row['kind']:<12} {row['people']} people{state}")


@channel.command("set")
@click.argument("label")
@click.argument("settings", nargs=-1, required=True, metavar="NAME=VALUE…")
def change(label: str, settings: tuple[str, ...]) -> None:
    """Change settings of a channel; NAME=- asks without showing, NAME= takes one away. People keep their addresses."""
    with instance() as (_, db, vault):
        try:
            words = dict(_pair(one) for one in settings)
            ways.change(db, vault, _channel(db, label), words, by=None, now=clock.utcnow())
        except InvalidForm as error:
            told = "; ".join(f"{one.field}: {one}" for one in error.errors)
            raise click.ClickException(told) from error
    click.echo(f"Changed {label}. Test it: station channel test {label} USERNAME")


@channel.command("door")
@click.argument("label")
@click.option("--renew", is_flag=True, help="Make another one; the address before answers 404 from then on.")
def door(label: str, *, renew: bool) -> None:
    """Show the secret address at which the channel's provider reports what became of messages."""
    with instance() as (read, db, vault):
        channel_id = _channel(db, label)
        found = db.row("SELECT kind, station FROM channel WHERE id = ?", channel_id)
        assert found is not None, "_channel names an existing channel"
        if registry.KINDS[found["kind"]].door is None:
            raise click.ClickException(f"{found['kind']} reports nothing later.")
        if renew:
            ways.renew_door(db, vault, found["station"], channel_id, by=None, now=clock.utcnow())
        row = db.row("SELECT uid, door_epoch FROM channel WHERE id = ?", channel_id)
        assert row is not None, "a channel is never deleted"
        click.echo(f"{read.base_url}/receipts/{addresses.door_of(vault, row)}")


@channel.command("test")
@click.argument("label")
@click.argument("username")
def test(label: str, username: str) -> None:
    """Really send a message to one person and say what the provider answered."""
    with instance() as (read, db, vault):
        address_id = db.scalar(
            "SELECT address.id FROM address JOIN staff ON staff.id = address.staff_id "
            "WHERE address.channel_id = ? AND staff.username = ? ORDER BY address.id DESC",
            _channel(db, label),
            username,
        )
        opened = addresses.open_address(db, vault, address_id) if address_id else None
        if opened is None:
            raise click.ClickException(f"{username} has no address on {label}.")
        now = clock.utcnow()
        station = communities.station(db, db.scalar("SELECT station FROM channel WHERE label = ?", label))
        message = ways.trial(station.name, "测试消息，请忽略。 A test; please ignore.", read.base_url, now)
        result = registry.send(
            opened.kind,
            opened.settings,
            opened.destination,
            message,
            now=now,
            allow_private=opened.allow_private,
        )
    if result.outcome != "ok":
        raise click.ClickException(f"Not delivered ({result.outcome}): {result.detail}\n{result.advice}")
    if not registry.KINDS[opened.kind].verified:
        click.echo("Receipt not verified: this service takes much that never arrives.")
    click.echo("The provider has taken it. Ask whether it arrived.")


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise click.BadParameter(f"write {text!r} as NAME=VALUE", param_hint="--set")
    return name, click.prompt(name, hide_input=True) if value == "-" else value


def _channel(db: StationDatabase, label: str) -> int:
    found = db.scalar("SELECT id FROM channel WHERE label = ?", label)
    if found is None:
        raise Invalid("label", "There is no channel %(name)s; see: station channel list", name=label)
    return int(found)
