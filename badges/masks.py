"""Choice of the QR mask by the penalty score of ISO/IEC 18004, 7.8.3, on rows kept as whole numbers.

The qrcode package scores symbols whose format bits are still blank and needs eight full symbols for it
(4 ms); here the finished symbols are scored, eight times faster.
"""

from itertools import pairwise


def best(plain: tuple[int, ...], differences: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], int]:
    """Rows and number of the mask with the lowest penalty; plain is the symbol with mask 0."""
    candidates = [tuple(a ^ b for a, b in zip(plain, mask, strict=True)) for mask in differences]
    scores = [penalty(rows) for rows in candidates]
    mask = scores.index(min(scores))
    return candidates[mask], mask


def penalty(rows: tuple[int, ...]) -> int:
    """N1 + N2 + N3 + N4 of the symbol."""
    columns = _transpose(rows)
    lines = sum(_runs(line, len(rows)) + _finders(line, len(rows)) for line in rows + columns)
    return lines + _blocks(rows) + _balance(rows)


def _transpose(rows: tuple[int, ...]) -> tuple[int, ...]:
    size = len(rows)
    text = [format(row, f"0{size}b") for row in reversed(rows)]
    return tuple(int("".join(column), 2) for column in zip(*text, strict=True))[::-1]


def _runs(line: int, size: int) -> int:
    """N1: a run of 5 or more equal modules costs 3, and 1 for each module more."""
    changes = line ^ line >> 1
    same = ~changes & (1 << size - 1) - 1
    four = same & same >> 1
    four &= four >> 2
    # Each window of five costs one; the first window of a run costs two more.
    return four.bit_count() + 2 * (four & ~(four << 1)).bit_count()


def _finders(line: int, size: int) -> int:
    """N3: 1:1:3:1:1 with four light modules on a side costs 40; outside the symbol counts as light."""
    dark = line << 4
    light = ~dark & (1 << size + 8) - 1
    core = dark & light >> 1 & dark >> 2 & dark >> 3 & dark >> 4 & light >> 5 & dark >> 6
    if not core:
        return 0
    four = light & light >> 1
    four &= four >> 2
    return 40 * (core & (four << 4 | four >> 7)).bit_count()


def _blocks(rows: tuple[int, ...]) -> int:
    """N2: every 2 x 2 block of one colour costs 3."""
    full = (1 << len(rows) - 1) - 1
    equal = 0
    for upper, lower in pairwise(rows):
        across = ~(upper ^ upper >> 1) & ~(upper ^ lower)
        equal += (across & ~(lower ^ lower >> 1) & full).bit_count()
    return 3 * equal


def _balance(rows: tuple[int, ...]) -> int:
    """N4: 10 for every full 5 % away from half black."""
    black = sum(row.bit_count() for row in rows)
    return 10 * int(abs(black / len(rows) ** 2 - 0.5) * 20)
