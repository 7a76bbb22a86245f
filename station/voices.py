"""A short clip of a familiar voice: known by its content, freed of what a phone writes beside it, kept sealed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from station import audit, clock, consents, elders
from station.db import StationDatabase, transaction
from station.errors import Invalid, NotFound
from station.vault import Vault

MAX_BYTES = 1024 * 1024
_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITRATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44100, 48000, 32000)
_OGG_VOICES = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
# Boxes of an MP4 file in which phones write place, title and device.
_TELLING = (b"udta", b"meta", b"uuid")


@dataclass(frozen=True)
class Clip:
    kind: str  # a MIME type
    audio: bytes


def check(data: bytes) -> Clip:
    """The clip with its kind by content. Raises Invalid with what to do."""
    if not data:
        raise Invalid("voice", "The file is empty. Choose the recording again.")
    if len(data) > MAX_BYTES:
        raise Invalid(
            "voice", "The recording is larger than 1 MB. Half a minute is enough: make a shorter one."
        )
    kind = _kind(data)
    if kind is None:
        raise Invalid(
            "voice", "This is no recording that a page can play. Choose an MP3, M4A, OGG, WEBM or WAV file."
        )
    return Clip(kind, _bare(kind, data))


def keep(db: StationDatabase, vault: Vault, elder_id: int, clip: Clip, *, by: int, now: datetime) -> None:
    """Keep a checked clip in place of an older one. Raises Invalid without the family's consent to it."""
    if "voice" not in consents.standing(db, elder_id):
        raise Invalid("voice", "Enter the family's consent to the clip first: correct the record.")
    uid = elders.uid_of(db, elder_id)
    sealed = vault.seal(f"elder/{uid}", f"voice_clip|{uid}|audio", clip.audio)
    with transaction(db):
        db.write(
            "INSERT INTO voice_clip (elder_id, kind, audio, made_by, made_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (elder_id) DO UPDATE SET kind = excluded.kind, audio = excluded.audio, "
            "made_by = excluded.made_by, made_at = excluded.made_at",
            elder_id,
            clip.kind,
            sealed,
            by,
            clock.text(now),
        )
        audit.record(db, vault.ring, staff_id=by, action="elder.voice", about=f"elder/{elder_id}", now=now)


def exists(db: StationDatabase, elder_id: int) -> bool:
    return db.scalar("SELECT 1 FROM voice_clip WHERE elder_id = ?", elder_id) is not None


def clip(db: StationDatabase, vault: Vault, elder_id: int) -> Clip:
    """Raises NotFound when there is none, Unsealable when the person has been erased."""
    row = db.row("SELECT kind, audio FROM voice_clip WHERE elder_id = ?", elder_id)
    if row is None:
        raise NotFound("There is no clip of a voice for this elder yet.")
    uid = elders.uid_of(db, elder_id)
    return Clip(row["kind"], vault.open_bytes(f"elder/{uid}", f"voice_clip|{uid}|audio", row["audio"]))


def drop(db: StationDatabase, vault: Vault, elder_id: int, *, by: int, now: datetime) -> None:
    with transaction(db):
        db.write("DELETE FROM voice_clip WHERE elder_id = ?", elder_id)
        audit.record(
            db, vault.ring, staff_id=by, action="elder.voice.drop", about=f"elder/{elder_id}", now=now
        )


def _kind(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE" and b"fmt " in data[12:200]:
        return "audio/wav"
    if data[:4] == b"OggS":
        return "audio/ogg" if any(mark in data[:128] for mark in _OGG_VOICES) else None
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "audio/webm" if _is_webm_sound(data[:4096]) else None
    if data[4:8] == b"ftyp":
        handlers = set(re.findall(rb"hdlr.{8}(soun|vide)", data, re.DOTALL))
        return "audio/mp4" if handlers == {b"soun"} else None
    return "audio/mpeg" if _is_mp3(data) else None


def _is_webm_sound(head: bytes) -> bool:
    return b"webm" in head[:64] and b"A_" in head and not re.search(rb"V_(VP|AV1|MPEG)", head)


def _is_mp3(data: bytes) -> bool:
    """Whether two MPEG layer III frames follow each other, after an ID3 tag if there is one (ISO/IEC 11172-3, 13818-3)."""
    start = _after_id3(data)
    length = _frame_bytes(data[start : start + 4])
    return length > 0 and _frame_bytes(data[start + length : start + length + 4]) > 0


def _after_id3(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:  # seven bits each
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame_bytes(header: bytes) -> int:
    """The length of the frame that begins with these four bytes; 0 when none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:  # sync and layer III
        return 0
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    kbit = (_BITRATES if version == 3 else _BITRATES_2)[bitrate]
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if version == 3 else 72) * kbit * 1000 // hertz + (header[2] >> 1 & 1)


def _bare(kind: str, data: bytes) -> bytes:
    """Without the place, the title and the device that phones write into MP3, M4A and WAV files."""
    if kind == "audio/mpeg":
        end = -128 if data[-128:-125] == b"TAG" else len(data)
        return data[_after_id3(data) : end]
    blank = bytearray(data)
    if kind == "audio/mp4":
        for at, size in _telling_boxes(data, 0, len(data)):
            # Emptied where they stand: the sound is found by its distance from the beginning.
            blank[at + 4 : at + size] = b"free" + bytes(size - 8)
    if kind == "audio/wav":
        for at, size in _chunks(data):
            if data[at : at + 4] in (b"LIST", b"id3 ", b"bext"):
                blank[at : at + 8 + size] = b"JUNK" + data[at + 4 : at + 8] + bytes(size)
    return bytes(blank)


def _telling_boxes(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size < 8 or at + size > end:
            return
        if name in _TELLING:
            yield at, size
        elif name in (b"moov", b"trak"):
            yield from _telling_boxes(data, at + 8, at + size)
        at += size


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > len(data):
            return
        yield at, size
        at += 8 + size + size % 2
