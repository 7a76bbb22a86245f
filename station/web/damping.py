"""Slowing down who tries too often: token buckets in memory, by source. Never used on a finder's report."""

import hashlib
import ipaddress
import mmap
import os
import struct
import threading
import time
from functools import lru_cache

from flask import request

SETS, WAYS = 2048, 8  # of sources that are remembered: 16,384
_ROW = struct.Struct("=8sdd")  # source, tries left, when (time.monotonic, which all processes count alike)
_SALT = os.urandom(16)  # so that nobody can choose a name that falls into another's set


class Damper:
    """Allows `burst` tries from one source, then one every `every_s` seconds.

    Its memory is shared with the processes forked after it was made. They take no lock of each other: when two
    count the same source in the same microsecond, one of both tries is not counted.
    """

    def __init__(self, burst: int, every_s: float) -> None:
        self.burst = burst
        self.every_s = every_s
        self._lock = threading.Lock()
        self._table = mmap.mmap(-1, SETS * WAYS * _ROW.size)

    def allows(self, source: bytes) -> bool:
        """Count one try; False when the source must wait."""
        key = hashlib.blake2b(source, digest_size=8, key=_SALT).digest()
        begins = int.from_bytes(key[:2], "big") % SETS * WAYS * _ROW.size
        moment = time.monotonic()
        with self._lock:
            at, left = self._find(key, begins, moment)
            allowed = left >= 1
            _ROW.pack_into(self._table, at, key, left - 1 if allowed else left, moment)
        return allowed

    def forget(self) -> None:
        """As if nobody had tried anything yet."""
        self._table[:] = bytes(len(self._table))

    def _find(self, key: bytes, begins: int, moment: float) -> tuple[int, float]:
        """Where this source is counted, and its tries left. One not seen yet takes the place of the least recent."""
        rows = [
            (_ROW.unpack_from(self._table, at), at)
            for at in range(begins, begins + WAYS * _ROW.size, _ROW.size)
        ]
        for (known, left, seen), at in rows:
            if known == key:
                return at, min(self.burst, left + (moment - seen) / self.every_s)
        return min(rows, key=lambda row: row[0][2])[1], float(self.burst)


def source() -> bytes:
    return network(request.remote_addr or "")


@lru_cache(maxsize=4096)
def network(caller: str) -> bytes:
    """A short fingerprint of an address's network (/24, or /48 of IPv6)."""
    try:
        address = ipaddress.ip_address(caller)
    except ValueError:
        address = ipaddress.ip_address("0.0.0.0")  # noqa: S104
    network = ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
    return hashlib.sha256(str(network).encode()).digest()[:8]
