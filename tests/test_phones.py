"""A phone number in any typing becomes one number that can be called, or is refused with the reason."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station import phones
from station.phones import REASONS, Phone, PhoneError

HOTLINE = Phone("+8643262012345", "0432-62012345", "tel:+86-432-6201-2345")
MOBILE = Phone("+8619900000001", "199 0000 0001", "tel:+86-199-0000-0001")


def parse(text):
    return phones.parse(text, area_code="0432")


@pytest.mark.parametrize(
    "typed",
    [
        "62012345",
        "6201 2345",
        "6201-2345",
        "６２０１２３４５",
        "0432-62012345",
        "0432 6201 2345",
        "(0432)62012345",
        "（０４３２）６２０１－２３４５",
        "【0432】62012345",
        "0432—62012345",
        "043262012345",
        "43262012345",
        "+8643262012345",
        "+86 (0432) 62012345",
        "0086-432-62012345",
        "8643262012345",
        "\u202d62012345\u202c",
        " 62012345\n",
    ],
)
def test_landline_in_any_typing(typed):
    assert parse(typed) == HOTLINE


@pytest.mark.parametrize(
    "typed",
    [
        "19900000001",
        "199 0000 0001",
        "199-0000-0001",
        "１９９００００　０００１",
        "+86 199 0000 0001",
        "008619900000001",
        "8619900000001",
        "019900000001",
        "199.0000.0001",
    ],
)
def test_mobile_in_any_typing(typed):
    assert parse(typed) == MOBILE


def test_a_local_number_belongs_to_the_area_of_the_station():
    assert phones.parse("62012345", area_code="010").shown == "010-62012345"
    assert phones.parse("62012345", area_code="0431").e164 == "+8643162012345"
    assert phones.parse("62012345", area_code="432").e164 == HOTLINE.e164


def test_a_long_distance_number_keeps_its_own_area():
    assert parse("010-62012345").e164 == "+861062012345"
    assert parse("021 6201 2345").shown == "021-62012345"


@pytest.mark.parametrize("prefix", ["400", "800"])
def test_service_lines_are_dialled_as_they_are_written(prefix):
    assert parse(f"{prefix}-620-1234") == Phone(
        f"+86{prefix}6201234", f"{prefix}-620-1234", f"tel:{prefix}6201234"
    )


def test_family_abroad_is_reached_through_the_country_code():
    abroad = Phone("+821012345678", "+82 10-1234-5678", "tel:+82-10-1234-5678")
    assert parse("+82 10-1234-5678") == parse("0082-10-1234-5678") == abroad


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_every_mobile_is_accepted_whether_or_not_its_prefix_is_in_use(digits):
    assert parse(digits).e164 == "+86" + digits


@given(st.from_regex(r"6201[0-9]{4}", fullmatch=True))
def test_every_demonstration_landline_is_accepted(digits):
    assert parse(digits).shown == "0432-" + digits


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("没有电话", "characters"),
        ("19900000001/62012345", "characters"),
        ("199OOOO0001", "characters"),
        ("1+9900000001", "characters"),
        ("٦٢٠١٢٣٤٥", "characters"),
        ("62012345转801", "extension"),
        ("0432-62012345-801", "extension"),
        ("0432-62012345 ext. 8", "extension"),
        ("62012345#801", "extension"),
        ("110", "short_code"),
        ("120", "short_code"),
        ("１２０", "short_code"),
        ("119", "short_code"),
        ("12345", "short_code"),
        ("10086", "short_code"),
        ("95588", "short_code"),
        ("+86 110", "short_code"),
        ("+999 12345678", "country"),
        ("1", "length"),
        ("1990000000", "length"),
        ("199000000011", "length"),
        ("12900000001", "length"),
        ("6201234", "length"),
        ("0432-6201234", "length"),
        ("620123456", "length"),
        ("+8662012345", "length"),
        ("+82 1", "length"),
        ("+", "characters"),
        ("9" * 5000, "length"),
    ],
)
def test_each_mistake_has_its_own_word(text, code):
    with pytest.raises(PhoneError) as refusal:
        parse(text)
    assert refusal.value.code == code
    assert str(refusal.value) == REASONS[code]


@pytest.mark.parametrize(
    ("e164", "masked"),
    [
        ("+8619900000001", "199****0001"),
        ("+8614000000001", "140****0001"),
        ("+8643262012345", "0432-****2345"),
        ("+861062012345", "010-****2345"),
        ("+864006201234", "400***1234"),
        ("+821012345678", "+82******5678"),
        ("+43000", "+43**0"),
    ],
)
def test_a_masked_number_shows_only_its_ends(e164, masked):
    assert phones.mask(e164) == masked


@pytest.mark.parametrize(
    "typed", ["62012345", "19900000001", "400-620-1234", "+82 10-1234-5678", "14000000001"]
)
def test_a_stored_number_is_shown_as_it_was_when_entered(typed):
    assert phones.from_e164(parse(typed).e164) == parse(typed)


@given(st.text(max_size=25) | st.text(alphabet="+0123456789- ()转#", max_size=25))
def test_no_text_is_worse_than_refused(text):
    with suppress(PhoneError):
        found = parse(text)
        assert parse(found.e164) == found
        assert parse(found.shown) == found
        assert phones.mask(found.e164).count("*") >= 2
