"""A mistyped identity number is noticed, and a true one of any age is accepted."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.identity_number import MAX_AGE, REASONS, IdentityNumberError, parse

TODAY = date(2026, 3, 1)


def number(birth_date="19450512", serial="122", county="220204"):
    """A number that keeps the rules, its check character found by the definition of ISO 7064: sum = 1 mod 11."""
    body = county + birth_date + serial
    for last in "0123456789X":
        values = [int(c) for c in body] + [10 if last == "X" else int(last)]
        if sum(v * 2 ** (17 - i) for i, v in enumerate(values)) % 11 == 1:
            return body + last
    raise AssertionError("MOD 11-2 has a check character for every body")


def code_of(text, today=TODAY):
    with pytest.raises(IdentityNumberError) as refusal:
        parse(text, today=today)
    assert str(refusal.value) == REASONS[refusal.value.code]
    return refusal.value.code


numbers = st.builds(
    number,
    birth_date=st.dates(date(1901, 3, 1), TODAY).map(lambda d: d.strftime("%Y%m%d")),
    serial=st.integers(0, 999).map("{:03}".format),
    county=st.integers(0, 999999).map("{:06}".format),
)


def test_the_example_of_the_standard():
    found = parse("11010519491231002X", today=TODAY)
    assert (found.birth_date, found.sex, found.last_four) == (date(1949, 12, 31), "female", "002X")


@given(numbers)
def test_every_true_number_is_read_whatever_its_county(text):
    found = parse(text, today=TODAY)
    assert found.normal == text
    assert found.birth_date.strftime("%Y%m%d") == text[6:14]
    assert (found.sex == "male") == (int(text[16]) % 2 == 1)


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "110105-19491231-002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５　１９４９１２３１　００２ｘ",
        "\u202d11010519491231002X\u202c\t",
        "\ufeff11010519491231002X",
    ],
)
def test_ways_of_typing_the_same_number(typed):
    assert parse(typed, today=TODAY).normal == "11010519491231002X"


@given(numbers)
def test_every_single_wrong_character_is_caught(text):
    for place, right in enumerate(text):
        for wrong in set("0123456789" + "X" * (place == 17)) - {right}:
            assert code_of(text[:place] + wrong + text[place + 1 :]) == "check_digit"


@given(numbers)
def test_every_swap_of_neighbours_is_caught(text):
    for place in range(17):
        left, right = text[place], text[place + 1]
        if left != right:
            assert code_of(text[:place] + right + left + text[place + 2 :]) in {"check_digit", "characters"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "length"),
        ("   ", "length"),
        ("2202041945051212", "length"),
        ("2202041945051212345", "length"),
        ("220204450512122", "old_form"),
        ("２２０２０４４５０５１２１２２", "old_form"),
        ("2202041945051212X4", "characters"),
        ("X20204194505121224", "characters"),
        ("22020419450512122O", "characters"),
        ("2.20204E+17", "characters"),
        ("没有", "characters"),
        (number(birth_date="19450230"), "birth_date"),
        (number(birth_date="19451301"), "birth_date"),
        (number(birth_date="00000000"), "birth_date"),
        (number(birth_date="19000229"), "birth_date"),
    ],
)
def test_each_mistake_has_its_own_word(text, code):
    assert code_of(text) == code


def test_born_today_is_accepted_and_born_tomorrow_is_not():
    assert parse(number(birth_date=f"{TODAY:%Y%m%d}"), today=TODAY).birth_date == TODAY
    assert code_of(number(birth_date=f"{TODAY + timedelta(days=1):%Y%m%d}")) == "future"


def test_the_day_before_the_126th_birthday_is_the_last_day():
    born = "19000310"
    birthday = date(1900 + MAX_AGE + 1, 3, 10)
    assert parse(number(birth_date=born), today=birthday - timedelta(days=1)).birth_date == date(1900, 3, 10)
    assert code_of(number(birth_date=born), today=birthday) == "age"


def test_neither_the_error_nor_the_repr_shows_the_number():
    assert "1949123100" not in repr(parse("11010519491231002X", today=TODAY))
    with pytest.raises(IdentityNumberError) as refusal:
        parse("110105194912310020", today=TODAY)
    assert "4912" not in str(refusal.value)


@given(st.text(max_size=30))
def test_no_text_is_worse_than_refused(text):
    with suppress(IdentityNumberError):
        parse(text, today=TODAY)
