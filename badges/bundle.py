"""Single print files in one archive, with a list of what was checked, for makers who want no sheets."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from badges import files
from badges.artwork import BadgeText
from badges.check import Report
from badges.errors import BadgeError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Bundle:
    """zip: a PDF and a PNG for each badge, named by its number, and manifest.json. reports: in the order given."""

    zip: bytes
    reports: tuple[Report, ...]


def bundle(
    texts: Sequence[BadgeText],
    *,
    form: str = "badge",
    artwork: str = "ring",
    theme: str = "navy",
    progress: Callable[[int, int], None] | None = None,
) -> Bundle:
    """Draw and check every badge by itself; progress hears (badges done, badges).

    The same badges give the same bytes. Raises a BadgeError as files.make does, and for an empty list or
    a number given twice.
    """
    _refuse(texts)
    out, entries, reports = BytesIO(), [], []
    with ZipFile(out, "w") as archive:
        for done, text in enumerate(texts, start=1):
            made = files.make(text, form=form, artwork=artwork, theme=theme)
            for name, data in _named(text.number, made):
                archive.writestr(_info(name, ZIP_STORED), data)
                entries.append(_entry(name, data, text, made.report))
            reports.append(made.report)
            if progress:
                progress(done, len(texts))
        listing = json.dumps(
            {"design": [form, artwork, theme], "files": entries}, ensure_ascii=False, indent=1
        )
        archive.writestr(_info(MANIFEST, ZIP_DEFLATED), listing)
    return Bundle(out.getvalue(), tuple(reports))


def _refuse(texts: Sequence[BadgeText]) -> None:
    if not texts:
        raise BadgeError("There is nothing to print. Choose at least one badge.")
    number, times = Counter(_safe(text.number) for text in texts).most_common(1)[0]
    if times > 1:
        raise BadgeError(
            f"The badge number {number} is there {times} times. Give every badge its own number."
        )


def _named(number: str, made: files.BadgeFiles) -> Iterator[tuple[str, bytes]]:
    yield f"{_safe(number)}.pdf", made.pdf
    yield f"{_safe(number)}.png", made.png


def _safe(number: str) -> str:
    return re.sub(r"[^0-9A-Za-z-]", "_", number)


def _entry(name: str, data: bytes, text: BadgeText, report: Report) -> dict[str, object]:
    """What a maker may know: no address, since whoever has the list would have every token."""
    return {
        "file": name,
        "number": text.number,
        "sha256": sha256(data).hexdigest(),
        "checked_with": report.decoder,
        "modules_compared": report.modules,
        "modules_differing": report.differing,
    }


def _info(name: str, method: int) -> ZipInfo:
    """Without a time of day, so that the same badges are the same file."""
    info = ZipInfo(name)
    info.compress_type = method
    return info
