"""A plain QR symbol for a slip of paper: as the path of an SVG picture."""

from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

from badges.matrix import Matrix


def symbol(url: str, level: int = ERROR_CORRECT_M) -> Matrix:
    """The smallest symbol that holds the address at this level of correction."""
    made = QRCode(error_correction=level, border=0)
    made.add_data(url)
    made.make(fit=True)
    rows = tuple(tuple(bool(module) for module in row) for row in made.get_matrix())
    return Matrix(
        url, made.version, "LMQH"[(1, 0, 3, 2).index(level)], len(rows), rows, made.best_mask_pattern()
    )


def path(code: Matrix) -> str:
    """The black modules as the `d` of an SVG path, one unit a module, y downwards, without the quiet zone."""
    return "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(code.modules) for x, black in enumerate(row) if black
    )
