"""A badge number read over the phone is either right or noticed to be wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station import damm

bodies = st.text(alphabet="0123456789", min_size=1, max_size=12)


def test_published_example():
    assert damm.check_digit("572") == "4"
    assert damm.is_valid("5724")


@given(bodies)
def test_number_with_its_check_digit_is_valid(body):
    assert damm.is_valid(body + damm.check_digit(body))


@given(bodies)
def test_every_single_wrong_digit_is_caught(body):
    number = body + damm.check_digit(body)
    for place, right in enumerate(number):
        for wrong in set("0123456789") - {right}:
            assert not damm.is_valid(number[:place] + wrong + number[place + 1 :])


@given(bodies)
def test_every_swap_of_neighbours_is_caught(body):
    number = body + damm.check_digit(body)
    for place in range(len(number) - 1):
        left, right = number[place], number[place + 1]
        if left != right:
            assert not damm.is_valid(number[:place] + right + left + number[place + 2 :])


@pytest.mark.parametrize("text", ["", "0", "57x4", "５７２４", "٥٧٢٤", "5724\n", " 5724", "-5724"])
def test_other_text_is_no_badge_number(text):
    assert not damm.is_valid(text)


@pytest.mark.parametrize("text", ["", "57 2", "５７２", "²"])
def test_check_digit_of_other_text_is_refused(text):
    with pytest.raises(ValueError, match="digits 0 to 9"):
        damm.check_digit(text)
