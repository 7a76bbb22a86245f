"""Every setting of the service, read once from the environment in cli.py; a wrong one stops the start."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from station.errors import SettingError

# Two at least, so that one answers while another is replaced; Python keeps one core busy in each.
SHORTEST_TOKEN = 16
WEB_PROCESSES = max(2, min(4, os.cpu_count() or 1))


@dataclass(frozen=True)
class Config:
    """Settings of one instance; docs/operating.md explains each STATION_ variable."""

    data_dir: Path
    keyring: Path
    base_url: str
    listen_host: str = "127.0.0.1"
    listen_port: int = 8000
    timezone: str = "Asia/Shanghai"
    language: str = "zh"
    trusted_proxy: str = ""
    demo: bool = False
    metrics_token: str = ""
    dead_man_url: str = ""

    @property
    def database(self) -> Path:
        return self.data_dir / "station.db"

    @property
    def keys_database(self) -> Path:
        return self.data_dir / "keys.db"

    @property
    def emergency_file(self) -> Path:
        return self.data_dir / "emergency.sealed"

    @property
    def spool(self) -> Path:
        return self.data_dir / "spool"

    @property
    def beats(self) -> Path:
        """Where each process shows that it is alive."""
        return self.data_dir / "run"

    @property
    def secure(self) -> bool:
        """Whether pages are served over https, so that cookies may demand it."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc


def read(environ: Mapping[str, str]) -> Config:
    """The configuration in STATION_* variables.

    Raises SettingError that names the variable and says how to mend it.
    """
    data_dir = Path(_required(environ, "STATION_DATA", "a folder, for example /var/lib/station"))
    return Config(
        data_dir=data_dir,
        keyring=Path(environ.get("STATION_KEYRING") or data_dir / "keyring.json"),
        base_url=base_url(_required(environ, "STATION_BASE_URL", "the address on the badges, https://…")),
        listen_host=environ.get("STATION_HOST", "127.0.0.1"),
        listen_port=_port(environ.get("STATION_PORT", "8000")),
        timezone=_timezone(environ.get("STATION_TIMEZONE", "Asia/Shanghai")),
        language=_language(environ.get("STATION_LANGUAGE", "zh")),
        trusted_proxy=environ.get("STATION_TRUSTED_PROXY", ""),
        metrics_token=_token(environ.get("STATION_METRICS_TOKEN", "")),
        dead_man_url=_watcher(environ.get("STATION_DEAD_MAN_URL", "")),
    )


def fonts(environ: Mapping[str, str]) -> list[Path]:
    """More font files for badges, from STATION_FONTS. Raises SettingError when one is not there."""
    named = [Path(name) for name in environ.get("STATION_FONTS", "").split(os.pathsep) if name]
    for path in named:
        if not path.is_file():
            raise SettingError(
                f"STATION_FONTS names {path}, which is no file; give an .otf, .ttf or .ttc file."
            )
    return named


def base_url(text: str) -> str:
    """Check the address that badges carry: `https://host`, lower case, no port, no path, no slash at the end.

    Plain http is allowed for this machine and for private networks only, where a demonstration runs.
    """
    try:
        parts = urlsplit(text)
        has_port = parts.port is not None
    except ValueError as error:
        raise SettingError(
            f"STATION_BASE_URL is {text!r}: {error}; write it as https://example.cn"
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingError(f"STATION_BASE_URL is {text!r}; write it as https://example.cn")
    if text != text.lower():
        raise SettingError(
            "STATION_BASE_URL has capital letters, which some phones refuse in a code; use lower case."
        )
    if parts.path or parts.query or parts.fragment or parts.username:
        raise SettingError(
            "STATION_BASE_URL must end after the host name: no path, no slash, no question mark."
        )
    if parts.scheme == "https" and (has_port or not parts.netloc.isascii()):
        raise SettingError(
            "STATION_BASE_URL must be a plain host name: no port (badges live for years, so serve it on the usual "
            "one), and the punycode form of a name that is not ASCII."
        )
    if parts.scheme == "http" and not _is_private(parts.hostname):
        raise SettingError(
            "STATION_BASE_URL must begin with https:// (phones give their location to https pages only)."
        )
    return text


def _is_private(host: str) -> bool:
    return host == "localhost" or bool(re.match(r"(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)", host))


def _required(environ: Mapping[str, str], name: str, hint: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SettingError(f"{name} is not set; set it to {hint}.")
    return value


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 <= int(text) <= 65535):
        raise SettingError(f"STATION_PORT is {text!r}; give a number from 1 to 65535 (0 takes a free one).")
    return int(text)


def _token(text: str) -> str:
    if text and (len(text) < SHORTEST_TOKEN or not text.isascii() or not text.isprintable() or " " in text):
        raise SettingError(
            f"STATION_METRICS_TOKEN needs at least {SHORTEST_TOKEN} letters and digits; make one with: "
            "openssl rand -hex 16"
        )
    return text


def _watcher(url: str) -> str:
    """The text of the error never quotes it: such an address is a secret."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        raise SettingError("STATION_DEAD_MAN_URL must be a web address, such as https://example.cn/ping/…")
    return url


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingError(f"STATION_TIMEZONE is {name!r}; give a name such as Asia/Shanghai.") from error
    return name


def _language(name: str) -> str:
    if name not in ("zh", "en"):
        raise SettingError(f"STATION_LANGUAGE is {name!r}; the staff pages speak zh or en.")
    return name
