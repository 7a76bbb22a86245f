"""Codes in SVG files, drawn from their own shapes: one path is one picture, and all rectangles together another.

Codes in SVG are filled polygons or rectangles; what stands around them, and every transform, makes no difference
to a decoder that finds a code at any place and either way round.
"""

import re
from collections.abc import Iterator

from PIL import Image, ImageDraw

from badges.errors import CheckFailed
from badges.render import Grey

_SIDE, _BORDER = 900, 120  # pixels
_PATH = re.compile(rb"<(?:\w+:)?path\b[^>]*?\sd=(\"[^\"]*\"|'[^']*')", re.DOTALL)
_RECT = re.compile(rb"<(?:\w+:)?rect\b[^>]*>", re.DOTALL)
_STEP = re.compile(r"([MmLlHhVvZz])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_MOST_BYTES = 20_000_000
_LEAST_POLYGONS = 50  # of a code; letters have fewer
Polygon = list[tuple[float, float]]


def is_svg(file: bytes) -> bool:
    return b"<svg" in file[:1000]


def pictures(svg: bytes) -> Iterator[Grey]:
    """A picture of each path with straight sides, and one of all rectangles. Raises CheckFailed when there is none."""
    if len(svg) > _MOST_BYTES:
        raise CheckFailed("the SVG is too large to read")
    drawings = [polygons(found.group(1)[1:-1].decode("latin-1")) for found in _PATH.finditer(svg)]
    drawings.append([shape for found in _RECT.finditer(svg) for shape in _rectangle(found.group(0))])
    kept = [drawing for drawing in drawings if len(drawing) >= _LEAST_POLYGONS]
    if not kept:
        raise CheckFailed("no shape in the SVG can be a code; save it as PDF or PNG and try that")
    return map(_picture, kept)


def polygons(data: str) -> list[Polygon]:
    """The closed shapes of path data; empty when it has a curve."""
    if re.search(r"[CcSsQqTtAa]", data):
        return []
    shapes: list[Polygon] = []
    x = y = 0.0
    for verb, numbers in _verbs(data):
        if verb in "Zz":
            x, y = shapes[-1][0] if shapes else (x, y)
            continue
        for a, b in _targets(verb, numbers):
            x, y = (x if a is None else a + x * verb.islower(), y if b is None else b + y * verb.islower())
            if verb in "Mm":
                shapes.append([])
            elif not shapes:
                return []
            shapes[-1].append((x, y))
    return [shape for shape in shapes if len(shape) > 2]


def _verbs(data: str) -> Iterator[tuple[str, list[float]]]:
    verb, numbers = "", list[float]()
    for letter, number in _STEP.findall(data):
        if letter:
            if verb:
                yield verb, numbers
            verb, numbers = letter, []
        else:
            numbers.append(float(number))
    if verb:
        yield verb, numbers


def _targets(verb: str, numbers: list[float]) -> Iterator[tuple[float | None, float | None]]:
    if verb in "Hh":
        yield from ((number, None) for number in numbers)
    elif verb in "Vv":
        yield from ((None, number) for number in numbers)
    else:
        yield from zip(numbers[::2], numbers[1::2], strict=False)


def _rectangle(tag: bytes) -> Iterator[Polygon]:
    found = dict(re.findall(r"\s(x|y|width|height|fill)=[\"']([^\"']*)[\"']", tag.decode("latin-1")))
    number = {key: re.match(r"[-+.\d]+", found.get(key, "0")) for key in ("x", "y", "width", "height")}
    if found.get("fill", "").lower() in ("white", "#fff", "#ffffff", "none") or None in number.values():
        return
    x, y, w, h = (float(one.group(0)) for one in number.values() if one)
    if w > 0 and h > 0:
        yield [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def _picture(drawing: list[Polygon]) -> Grey:
    left, top = (min(point[axis] for shape in drawing for point in shape) for axis in (0, 1))
    right, bottom = (max(point[axis] for shape in drawing for point in shape) for axis in (0, 1))
    scale = _SIDE / max(right - left, bottom - top, 1e-9)
    picture = Image.new("L", (_SIDE + 2 * _BORDER,) * 2, 255)
    draw = ImageDraw.Draw(picture)
    for shape in drawing:
        draw.polygon([(_BORDER + (x - left) * scale, _BORDER + (y - top) * scale) for x, y in shape], fill=0)
    return Grey(picture.width, picture.height, picture.tobytes())
