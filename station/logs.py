"""The log on standard error, into which no token, name or phone ever goes."""

import logging
import traceback
from typing import Any


class Frames(logging.Formatter):
    """Of a crash: where it was and of which kind. What the error itself says may quote somebody's data."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        error, parts = ei[1], []
        while error is not None:
            kind = f"{type(error).__module__}.{type(error).__qualname__}"
            parts.append("".join(traceback.format_tb(error.__traceback__)) + kind)
            error = error.__cause__ or error.__context__
        return "\ncaused by\n".join(parts)


def set_up(level: str) -> None:
    """Send every message of `level` and above to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Frames("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("waitress").setLevel(logging.ERROR)
