"""A badge address becomes the coarsest and strongest code that phones read, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qrcode import QRCode, util
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q

from badges import masks, matrix
from badges.errors import BadUrl

TOKEN = "7" + "0123456789" * 5 + "4"
HOST_14, HOST_30 = "abcdefghijk.cn", "abcdefghijklmnopqrstuvwxyz1.cn"


@pytest.mark.parametrize(
    ("host", "level"), [("a.cn", "Q"), (HOST_14, "Q"), ("a" + HOST_14, "M"), (HOST_30, "M")]
)
def test_every_allowed_host_gets_version_4_at_the_best_level(host, level):
    code = matrix.make(f"https://{host}/{TOKEN}")
    assert (code.version, code.level, code.size) == (4, level, 33)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (f"HTTPS://A.CN/{TOKEN}", "upper case"),
        (f"http://a.cn/{TOKEN}", "https"),
        (f"https://a.cn:8000/{TOKEN}", "port"),
        (f"https://a.cn/{TOKEN}/", "slash"),
        (f"https://a.cn/b/{TOKEN}", "path"),
        (f"https://a.cn/{TOKEN}?x=1", "path"),
        (f"https://a.cn/{TOKEN[1:]}", "52-digit"),
        (f"https://驿站.cn/{TOKEN}", "ASCII"),
        (f"https://me@a.cn/{TOKEN}", "user name"),
        (f"https://localhost/{TOKEN}", "host name"),
        (f"https://a{HOST_30}/{TOKEN}", "31 characters"),
        (f"https://a.cn/{TOKEN}\n", "52-digit"),
    ],
)
def test_an_address_that_a_phone_might_refuse_is_refused_with_its_reason(url, word):
    with pytest.raises(BadUrl, match=word) as refusal:
        matrix.make(url)
    assert refusal.value.code == "bad_url"
    assert TOKEN not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "version"),
    [
        (f"http://127.0.0.1:8000/{TOKEN}", 4),
        (f"http://192.168.100.200:8000/{TOKEN}", 4),
        (f"https://{'long-' * 5}name.cn/{TOKEN}", 5),
    ],
)
def test_a_trial_station_gets_a_real_code_only_when_it_asks(url, version):
    with pytest.raises(BadUrl):
        matrix.make(url)
    code = matrix.make(url, relaxed=True)
    assert code.version == version
    assert code.level in "QM"


def test_even_a_trial_station_may_not_have_an_endless_host():
    with pytest.raises(BadUrl, match="shorter host"):
        matrix.make(f"https://{'a' * 120}.cn/{TOKEN}", relaxed=True)


@given(st.text("0123456789", min_size=52, max_size=52), st.sampled_from([HOST_14, HOST_30]))
def test_the_code_is_the_one_qrcode_makes_with_that_mask(token, host):
    code = matrix.make(f"https://{host}/{token}")
    level = {"Q": ERROR_CORRECT_Q, "M": ERROR_CORRECT_M}[code.level]
    other = QRCode(version=4, error_correction=level, border=0, mask_pattern=code.mask)
    other.add_data(util.QRData(f"https://{host}/".encode(), util.MODE_8BIT_BYTE))
    other.add_data(util.QRData(token.encode(), util.MODE_NUMBER))
    other.make(fit=False)
    assert code.modules == tuple(tuple(row) for row in other.modules)


def penalty_by_the_letter(modules):
    """ISO/IEC 18004, 7.8.3, module by module."""
    size, score = len(modules), 0
    for found in [list(row) for row in modules] + [list(column) for column in zip(*modules, strict=True)]:
        run = 1
        for at in range(1, size + 1):
            if at < size and found[at] == found[at - 1]:
                run += 1
                continue
            score += run - 2 if run >= 5 else 0
            run = 1
        padded = [False] * 4 + found + [False] * 4
        for at in range(4, size - 2):
            core = padded[at : at + 7] == [True, False, True, True, True, False, True]
            score += 40 * (core and not (any(padded[at - 4 : at]) and any(padded[at + 7 : at + 11])))
    for upper, lower in zip(modules, modules[1:], strict=False):
        score += 3 * sum(
            a == b == c == d for a, b, c, d in zip(upper, upper[1:], lower, lower[1:], strict=False)
        )
    black = sum(map(sum, modules)) / size**2
    return score + 10 * int(abs(black - 0.5) * 20)


def test_the_mask_with_the_least_penalty_is_taken():
    code = matrix.make(f"https://{HOST_14}/{TOKEN}")
    scores = []
    for mask in range(8):
        other = QRCode(version=4, error_correction=ERROR_CORRECT_Q, border=0, mask_pattern=mask)
        other.add_data(util.QRData(f"https://{HOST_14}/".encode(), util.MODE_8BIT_BYTE))
        other.add_data(util.QRData(TOKEN.encode(), util.MODE_NUMBER))
        other.make(fit=False)
        scores.append(penalty_by_the_letter(other.modules))
        rows = tuple(sum(1 << x for x, black in enumerate(row) if black) for row in other.modules)
        assert masks.penalty(rows) == scores[-1]
    assert scores[code.mask] == min(scores)
