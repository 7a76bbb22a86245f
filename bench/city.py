"""A city's month of badges as one batch of the board, made as the job process makes it, with all that it imports."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from station import demo, founding, processes
from station.config import Config
from station.db import StationDatabase, transaction
from station.issuing import batches, orders
from station.vault import Vault

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
JOBS = processes.jobs  # what the real process has loaded is loaded here


def batch_of_a_city(count: int) -> int:
    """What the job process does for one batch of the board: draw, check, seal and keep; size in bytes."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        config = Config(data, data / "keyring.json", "https://example.cn")
        with founding.opened(config, founding.found(config)) as (db, vault):
            demo.furnish(db, vault, demo.new_note(config), BEGAN)
            batch_id = _ordered(db, vault, count)
            batches.make(db, vault, batch_id, config.base_url, BEGAN)
            return len(batches.file(db, vault, batch_id))


def _ordered(db: StationDatabase, vault: Vault, count: int) -> int:
    """A batch of so many blank badges; their single files are not drawn, since a sheet needs none."""
    blank: list[int] = []
    while len(blank) < count:
        most = min(orders.MOST_BLANKS, count - len(blank))
        blank += orders.order_blanks(db, vault, 1, most, by=1, now=BEGAN)
    with transaction(db):
        db.write("UPDATE badge SET state = 'made', made_at = ordered_at WHERE elder_id IS NULL")
    (batch_id,) = batches.order(db, vault, "sheet", blank, by=1, now=BEGAN)
    return batch_id
