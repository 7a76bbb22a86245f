"""Slowing down who tries too often: token buckets in memory, by source. Never used on a finder's report."""

import hashlib
import ipaddress
import threading
import time
from collections import OrderedDict

from flask import request

MOST_SOURCES = 10_000


class Damper:
    """Allows `burst` tries from one source, then one every `every_s` seconds."""

    def __init__(self, burst: int, every_s: float) -> None:
        self.burst = burst
        self.every_s = every_s
        self._lock = threading.Lock()
        self._spent: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def allows(self, source: bytes) -> bool:
        """Count one try; False when the source must wait."""
        moment = time.monotonic()
        with self._lock:
            left, seen = self._spent.pop(source, (float(self.burst), moment))
            left = min(self.burst, left + (moment - seen) / self.every_s)
            allowed = left >= 1
            self._spent[source] = (left - 1 if allowed else left, moment)
            if len(self._spent) > MOST_SOURCES:
                self._spent.popitem(last=False)
        return allowed


def source() -> bytes:
    """A short fingerprint of the caller's network (/24, or /48 of IPv6); no address is kept."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - an unknown caller
    except ValueError:
        address = ipaddress.ip_address("0.0.0.0")  # noqa: S104
    network = ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
    return hashlib.sha256(str(network).encode()).digest()[:8]
