"""The sealed envelopes in which WeCom (企业微信) speaks to an application: its own format, beside seal the only cryptography.

The provider's page: https://developer.work.weixin.qq.com/document/path/90968. AES-256-CBC whose first block of the key
is the start vector, PKCS#7 to 32 bytes; inside stand 16 random bytes, the length of the text, the text, the receiver.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY_LENGTH = 43  # of an EncodingAESKey: the base64 of 32 bytes without its last "="
_BLOCK = 32
_HEAD = 20  # 16 random bytes and four of length
_KEY = re.compile(rf"[0-9A-Za-z+/]{{{KEY_LENGTH}}}")


class Unopenable(Exception):
    """An envelope that is not made with this key, or not for this receiver."""


def is_key(text: str) -> bool:
    """Whether this can be an EncodingAESKey."""
    return bool(_KEY.fullmatch(text))


def is_signed(signature: str, token: str, stamp: str, nonce: str, sealed: str) -> bool:
    """Whether the signature belongs to these very words."""
    return hmac.compare_digest(signature.encode(), sign(token, stamp, nonce, sealed).encode())


def sign(token: str, stamp: str, nonce: str, sealed: str) -> str:
    """SHA-1 over the four in the order of the alphabet, as the provider fixed it; the token is what is secret in it."""
    return hashlib.sha1("".join(sorted((token, stamp, nonce, sealed))).encode()).hexdigest()  # noqa: S324


def open_up(key: str, sealed: str, receiver: str) -> str:
    """The text of an envelope. Raises Unopenable."""
    try:
        cipher = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unopenable("not base64") from error
    if not cipher or len(cipher) % 16:
        raise Unopenable("not a whole number of blocks")
    opener = _cipher(key).decryptor()
    plain = opener.update(cipher) + opener.finalize()
    plain = plain[: -plain[-1]] if 1 <= plain[-1] <= _BLOCK else b""
    length = int.from_bytes(plain[16:_HEAD], "big")
    text, whose = plain[_HEAD : _HEAD + length], plain[_HEAD + length :]
    if len(text) != length or not hmac.compare_digest(whose, receiver.encode()):
        raise Unopenable("not for this receiver")
    return text.decode(errors="replace")


def close_up(key: str, text: str, receiver: str) -> str:
    """An envelope around a text."""
    inside = text.encode()
    plain = os.urandom(16) + len(inside).to_bytes(4, "big") + inside + receiver.encode()
    more = _BLOCK - len(plain) % _BLOCK
    closer = _cipher(key).encryptor()
    return base64.b64encode(closer.update(plain + bytes([more]) * more) + closer.finalize()).decode()


def _cipher(key: str) -> Cipher[modes.CBC]:
    if not is_key(key):
        raise Unopenable("no EncodingAESKey")
    raw = base64.b64decode(f"{key}=")
    return Cipher(algorithms.AES(raw), modes.CBC(raw[:16]))
