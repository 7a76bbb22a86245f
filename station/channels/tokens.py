"""Access tokens that a provider hands out for a while, kept in memory alone and shared by all threads."""

import hashlib
import threading

from station.channels.connect import Deadline

# A token is left a little before its end, so that it does not run out on the way.
_EARLY_S = 120.0
_LONGEST_S = 7200.0

_kept: dict[str, tuple[str, Deadline]] = {}
_lock = threading.Lock()


def key(home: str, account: str, secret: str) -> str:
    """Under what a token is kept: a changed secret or address has nothing to do with the old token."""
    return hashlib.sha256("\n".join((home, account, secret)).encode()).hexdigest()


def known(key: str) -> str:
    """The token, or "" when there is none or it is about to end."""
    with _lock:
        token, until = _kept.get(key, ("", Deadline(0.0)))
        return "" if until.is_over() else token


def keep(key: str, token: str, lives_s: float) -> None:
    with _lock:
        _kept[key] = (token, Deadline.after(min(lives_s, _LONGEST_S) - _EARLY_S))


def forget(key: str, token: str) -> None:
    """Drop a token that was refused, unless another thread has renewed it meanwhile."""
    with _lock:
        if _kept.get(key, ("",))[0] == token:
            del _kept[key]
