"""A message as the text of a chat, cut to what a provider takes."""

from station.channels.base import Outgoing, mark, paragraphs

_WIDE = str.maketrans("[]()!<>*_#`~|\\", "［］（）！＜＞＊＿＃｀～｜＼")


def full(message: Outgoing, limit: int) -> str:
    """Title, text, place and link within `limit` bytes; what is too long is cut, the link never."""
    return _fit("\n".join([mark(message) + message.title, *paragraphs(message)]), message.url, limit)


def link_only(message: Outgoing) -> str:
    """Station and link, for services that read what passes: no place, no badge, no finder's words."""
    return "\n".join(part for part in (message.station, message.url) if part)


def cut(words: str, limit: int) -> str:
    """Cut to `limit` bytes of UTF-8, with … at the end."""
    if len(words.encode()) <= limit:
        return words
    return words.encode()[: max(limit - len("…".encode()), 0)].decode(errors="ignore") + "…"


def buttoned(message: Outgoing) -> bool:
    """Whether a card with a button is tried: the first time alone. What was not taken as a card goes as a text."""
    return bool(message.url and message.look) and message.attempt == 1


def unmarked(words: str) -> str:
    """Words that a chat would take for markdown (a link, a picture, a heading), with wide signs that look the same."""
    return words.translate(_WIDE)


def _fit(said: str, url: str | None, limit: int) -> str:
    link = f"\n{url}" if url else ""
    return cut(said, limit - len(link.encode())) + link
