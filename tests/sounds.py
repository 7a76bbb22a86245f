"""Small recordings of every kind, made here byte by byte, with what phones write beside the sound."""

import io
import random
import wave

# What a phone writes into a recording: where it was made.
TELLING = "翡翠湾77号楼客厅的录音".encode()


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(noise(1600))
    sound = out.getvalue()
    listed = b"LIST" + len(TELLING).to_bytes(4, "little") + TELLING + b"\0" * (len(TELLING) % 2)
    return sound[:4] + (len(sound) + len(listed) - 8).to_bytes(4, "little") + sound[8:] + listed


def mp3() -> bytes:
    """An ID3 tag, then frames of MPEG 1 layer III, 64 kbit/s, 44.1 kHz: 208 bytes each."""
    size = len(TELLING)
    tag = b"ID3\x03\0\0" + bytes((0, 0, size >> 7, size & 127)) + TELLING
    frame = b"\xff\xfb\x50\xc0"
    frames = b"".join(frame + b"\x55" * 204 for _ in range(12))
    return tag + frames + b"TAG" + TELLING.ljust(125, b"\0")


def box(name: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def mp4(handler: bytes = b"soun") -> bytes:
    media = box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(12)))
    moov = box(b"moov", box(b"trak", media + box(b"udta", TELLING)) + box(b"udta", box(b"meta", TELLING)))
    return box(b"ftyp", b"M4A \0\0\0\0M4A mp42") + moov + box(b"mdat", noise(800, 2))


def ogg(voice: bytes = b"OpusHead") -> bytes:
    return b"OggS\0\x02" + bytes(8) + noise(12, 3) + b"\x01\x13" + voice + bytes(11) + noise(400, 4)


def webm(codec: bytes = b"A_OPUS") -> bytes:
    return (
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"
        + b"\x86"
        + bytes((0x80 | len(codec),))
        + codec
        + noise(400, 5)
    )


PLAYABLE = {
    "audio/wav": wav,
    "audio/mpeg": mp3,
    "audio/mp4": mp4,
    "audio/ogg": ogg,
    "audio/webm": webm,
}
