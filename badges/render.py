"""Pictures of PDF pages by pdfium, the renderer of Chrome; nothing here draws by itself."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Lock

import pypdfium2 as pdfium
from PIL import Image

from badges.errors import CheckFailed

NAME = f"pdfium {pdfium.PDFIUM_INFO}"
# pdfium may be entered by one thread at a time only. Held for single calls, never while a page is looked at.
_ALONE = Lock()


@dataclass(frozen=True)
class Grey:
    """Rows of one byte a pixel from the top left, 0 black to 255 white."""

    width: int
    height: int
    pixels: bytes

    def crop(self, left: int, top: int, width: int, height: int) -> "Grey":
        """A part of the picture; it must lie inside."""
        first, stride = top * self.width + left, self.width
        rows = (self.pixels[at : at + width] for at in range(first, first + height * stride, stride))
        return Grey(width, height, b"".join(rows))


def greys(pdf: bytes, dpi: float, only: Sequence[int] | None = None) -> Generator[Grey]:
    """Every page, or only those, in turn; one in memory at a time."""
    with _opened(pdf) as document:
        for number in range(len(document)) if only is None else only:
            with _ALONE:
                page = document[number]
                bitmap = page.render(scale=_scale(page.get_width(), dpi), grayscale=True)
                grey = Grey(bitmap.width, bitmap.height, _packed(bitmap))
                bitmap.close()
                page.close()
            yield grey


def ahead(pictures: Generator[Grey]) -> Generator[Grey]:
    """The same pictures; the next one is drawn on the second core while the last one is looked at."""
    with closing(pictures), ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, pictures, None)
        while (picture := coming.result()) is not None:
            coming = pool.submit(next, pictures, None)
            yield picture


def count(pdf: bytes) -> int:
    """How many pages the file has."""
    with _opened(pdf) as document:
        return len(document)


def colour(pdf: bytes, page: int, dpi: float) -> Image.Image:
    """One page as an RGB picture."""
    with _opened(pdf) as document, _ALONE:
        bitmap = document[page].render(scale=_scale(document[page].get_width(), dpi))
        return bitmap.to_pil().convert("RGB")


@contextmanager
def _opened(pdf: bytes) -> Iterator[pdfium.PdfDocument]:
    try:
        with _ALONE:
            document = pdfium.PdfDocument(pdf)
    except pdfium.PdfiumError as error:
        raise CheckFailed("it is not a readable PDF") from error
    try:
        yield document
    finally:
        with _ALONE:
            document.close()


def _scale(width: float, dpi: float) -> float:
    """Scale for a picture of whole pixels: pypdfium2 rounds up, and 432.0000001 must not become 433."""
    return (round(width * dpi / 72) - 0.25) / width


def _packed(bitmap: pdfium.PdfBitmap) -> bytes:
    data, stride, width = bytes(bitmap.buffer), bitmap.stride, bitmap.width
    if stride == width:
        return data
    return b"".join(data[at : at + width] for at in range(0, stride * bitmap.height, stride))
