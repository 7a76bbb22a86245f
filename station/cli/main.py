"""The `station` command."""

import os
import sys
import tempfile
from pathlib import Path

import click

from badges import typeface
from station import config as settings
from station import founding, logs, processes, seal, serve
from station.cli import (
    badges,
    care,
    demonstrate,
    doctor,
    landmarks,
    lists,
    partner,
    people,
    verifying,
    watching,
    ways,
)
from station.errors import SettingError, StorageGone, UserError

IN_MEMORY = "/dev/shm"  # noqa: S108 - a folder of Linux that lies in memory


class Command(click.Group):
    """Turns what a person can mend into one sentence instead of a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (SettingError, UserError, StorageGone) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Command)
def main() -> None:
    """防走失驿站: QR badges for elders who may get lost, and the duty desk behind them."""
    os.umask(0o077)
    if os.access(IN_MEMORY, os.W_OK):
        # Waitress puts large uploads aside, openpyxl its sheets; no disk shall see them in the clear.
        tempfile.tempdir = IN_MEMORY
    logs.set_up(os.environ.get("STATION_LOG", "WARNING"))
    typeface.configure(*settings.fonts(os.environ))


@main.command("init")
@click.option("--paper", is_flag=True, help="Also print the keyring's paper copy.")
def init(paper: bool) -> None:
    """Make a new instance in STATION_DATA: keyring and empty databases."""
    config = settings.read(os.environ)
    ring = founding.found(config)
    click.echo(f"Made {config.data_dir}. Its keyring is {config.keyring}: without it every badge is dead.")
    if paper:
        click.echo(care.paper_copy(ring))
    else:
        click.echo("Print its paper copy with `station keys paper` and lock it away.")


@main.command("serve")
def serve_command() -> None:
    """Serve an instance that exists. Invents nothing: it refuses to start on missing keys or a bad address."""
    config = settings.read(os.environ)
    ring = seal.read_keyring(config.keyring)
    for path in (config.database, config.keys_database):
        if not path.exists():
            raise SettingError(
                f"{path} does not exist. Make an instance with `station init`, or `station restore` one."
            )
    serve.alone(config)
    founding.migrate(config, ring)
    serve.set_limits()
    listener = processes.listener(config)
    founding.spool.prepare(config.spool)
    care.refresh_emergency(config, ring)

    def ready(missing: serve.Missing) -> None:
        click.echo(f"The station serves {config.base_url}{demonstrate.without(missing)}")

    serve.Parent(config, listener).run(ready)


@main.command("demo")
@click.option("--port", default=8000, show_default=True, help="0 takes a free one.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("demo-data"), show_default=True)
@click.option("--webhook", help="Also send every message to this address.")
@click.option("--lan", is_flag=True, help="Listen on all addresses, for a real phone.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@click.option(
    "--clock-scale", default=1.0, show_default=True, help="Run the ladder and the leases this much faster."
)
def demo(port: int, data: Path, webhook: str | None, lan: bool, as_json: bool, clock_scale: float) -> None:
    """Make (or reopen) a complete small station with invented people, and serve it."""
    if clock_scale <= 0:
        raise click.BadParameter("give a number above 0", param_hint="--clock-scale")
    demonstrate.run(
        demonstrate.Wish(
            port=port, data=data, webhook=webhook, lan=lan, as_json=as_json, clock_scale=clock_scale
        )
    )


for group in (
    people.user,
    people.roster,
    ways.channel,
    care.keys,
    care.backup,
    care.restore,
    doctor.doctor,
    badges.badges,
    lists.import_command,
    lists.export_command,
    partner.partner,
    landmarks.landmarks,
    watching.tonight_command,
    watching.drill_command,
):
    main.add_command(group)
badges.badges.add_command(verifying.verify)

if __name__ == "__main__":
    sys.exit(main())
