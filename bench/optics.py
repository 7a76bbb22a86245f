"""What lies between a badge on a jacket and a picture in a phone: dirt, light, lens, hand and JPEG, from fixed seeds.

Lengths on the badge are mm, lengths in the picture are pixels. The same cell and seed degrade every badge alike.
"""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from math import ceil, cos, pi, radians, sin, sqrt

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

DPI = 300
PER_MM = DPI / 25.4
SCENE = 76  # mm, the side of the piece of jacket around the badge
BADGE = 50
CODE = 26.54  # mm, the side of a version 4 code on the ring artwork
FINDER = CODE / 4  # a corner with a finder pattern, and some more
DISTANCE = 300  # mm from the lens; only how strongly a tilt foreshortens depends on it
Random = np.random.Generator


@dataclass(frozen=True)
class Cell:
    """One way to suffer; what is not named is a normal picture: 31 cm away on a phone, held in a hand, by day."""

    group: str
    name: str
    span: float = 150  # pixels across the code
    tilt: float | None = None  # degrees; None: anything to 15
    bend: float = 0  # mm, the radius of the cylinder it lies on
    dirt: float = 0  # share of the code's area
    spare_finders: bool = False
    scratches: int = 0
    glare: float = 0  # share of the code's area
    defocus: float = 0.7  # standard deviation of the blur, pixels
    motion: float = 0  # pixels
    light: float = 0.85  # of what would make white just white
    noise: float = 4  # grey levels
    quality: int = 85  # of the JPEG


CELLS = (
    *(Cell("distance", f"{span} px across", span=span) for span in (60, 70, 80, 100)),
    *(Cell("defocus", f"{blur} px", defocus=blur) for blur in (1.8, 2.1, 2.4)),
    *(Cell("motion", f"{length} px", motion=length) for length in (6, 7, 9)),
    *(Cell("low light", f"{light:.0%}", light=light, noise=noise) for light, noise in ((0.25, 8), (0.16, 10))),
    *(Cell("tilt", f"{angle} degrees", tilt=angle) for angle in (45, 55, 62)),
    *(Cell("dirt", f"{share:.0%}", dirt=share) for share in (0.02, 0.05, 0.1)),
    *(Cell("dirt", f"{share:.0%} off finders", dirt=share, spare_finders=True) for share in (0.05, 0.1)),
    *(Cell("scratches", str(count), scratches=count) for count in (4, 8, 16)),
    *(Cell("glare", f"{share:.0%}", glare=share) for share in (0.05, 0.1)),
    *(Cell("JPEG", f"quality {quality}", quality=quality) for quality in (10, 5)),
    *(Cell("cylinder", f"{radius} mm", bend=radius, span=110) for radius in (40, 28)),
    Cell("bad day", "all", span=110, tilt=30, light=0.35, noise=7, dirt=0.03, scratches=3, defocus=1.0),
)  # fmt: skip


