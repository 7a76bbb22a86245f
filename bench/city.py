"""A city's month of badges as one batch of the board, made as the job process makes it, with all that it imports."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from station import communities, founding, processes
from station.communities import Policy, Station
from station.config import Config
from station.db import StationDatabase, transaction
from station.issuing import batches, orders
from station.vault import Vault

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
STATION = Station(
    1, "龙城社区防走失驿站", "+8643262012345", "0432", "", 43.8210, 126.5620, "ring", "navy", Policy()
)
JOBS = processes.jobs  # what the real process has loaded is loaded here


def batch_of_a_city(count: int) -> int:
    """What the job process does for one batch of the board: draw, check, seal and keep; size in bytes."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        config = Config(data, data / "keyring.json", "https://example.cn")
        with founding.opened(config, founding.found(config)) as (db, vault):
            with transaction(db):
                communities.add_station(db, STATION)
            batch_id = _ordered(db, vault, count)
            batches.make(db, vault, batch_id, config.base_url, BEGAN)
            size = db.scalar("SELECT length(content) FROM print_batch WHERE state = 'made'")
            return int(size)


def _ordered(db: StationDatabase, vault: Vault, count: int) -> int:
    """A batch of so many blank badges; their single files are not drawn, since a sheet needs none."""
    blank: list[int] = []
    while len(blank) < count:
        most = min(orders.MOST_BLANKS, count - len(blank))
        blank += orders.order_blanks(db, vault, 1, most, by=None, now=BEGAN)
    with transaction(db):
        db.write("UPDATE badge SET state = 'made', made_at = ordered_at WHERE elder_id IS NULL")
    (batch_id,) = batches.order(db, vault, "sheet", blank, by=None, now=BEGAN)
    return batch_id
