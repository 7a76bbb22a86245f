"""The front of a badge as SVG, for screens."""

from badges.drawing import BLACK, Shape, line
from badges.layout import PIXEL, Art
from badges.matrix import Matrix
from badges.paths import Path
from badges.pdf import runs


def draw(art: Art, matrix: Matrix) -> bytes:
    """What is inside the cut line, in mm; white stands behind everything."""
    form, label = art.form, art.labels[0]
    w, h = form.width, form.height
    shapes = (*art.front, Shape(line(label.text, label.x, label.y, label.em), label.paint))
    body = "".join(f'<path fill="{shape.paint.web}" d="{_data(shape.path)}"/>' for shape in shapes)
    edge = _data(form.outline())
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:g}mm" height="{h:g}mm" '
        f'viewBox="{-w / 2:g} {-h / 2:g} {w:g} {h:g}"><clipPath id="cut"><path d="{edge}"/></clipPath>'
        f'<g clip-path="url(#cut)"><path fill="#ffffff" d="{edge}"/>{body}{_code(art, matrix)}</g></svg>'
    )
    return text.encode()


def _code(art: Art, matrix: Matrix) -> str:
    left, bottom, pixels = art.code.box(matrix.size)
    module = pixels * PIXEL
    data = "".join(f"M{x} {y}h{width}v1h-{width}z" for x, y, width in runs(matrix))
    place = f"matrix({module:.6f} 0 0 {-module:.6f} {left * PIXEL:.4f} {-bottom * PIXEL:.4f})"
    return f'<path fill="{BLACK.web}" shape-rendering="crispEdges" transform="{place}" d="{data}"/>'


def _data(path: Path) -> str:
    return "".join(
        kind + " ".join(_number(value, at) for at, value in enumerate(points)) for kind, points in path
    )


def _number(value: float, at: int) -> str:
    """y runs downwards in SVG."""
    return f"{-value if at % 2 else value:.3f}".rstrip("0").rstrip(".")