def photograph(badge: Image.Image, cell: Cell, seed: int) -> np.ndarray:
    """A grey picture of the badge (L, 300 dpi, square, its middle the badge's) under this cell."""
    random = np.random.default_rng([seed, CELLS.index(cell)])
    worn = _damaged(_on_jacket(badge, random), cell, random)
    frame = _seen(_bent(worn, cell.bend) if cell.bend else worn, cell, random)
    frame = frame.filter(ImageFilter.GaussianBlur(2 * cell.defocus))
    swept = _swept(np.asarray(frame, dtype=np.float32), cell.motion, random)
    height, width = (side // 2 for side in swept.shape)
    return _sensed(swept.reshape(height, 2, width, 2).mean(axis=(1, 3)), cell, random)


def _on_jacket(badge: Image.Image, random: Random) -> Image.Image:
    side = round(SCENE * PER_MM)
    weave = random.normal(random.uniform(50, 190), 12, (side // 4, side // 4)).clip(0, 255)
    scene = Image.fromarray(weave.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    scene.paste(badge, ((side - badge.width) // 2,) * 2, _disc(badge.width))
    return scene


@lru_cache(maxsize=2)
def _disc(side: int) -> Image.Image:
    """What lies within the cut line."""
    mask, inset = Image.new("L", (2 * side, 2 * side)), side - BADGE * PER_MM
    ImageDraw.Draw(mask).ellipse((inset, inset, 2 * side - inset, 2 * side - inset), fill=255)
    return mask.reduce(2)


def _damaged(scene: Image.Image, cell: Cell, random: Random) -> Image.Image:
    for _ in range(cell.scratches):
        _scratch(ImageDraw.Draw(scene), random)
    if cell.dirt:
        scene = _dirty(scene, cell, random)
    return scene


def _scratch(draw: ImageDraw.ImageDraw, random: Random) -> None:
    """From edge to edge of the badge, or a piece of that: pale in acrylic, dark where dirt has settled in it."""
    angles, reach = random.uniform(0, 2 * pi, 2), random.uniform(0.5, 1, 2)
    middle, radius = SCENE / 2 * PER_MM, BADGE / 2 * PER_MM
    ends = [
        (middle + radius * r * cos(a), middle + radius * r * sin(a))
        for a, r in zip(angles, reach, strict=True)
    ]
    grey = random.uniform(190, 250) if random.random() < 0.6 else random.uniform(30, 90)
    draw.line(ends, fill=round(grey), width=max(1, round(random.uniform(0.15, 0.7) * PER_MM)))


def _dirty(scene: Image.Image, cell: Cell, random: Random) -> Image.Image:
    """Blots until they cover that share of the code."""
    cover, low = Image.new("L", scene.size), (SCENE - CODE) / 2
    box = tuple(round(edge * PER_MM) for edge in (low, low, low + CODE, low + CODE))
    draw = ImageDraw.Draw(cover)
    while np.asarray(cover.crop(box)).mean() < 255 * cell.dirt:
        x, y = random.uniform(0, CODE, 2)
        radius = random.uniform(0.5, 2.2)
        if cell.spare_finders and _at_finder(x, y, radius):
            continue
        for angle in random.uniform(0, 2 * pi, 5):
            reach, part = radius * random.uniform(0.2, 0.6), radius * random.uniform(0.4, 0.7)
            u, v = (low + x + reach * cos(angle)) * PER_MM, (low + y + reach * sin(angle)) * PER_MM
            draw.ellipse(
                (u - part * PER_MM, v - part * PER_MM, u + part * PER_MM, v + part * PER_MM), fill=255
            )
    mud = Image.new("L", scene.size, round(random.uniform(40, 120)))
    return Image.composite(mud, scene, cover.filter(ImageFilter.GaussianBlur(0.1 * PER_MM)))


def _at_finder(x: float, y: float, radius: float) -> bool:
    near, far = FINDER + 1.3 * radius, CODE - FINDER - 1.3 * radius
    return (x < near and (y < near or y > far)) or (x > far and y < near)


def _bent(scene: Image.Image, radius: float) -> Image.Image:
    """Wrapped around an upright cylinder and seen from the front."""
    flat = np.asarray(scene, dtype=np.float32)
    across = (np.arange(flat.shape[1]) + 0.5) / PER_MM - SCENE / 2
    shown = np.arcsin(np.clip(across / radius, -0.99, 0.99)) * radius
    columns = ((shown + SCENE / 2) * PER_MM - 0.5).clip(0, flat.shape[1] - 1.001)
    left = columns.astype(int)
    share = columns - left
    return Image.fromarray((flat[:, left] * (1 - share) + flat[:, left + 1] * share).astype(np.uint8))


def _seen(scene: Image.Image, cell: Cell, random: Random) -> Image.Image:
    """Through a pinhole, turned and tilted, at twice the picture's resolution."""
    tilt = radians(random.uniform(0, 15) if cell.tilt is None else cell.tilt)
    axis, roll = random.uniform(0, 2 * pi, 2)
    scale = 2 * cell.span / CODE  # pixels a mm
    shrunk = max(16, round(SCENE * scale))
    small = scene.resize((shrunk, shrunk), Image.Resampling.BOX) if shrunk < scene.width else scene
    side = 2 * ceil(BADGE * scale * 1.35 / 2) + 2 * round(random.uniform(0, 8))
    shift = random.uniform(-0.03, 0.03, 2) * side
    turned = _turn(roll) @ _turn(axis) @ _lean(tilt) @ _turn(-axis)
    lens = np.array(
        [[DISTANCE * scale, 0, side / 2 + shift[0]], [0, DISTANCE * scale, side / 2 + shift[1]], [0, 0, 1]]
    )
    plane = np.column_stack([turned[:, 0], turned[:, 1], [0, 0, DISTANCE]])
    mm = small.width / SCENE
    centred = np.array([[1 / mm, 0, -SCENE / 2], [0, 1 / mm, -SCENE / 2], [0, 0, 1]])
    back = np.linalg.inv(lens @ plane @ centred)
    numbers = tuple((back / back[2, 2]).ravel()[:8])
    return small.transform(
        (side, side), Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC, fillcolor=110
    )


def _turn(angle: float) -> np.ndarray:
    return np.array([[cos(angle), -sin(angle), 0], [sin(angle), cos(angle), 0], [0, 0, 1]])


def _lean(angle: float) -> np.ndarray:
    return np.array([[1, 0, 0], [0, cos(angle), -sin(angle)], [0, sin(angle), cos(angle)]])


def _swept(frame: np.ndarray, length: float, random: Random) -> np.ndarray:
    """The hand moves that many pixels in a straight line while the shutter is open."""
    angle = random.uniform(0, pi)
    steps = np.linspace(-length, length, ceil(2 * length) + 1)
    shifts = [(round(step * sin(angle)), round(step * cos(angle))) for step in steps]
    return np.mean([np.roll(frame, shift, (0, 1)) for shift in shifts], axis=0)


def _sensed(frame: np.ndarray, cell: Cell, random: Random) -> np.ndarray:
    """Uneven light, glare, noise, eight bits, JPEG."""
    rows, columns = np.indices(frame.shape) / frame.shape[0] - 0.5
    angle, slope = random.uniform(0, 2 * pi), random.uniform(0, 0.5)
    lit = (frame * 0.92 + 15) * cell.light * (1 + slope * (rows * sin(angle) + columns * cos(angle)))
    x, y = random.uniform(-0.4, 0.4, 2) * cell.span / frame.shape[0]
    noise = random.normal(0, cell.noise, frame.shape)
    if cell.glare:
        radius = cell.span * sqrt(cell.glare / pi) / frame.shape[0]
        lit = lit + 400 * np.exp(-((((rows - y) ** 2 + (columns - x) ** 2) / radius**2) ** 2))
    file = BytesIO()
    Image.fromarray((lit + noise).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=cell.quality)
    return np.asarray(Image.open(file))
