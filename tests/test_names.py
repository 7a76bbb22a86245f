"""A name is found by what a hurried person types, and kept as the identity card writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.names import MAX_LENGTH, REASONS, PersonNameError, Query, Searchable, search_keys, validate


def found(name, query):
    return Query(query).matches(Searchable(name, search_keys(name)))


@pytest.mark.parametrize(
    "query", ["wxl", "w", "wx", "wangxiulan", "wangxiu", "WXL", "wang xiu lan", "秀兰", "王", "王 秀兰"]
)
def test_a_name_is_found_by_initials_pinyin_or_a_part_of_it(query):
    assert found("王秀兰", query)


@pytest.mark.parametrize("query", ["wxy", "wangxiulanx", "李", "兰秀", "xiulan", "lan", "1"])
def test_a_name_is_not_found_by_something_else(query):
    assert not found("王秀兰", query)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("单田芳", "shantian"),
        ("单田芳", "dantian"),
        ("单田芳", "stf"),
        ("朴正", "piaozheng"),
        ("朴正", "pu"),
        ("曾国", "zengguo"),
        ("解东", "xiedong"),
        ("仇英", "qiuying"),
        ("任红", "renhong"),
        ("查良", "zhaliang"),
        ("尉迟恭", "yuchi"),
        ("万俟卨", "moqi"),
        ("欧阳娜娜", "oynn"),
        ("李小乐", "lixiaoyue"),
        ("李小乐", "lixiaole"),
        ("吕布", "lvbu"),
        ("吕布", "lubu"),
        ("吕布", "lübu"),
        ("吕布", "lyubu"),
    ],
)
def test_every_reading_of_a_surname_finds_it(name, query):
    assert found(name, query)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("阿依古丽·买买提", "aygl"),
        ("阿依古丽·买买提", "ayigulimaimaiti"),
        ("阿依古丽·买买提", "买买提"),
        ("Anna Kim", "annak"),
        ("Anna Kim", "AK"),
        ("Anna Kim", "kim"),
        ("ANNA KIM", "Anna Kim"),
        ("José O'Brien-Smith", "jose obrien"),
        ("Anna李", "annali"),
        ("김순자", "순자"),
        ("𠮷野", "𠮷"),
        ("𠮷野", "𠮷ye"),
        ("王\ue863", "wang"),
    ],
)
def test_rare_and_foreign_names_are_found(name, query):
    assert found(name, query)


def test_keys_of_a_plain_name():
    assert search_keys("李秀兰") == ("lxl", "lixiulan")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("王秀兰", "王秀兰"),
        ("  王秀兰\r\n", "王秀兰"),
        ("王　芳", "王芳"),
        ("王 秀 兰", "王秀兰"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽 ・ 买买提", "阿依古丽·买买提"),
        ("Anna   Kim", "Anna Kim"),
        ("Jose\u0301", "José"),
        ("𠮷野", "𠮷野"),
        ("王\ue863", "王\ue863"),
        ("王" * MAX_LENGTH, "王" * MAX_LENGTH),
    ],
)
def test_a_name_is_kept_in_one_writing(typed, kept):
    assert validate(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        (" \u3000\n", "empty"),
        ("王" * (MAX_LENGTH + 1), "too_long"),
        ("王\x00秀兰", "control"),
        ("王\x1b[31m", "control"),
        ("王\u202e兰秀", "control"),
        ("王\u200b秀兰", "control"),
        ("王\ud800", "control"),
        ("…", "no_letters"),
        ("12 345", "no_letters"),
    ],
)
def test_each_mistake_has_its_own_word(typed, code):
    with pytest.raises(PersonNameError) as refusal:
        validate(typed)
    assert refusal.value.code == code
    assert str(refusal.value) == REASONS[code]


@given(st.text(min_size=1, max_size=MAX_LENGTH))
def test_whatever_is_accepted_is_stable_and_finds_itself(text):
    try:
        name = validate(text)
    except PersonNameError:
        return
    assert validate(name) == name
    assert found(name, name)
    assert all(search_keys(name))
