"""A founded instance in a folder of its own, and a copy of it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from station import founding, seal
from station.config import Config
from station.db import StationDatabase
from station.seal import Keyring
from station.vault import Vault


@dataclass
class Home:
    """A founded instance in a folder of its own."""

    config: Config
    ring: Keyring
    db: StationDatabase
    vault: Vault


def config_of(data: Path) -> Config:
    return Config(data, data / "keyring.json", "https://zj.example.cn")


@contextmanager
def copied(folder: Path, to: Path) -> Iterator[Home]:
    """A copy of a home that nobody has open."""
    config = config_of(shutil.copytree(folder, to))
    ring = seal.read_keyring(config.keyring)
    with founding.opened(config, ring) as (db, vault):
        yield Home(config, ring, db, vault)
