"""`station demo`: a complete station on this machine, and where to look."""

import json
import os
import shutil
import socket
from dataclasses import dataclass, replace
from pathlib import Path

import click

from badges import matrix
from station import clock, demo, emergency, founding, processes, serve
from station.config import Config
from station.errors import SettingError


@dataclass(frozen=True)
class Wish:
    """The options of the command."""

    port: int
    data: Path
    webhook: str | None
    lan: bool
    as_json: bool
    clock_scale: float


def run(wish: Wish) -> None:
    """Furnish, serve, print. Returns after ^C or SIGTERM."""
    serve.set_limits()
    listen_on = "0.0.0.0" if wish.lan else "127.0.0.1"  # noqa: S104 - the user asked for --lan
    probe = _config(wish, "http://127.0.0.1:1", listen_on, wish.port)
    listener = processes.listener(probe)
    port = listener.getsockname()[1]
    host = own_address() if wish.lan else "127.0.0.1"
    config = _config(wish, f"http://{host}:{port}", listen_on, port)
    _build(config)
    serve.alone(config)
    post = processes.listener(replace(config, listen_host="127.0.0.1", listen_port=0))
    note, elders = _open(config, wish, port, post.getsockname()[1])

    def ready(missing: serve.Missing) -> None:
        if wish.as_json:
            click.echo(_as_json(config, note, elders, missing))
        else:
            click.echo(_as_text(config, note, elders, wish) + without(missing))

    serve.Parent(config, listener, post).run(ready)


def without(missing: serve.Missing) -> str:
    """What does not run, for whoever just started a station; empty when all does."""
    if not missing:
        return ""
    told = "\n".join(f"    {name}: {why}" for name, why in missing.items())
    return f"\n\n  NOT RUNNING, and tried again all the time (the log says more):\n{told}"


def own_address() -> str:
    """This machine's address in its network; asks the routing table, sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _config(wish: Wish, base_url: str, host: str, port: int) -> Config:
    data = wish.data.resolve()
    return Config(data, data / "keyring.json", base_url, listen_host=host, listen_port=port, demo=True)


def _build(config: Config) -> None:
    """Make a new demonstration beside its place and move it there whole: one that was broken off never counts."""
    if demo.exists(config.data_dir):
        return
    if config.data_dir.exists() and any(config.data_dir.iterdir()):
        raise SettingError(
            f"{config.data_dir} is not empty and holds no demonstration; name another folder with --data."
        )
    draft = config.data_dir.with_name(f".{config.data_dir.name}.making")
    shutil.rmtree(draft, ignore_errors=True)
    made = replace(config, data_dir=draft, keyring=draft / "keyring.json")
    ring = founding.found(made)
    now = clock.utcnow()
    with founding.opened(made, ring) as (db, vault):
        note = demo.new_note(made)
        demo.furnish(db, vault, note, now)
        demo.make_badges(db, vault, made, now)
        demo.send_out(db, vault, made, now)
        demo.write_note(made, note)
    if config.data_dir.exists():
        config.data_dir.rmdir()
    draft.rename(config.data_dir)


def _open(config: Config, wish: Wish, port: int, mail_port: int) -> tuple[demo.Note, list[dict[str, str]]]:
    """Bring a demonstration to today's schema, address and pace."""
    ring = founding.found(config)
    now = clock.utcnow()
    with founding.opened(config, ring) as (db, vault):
        note = demo.read_note(config)
        demo.set_pace(db, wish.clock_scale)
        note.port, note.mail_port, note.webhook = port, mail_port, wish.webhook or ""
        demo.connect(db, vault, note, now)
        if note.base_url != config.base_url:
            demo.redraw_badges(db, vault, config, now)
            note.base_url = config.base_url
        demo.write_note(config, note)
        emergency.refresh(db, vault, config.emergency_file, config.timezone, now)
        return note, demo.listing(db, vault, config)


def _as_json(config: Config, note: demo.Note, elders: list[dict[str, str]], missing: serve.Missing) -> str:
    return json.dumps(
        {
            "base_url": config.base_url,
            "webhook_secret": note.webhook_secret,
            "elders": elders,
            "accounts": note.accounts,
            "pid": os.getpid(),
            "missing": missing,
        },
        ensure_ascii=False,
    )


def _as_text(config: Config, note: demo.Note, elders: list[dict[str, str]], wish: Wish) -> str:
    logins = "\n".join(f"    {a['role']:<10} {a['username']:<11} {a['password']}" for a in note.accounts)
    first = elders[0]
    lines = [
        "",
        "  防走失驿站 · 演示站已启动  /  the demo station is running (Ctrl+C ends it)",
        "",
        f"  值班台 console       {config.base_url}/login",
        f"  手机消息 messages    {config.base_url}/demo/phones   (what each phone would receive)",
        f"  家属申请 application {config.base_url}/apply",
        "",
        "  登录 logins",
        logins,
        "",
        f"  胸牌 badge {first['badge_number']} ({first['name']}, invented); its picture: {first['badge_png']}",
        f"  扫码 scan  {first['scan_url']}",
        "",
        qr_in_text(first["scan_url"]),
    ]
    if wish.lan:
        lines.append(
            "  A phone in the same network can scan this code. Phones give their location to https pages only,"
        )
        lines.append("  so without TLS in front the place has to be typed.")
    else:
        lines.append("  For a real phone: make run ARGS=--lan")
    return "\n".join(lines)


def qr_in_text(url: str) -> str:
    """A code that a phone reads from the terminal, two rows of modules in one line of text."""
    code = matrix.make(url, relaxed=True)
    wide = [[False] * (code.size + 4) for _ in range(2)]
    rows = [
        *wide,
        *([False, False, *row, False, False] for row in code.modules),
        *wide,
        [False] * (code.size + 4),
    ]
    # Light modules are drawn, dark ones left out, so that it reads on a dark terminal as on paper.
    signs = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    lines = []
    for above, below in zip(rows[::2], rows[1::2], strict=False):
        lines.append(
            "  \x1b[97;40m" + "".join(signs[a, b] for a, b in zip(above, below, strict=True)) + "\x1b[0m"
        )
    return "\n".join(lines)
