"""`station roster load`: stations, communities and shifts from a file; a slip is named and nothing is half loaded."""

import copy
import json
import re

import pytest
from click.testing import CliRunner

from station import communities, founding
from station.cli.main import main
from station.config import Config

PLAN = {
    "stations": [
        {
            "number": 1,
            "name": "龙城社区防走失驿站",
            "hotline": "0432-62012345",
            "area_code": "0432",
            "lat": 43.8210,
            "lon": 126.5620,
            "communities": [{"name": "龙城社区", "lat": 43.8210, "lon": 126.5620, "radius_m": 900}],
        }
    ]
}


@pytest.fixture
def instance(tmp_path, monkeypatch) -> Config:
    config = Config(tmp_path / "data", tmp_path / "data" / "keyring.json", "https://zj.example.cn")
    monkeypatch.setenv("STATION_DATA", str(config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", config.base_url)
    founding.found(config)
    return config


def load(tmp_path, plan: object) -> tuple[int, str]:
    file = tmp_path / "station.json"
    file.write_text(plan if isinstance(plan, str) else json.dumps(plan))
    answer = CliRunner().invoke(main, ["roster", "load", str(file)])
    return answer.exit_code, answer.output


def stations_of(config: Config) -> list[str]:
    with founding.opened(config, founding.found(config)) as (db, _):
        return [station.hotline for station in communities.stations(db)]


def test_a_whole_file_is_loaded_and_may_be_loaded_again(instance, tmp_path):
    assert load(tmp_path, PLAN)[0] == 0
    assert load(tmp_path, PLAN)[0] == 0
    assert stations_of(instance) == ["+8643262012345"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"lat": float("nan")}, "place"),
        ({"lat": 126.5620, "lon": 43.8210}, "place"),
        ({"lon": 999}, "place"),
        ({"hotline": "ring me"}, "phone number"),
        ({"name": None, "colour": "red"}, "colour"),
        ({"number": 0}, "CHECK"),
    ],
)
def test_a_slip_is_named_and_nothing_is_half_loaded(instance, tmp_path, change, word):
    plan = copy.deepcopy(PLAN)
    plan["stations"][0] |= change
    status, said = load(tmp_path, plan)
    assert status == 1
    assert word in said
    assert "Traceback" not in said
    assert stations_of(instance) == []


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("吉林省吉林市昌邑区龙城社区防走失驿站", "Shorten it to 16 characters"),
        ("", "empty"),
        ("   ", "empty"),
        ("龙城😀驿站", "GRINNING FACE"),
        ("龙城\u202e驿站", "OVERRIDE"),
        ("مركز", "ARABIC"),
        ("龙城\U000a0000站", "U\\+A0000"),
    ],
)
def test_a_name_that_no_badge_can_carry_is_refused_when_it_is_entered(instance, tmp_path, name, word):
    plan = copy.deepcopy(PLAN)
    plan["stations"][0]["name"] = name
    status, said = load(tmp_path, plan)
    assert status == 1
    assert re.search(word, said)
    assert stations_of(instance) == []


def policy_of(config: Config) -> communities.Policy:
    with founding.opened(config, founding.found(config)) as (db, _):
        return communities.station(db, 1).policy


def test_a_station_s_own_times_are_loaded_and_changed_one_by_one(instance, tmp_path):
    plan = copy.deepcopy(PLAN)
    assert load(tmp_path, plan)[0] == 0
    assert policy_of(instance) == communities.Policy()
    plan["stations"][0]["policy"] = {"check_days": 90}
    assert load(tmp_path, plan)[0] == 0
    plan["stations"][0]["policy"] = {"repeat_s": 60}
    assert load(tmp_path, plan)[0] == 0
    changed = policy_of(instance)
    assert (changed.check_days, changed.repeat_s) == (90, 60)
    assert changed.steps == communities.Policy().steps
    for wrong in ({"check_days": 0}, {"check_days": "often"}, {"colour": "red"}):
        plan["stations"][0]["policy"] = wrong
        status, said = load(tmp_path, plan)
        assert (status, "Traceback" in said) == (1, False)
    assert policy_of(instance) == changed


def test_a_missing_entry_and_a_broken_file_are_said(instance, tmp_path):
    plan = copy.deepcopy(PLAN)
    del plan["stations"][0]["lat"]
    assert "'lat'" in load(tmp_path, plan)[1]
    assert "not JSON" in load(tmp_path, "{")[1]


def test_a_file_without_shifts_or_steps_says_what_that_means(instance, tmp_path):
    assert "names no shift" in load(tmp_path, PLAN | {"shifts": []})[1]
    nobody = copy.deepcopy(PLAN)
    nobody["stations"][0]["policy"] = {"steps": []}
    said = load(tmp_path, nobody)[1]
    assert "nobody would be rung. docs/" in said
