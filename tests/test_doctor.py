"""`station doctor` names what will hurt badges and scans, with what to do, before the first badge is printed."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from conftest import Home

from badges import typeface
from station import communities
from station.cli.main import main
from station.db import transaction

NOWHERE = "\U0003134a"  # the last character of CJK Extension G; no font for badges has it
LEVEL = "instead of 4-Q"


def examine(home: Home, base_url: str = "https://zj.example.cn", **more: str) -> tuple[int, list[str]]:
    """Exit status, and each line that the doctor prints."""
    environ = {
        "STATION_DATA": str(home.config.data_dir),
        "STATION_KEYRING": str(home.config.keyring),
        "STATION_BASE_URL": base_url,
        **more,
    }
    result = CliRunner().invoke(main, ["doctor"], env=environ)
    return result.exit_code, result.output.splitlines()


def rename(home: Home, name: str, number: int = 1) -> None:
    with transaction(home.db):
        home.db.write("UPDATE station SET name = ? WHERE number = ?", name, number)


@pytest.mark.parametrize("host", ["zj.example.cn", "abcdefghijk.cn"], ids=len)
def test_a_sound_station_is_told_so(home, host):
    assert examine(home, f"https://{host}") == (0, ["All is well."])


@pytest.mark.parametrize(("length", "code"), [(15, "4-M"), (20, "4-M"), (30, "4-M")])
def test_a_host_too_long_for_the_best_code_is_named_with_its_length_and_the_limit(home, length, code):
    host = "a" * (length - 3) + ".cn"
    status, (told, verdict) = examine(home, f"https://{host}")
    assert status == 1
    assert f"The host {host} has {length} characters" in told
    assert f"badges get {code} {LEVEL}" in told
    assert "at most 14 characters" in told
    assert verdict == "Something needs mending."


def test_a_host_on_which_no_badge_can_be_made_is_told_as_that(home):
    status, (told, _) = examine(home, "https://" + "a" * 28 + ".cn")
    assert status == 1
    assert told.startswith("- No badge can be made. ")
    assert "31 characters; 30 is the most" in told
    assert "Use a shorter host name" in told


def test_an_address_without_https_is_named_with_the_way_out(home):
    status, (told, _) = examine(home, "http://10.0.0.7:8000")
    assert status == 1
    assert "http://10.0.0.7:8000 is not https" in told
    assert "set STATION_BASE_URL to https://" in told


def test_a_long_host_and_a_missing_https_are_both_told(home):
    status, (first, second, _) = examine(home, "http://192.168.100.200:8000")
    assert status == 1
    assert "is not https" in first
    assert LEVEL in second


def test_each_character_that_no_font_has_is_named_with_its_station_and_the_way_out(home):
    with transaction(home.db):
        first = communities.station(home.db, 1)
        communities.add_station(home.db, replace(first, number=2, name="滨江驿站"))
    rename(home, f"滨{NOWHERE}江😀驿站", number=2)
    status, told = examine(home)
    assert status == 1
    assert len(told) == 3
    assert all(line.startswith("- Station 2, 滨") for line in told[:2])
    assert f"“{NOWHERE}” (U+3134A" in told[0]
    assert "install a font that has it (Noto Sans CJK SC Bold)" in told[0]
    assert "U+1F600 GRINNING FACE" in told[1]
    assert "Remove it." in told[1]


def test_a_name_outside_the_shipped_font_is_fine_when_the_system_has_it(home):
    rename(home, "鄠邑驿站")
    assert examine(home) == (0, ["All is well."])


def test_a_name_that_fits_no_badge_is_told(home):
    rename(home, "龙城社区" * 5)
    status, (told, _) = examine(home)
    assert status == 1
    assert "Station 1" in told
    assert "Shorten it to 16 characters" in told


def test_what_is_wrong_with_the_address_is_told_although_the_keyring_is_gone(home):
    home.config.keyring.unlink()
    status, told = examine(home, "https://a-host-too-long.example.cn")
    assert status == 1
    assert LEVEL in told[0]
    assert "no keyring" in told[-1]


def test_a_font_of_one_s_own_is_used_for_what_the_shipped_one_lacks(home, monkeypatch):
    whole = next((font for font in typeface.SYSTEM if font.exists()), None)
    assert whole, "the tests need the CJK fonts that .ci/run installs"
    monkeypatch.setattr(typeface, "SYSTEM", ())
    rename(home, "鄠邑区驿站")
    status, (told, _) = examine(home, STATION_FONTS="")
    assert (status, "鄠" in told) == (1, True)
    assert examine(home, STATION_FONTS=str(whole)) == (0, ["All is well."])
    status, told = examine(home, STATION_FONTS="/nowhere/some.otf")
    assert status == 1
    assert "STATION_FONTS names /nowhere/some.otf, which is no file" in told[-1]
    monkeypatch.undo()
    typeface.configure()
