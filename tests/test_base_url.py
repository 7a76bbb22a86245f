"""The address on the badges: what a phone might refuse stops the start, in words that say how to mend it."""

import pytest
from click.testing import CliRunner

from station import config
from station.cli.main import main
from station.errors import SettingError


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("https://ZJ.example.cn", "capital letters"),
        ("HTTPS://zj.example.cn", "capital letters"),
        ("https://zj.example.cn/", "no slash"),
        ("https://zj.example.cn/station", "no path"),
        ("https://zj.example.cn?x=1", "question mark"),
        ("https://zj.example.cn:8443", "no port"),
        ("https://zj.example.cn:443", "no port"),
        ("https://zj.example.cn:x", "https://example.cn"),
        ("https://zj.example.cn:99999", "https://example.cn"),
        ("https://me@zj.example.cn", "host name"),
        ("https://驿站.example.cn", "punycode"),
        ("https://[::1", "https://example.cn"),
        ("http://zj.example.cn", "must begin with https"),
        ("zj.example.cn", "https://example.cn"),
        ("ftp://zj.example.cn", "https://example.cn"),
        ("https://", "https://example.cn"),
    ],
)
def test_an_address_that_badges_cannot_carry_stops_the_start(text, word, tmp_path):
    with pytest.raises(SettingError, match="STATION_BASE_URL") as refusal:
        config.base_url(text)
    assert word in str(refusal.value)
    environ = {"STATION_DATA": str(tmp_path / "data"), "STATION_BASE_URL": text}
    answer = CliRunner(env=environ).invoke(main, ["init"])
    assert answer.exit_code == 1
    assert word in answer.output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "text",
    ["https://zj.example.cn", "http://127.0.0.1:8000", "http://192.168.1.20:8000", "http://localhost:8000"],
)
def test_a_real_address_and_one_for_a_trial_on_this_network_are_taken(text):
    assert config.base_url(text) == text
