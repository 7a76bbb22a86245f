"""How badges lie on A4, in pixels at 600 dpi so that all slots look alike to a renderer."""

from dataclasses import dataclass

from badges.layout import PIXEL, Form

PAGE = (4960, 7016)
"""A4, rounded to a whole number of pixels at 150 dpi."""
_MARGINS, _GAP = (10.0, 9.0), 3.0
_STEP = 8  # the middle of a slot then stands on a pixel at 150 dpi, whether the count of slots is odd or even


@dataclass(frozen=True)
class Grid:
    """Columns and rows of a page, and their pitch in pixels."""

    columns: int
    rows: int
    pitch_x: int
    pitch_y: int

    @property
    def places(self) -> int:
        """Badges on one page."""
        return self.columns * self.rows

    def middle(self, place: int, *, back: bool = False) -> tuple[int, int]:
        """Middle of a place in pixels from the lower left; backs are mirrored so that they meet their fronts."""
        row, column = divmod(place, self.columns)
        if back:
            column = self.columns - 1 - column
        across = (2 * column - self.columns + 1) * self.pitch_x // 2
        up = (self.rows - 1 - 2 * row) * self.pitch_y // 2
        return PAGE[0] // 2 + across, PAGE[1] // 2 + up


def grid(form: Form) -> Grid:
    """As many of the form as fit on A4 with its bleed and a little air."""
    columns, pitch_x = _spread(PAGE[0] * PIXEL - 2 * _MARGINS[0], form.width + 2 * form.bleed)
    rows, pitch_y = _spread(PAGE[1] * PIXEL - 2 * _MARGINS[1], form.height + 2 * form.bleed)
    return Grid(columns, rows, pitch_x, pitch_y)


def _spread(room: float, side: float) -> tuple[int, int]:
    count = int(room // (side + 1))
    return count, int(min(room / count, side + _GAP) / PIXEL // _STEP) * _STEP
