"""The operator sets channels up, tries them with a real message, and reads the provider's answer and what to do."""

import re

import pytest
from click.testing import CliRunner, Result
from conftest import Desk, Home
from provider import Provider, code, respond

from station import addresses, ways
from station.channels.registry import KINDS
from station.cli.main import main
from station.db import transaction

KEY = "robot-key-91f"


@pytest.fixture
def gateway(gateway: Provider) -> Provider:
    gateway.otherwise = code(0)
    return gateway


@pytest.fixture
def operator(at_desk) -> Desk:
    return at_desk("operator")


@pytest.fixture
def robot(home: Home, gateway: Provider, now) -> int:
    """A channel of the station behind the provider."""
    settings = {"base_url": gateway.url}
    return addresses.add_channel(
        home.db,
        home.vault,
        station=1,
        kind="wecom_robot",
        label="值班群",
        settings=settings,
        allow_private=True,
        now=now,
    )


def test_every_kind_can_be_chosen_and_named(operator: Desk) -> None:
    page = operator.get("/channels").text
    for kind in KINDS:
        assert f"/channels/new/{kind}" in page
        form = operator.get(f"/channels/new/{kind}").text
        fields = set(re.findall(r'name="(?:set|secret)-(\w+)"', form))
        assert fields == {*KINDS[kind].required, *KINDS[kind].optional}
    assert set(ways.NAMES) == set(KINDS)
    wanted = {name for one in KINDS.values() for name in (*one.required, *one.optional)}
    assert wanted <= set(ways.SETTINGS)
    assert {one.to for one in KINDS.values()} <= set(ways.DESTINATIONS)


def test_a_channel_is_set_up_and_its_secret_never_shown_again(operator: Desk, home: Home) -> None:
    typed = {"label": "钉钉值班群", "secret-secret": "SEC-91f", "set-mention": "@all"}
    answer = operator.post("/channels/new/dingtalk_robot", data=typed)
    assert answer.status_code == 303
    page = operator.get("/channels").text
    assert "钉钉值班群" in page
    assert "SEC-91f" not in page + answer.text
    row = home.db.row("SELECT * FROM channel WHERE label = ?", "钉钉值班群")
    assert (row["kind"], row["allow_private"], b"SEC-91f" in row["settings"]) == ("dingtalk_robot", 0, False)
    settings, _ = addresses.open_channel(home.db, home.vault, row["id"])
    assert settings == {"secret": "SEC-91f", "mention": "@all"}
    assert home.db.scalar("SELECT object FROM audit WHERE action = 'channel.add'") == f"channel/{row['id']}"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"label": "", "secret-secret": "x"}, "label"),
        ({"label": "x" * 41, "secret-secret": "x"}, "label"),
        ({"label": "群"}, "secret-secret"),
        ({"label": "群", "secret-secret": "x" * 501}, "secret-secret"),
        ({"label": "值班群", "secret-secret": "x"}, "label"),
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_its_field(
    operator: Desk, home: Home, robot: int, typed: dict[str, str], field: str
) -> None:
    before = home.db.scalar("SELECT count(*) FROM channel")
    answer = operator.post("/channels/new/dingtalk_robot", data=typed | {"set-mention": "lihua"})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="lihua"' in answer.text, "what was typed is kept"
    assert "x" * 501 not in answer.text, "but no secret"
    assert home.db.scalar("SELECT count(*) FROM channel") == before


def test_a_secret_typed_into_a_form_that_has_expired_does_not_come_back(operator: Desk) -> None:
    operator.token = "stale"
    typed = {"label": "群", "secret-secret": "SEC-91f", "set-mention": "lihua"}
    answer = operator.post("/channels/new/dingtalk_robot", data=typed, headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert "lihua" in answer.text
    assert "SEC-91f" not in answer.text


def test_a_test_really_sends_and_tells_the_answer(operator: Desk, gateway: Provider, robot: int) -> None:
    answer = operator.post(f"/channels/{robot}/test", data={"destination": KEY})
    assert answer.status_code == 200
    sent = gateway.wait_for(1)[0].json()["text"]["content"]
    assert "龙城社区防走失驿站" in sent
    assert "/go/test" in sent
    assert "已接收这条测试" in answer.text
    assert KEY not in answer.text


@pytest.mark.parametrize(
    ("number", "said", "advice"),
    [
        (93000, "93000", "重新添加机器人"),
        (45009, "45009", "等一分钟"),
        (60020, "60020", "公网地址"),
    ],
)
def test_a_refusal_is_told_in_words_with_what_to_do(
    operator: Desk, gateway: Provider, robot: int, number: int, said: str, advice: str
) -> None:
    gateway.script(code(number))
    page = operator.post(f"/channels/{robot}/test", data={"destination": KEY}).text
    assert said in page
    assert advice in page
    assert "failed, hint" not in page, "the provider's own sentence may hold keys"


def test_without_an_address_the_test_goes_to_oneself_or_asks_for_one(
    operator: Desk, home: Home, gateway: Provider, robot: int
) -> None:
    answer = operator.post(f"/channels/{robot}/test", data={"destination": " "})
    assert answer.status_code == 422
    assert gateway.connections == 0
    me = home.db.scalar("SELECT id FROM staff WHERE username = 'operator'")
    with transaction(home.db):
        addresses.add(home.db, home.vault, channel_id=robot, destination=KEY, staff_id=me)
    assert operator.post(f"/channels/{robot}/test", data={}).status_code == 200
    assert gateway.wait_for(1)[0].path.endswith(KEY)
    assert home.db.scalar("SELECT count(*) FROM audit WHERE action = 'channel.test.ok'") == 1


def test_a_channel_is_switched_off_and_on(operator: Desk, home: Home, robot: int) -> None:
    active = "SELECT active FROM channel WHERE id = ?"
    assert operator.post(f"/channels/{robot}/switch").status_code == 303
    assert home.db.scalar(active, robot) == 0
    page = operator.get("/channels").text
    assert f"/channels/{robot}/test" not in page
    operator.post(f"/channels/{robot}/switch", data={"on": "yes"})
    assert home.db.scalar(active, robot) == 1


def test_a_channel_that_is_not_there_is_not_there(operator: Desk, robot: int) -> None:
    for path in ("test", "switch"):
        assert operator.post(f"/channels/{robot + 1}/{path}", data={"destination": KEY}).status_code == 404
    assert operator.get("/channels/new/pigeon").status_code == 404
    assert operator.post("/channels/new/pigeon", data={"label": "x"}).status_code == 404


def test_a_hanging_provider_is_told_as_such(operator: Desk, gateway: Provider, robot: int) -> None:
    gateway.script(respond(502))
    page = operator.post(f"/channels/{robot}/test", data={"destination": KEY}).text
    assert "502" in page
    assert "驿站会自己再试" in page


@pytest.mark.parametrize(
    ("kind", "typed"), [("aliyun_sms", "0432-62010001"), ("tencent_sms", "12"), ("aliyun_voice", "小王")]
)
def test_a_phone_number_that_is_none_is_refused_when_it_is_typed(kind: str, typed: str) -> None:
    with pytest.raises(ways.Invalid):
        ways.checked(kind, typed)
    assert ways.checked("aliyun_voice", " 0432-62010001 ") == "0432-62010001"


def test_what_the_station_itself_refuses_is_said_with_what_to_do(operator: Desk, home: Home, now) -> None:
    sms = {"access_key_id": "k", "access_key_secret": "s", "sign_name": "驿站", "template": "SMS_1"}
    made = {
        kind: addresses.add_channel(
            home.db, home.vault, station=1, kind=kind, label=kind, settings=settings, now=now
        )
        for kind, settings in {"webhook": {"secret": "s"}, "aliyun_sms": sms}.items()
    }
    for kind, destination, said in (
        ("webhook", "https://127.0.0.1/x", "在内网或本机"),
        ("webhook", "https://127.0.0.1/x", "--allow-private"),
        ("aliyun_sms", "19900000001", "没有演练模板"),
        ("aliyun_sms", "12", "请核对后重填"),
    ):
        page = operator.post(f"/channels/{made[kind]}/test", data={"destination": destination}).text
        assert said in page
        assert "对方的回答" not in page


def test_the_command_line_asks_for_a_secret_and_tests_for_real(home: Home, gateway: Provider) -> None:
    def station(*words: str, typed: str = "") -> Result:
        set_up = {"STATION_DATA": str(home.config.data_dir), "STATION_BASE_URL": home.config.base_url}
        return CliRunner().invoke(main, ["channel", *words], env=set_up, input=typed)

    made = ["add", "--kind", "dingtalk_robot", "--label", "ding", "--allow-private"]
    assert station(*made, "--set", "secrets=x", "--set", "secret=x").exit_code == 1
    asked = station(*made, "--set", "secret=-", "--set", f"base_url={gateway.url}", typed="SEC-91f\n")
    assert (asked.exit_code, "SEC-91f" in asked.output) == (0, False)
    assert station("address", "ding", "duty", "ding-token").exit_code == 0
    assert station("test", "ding", "duty").exit_code == 0
    assert gateway.wait_for(1)[0].path.startswith("/robot/send?access_token=ding-token&timestamp=")
    gateway.script(respond(200, b'{"errcode": 400102, "errmsg": "x"}'))
    refused = station("test", "ding", "duty")
    assert refused.exit_code == 1
    assert "400102" in refused.output
    assert "Add the robot to the group again" in refused.output
    voice = ["access_key_id=a", "access_key_secret=b", "template=TTS_1"]
    sets = [word for one in voice for word in ("--set", one)]
    assert station("add", "--kind", "aliyun_voice", "--label", "voice", *sets).exit_code == 0
    assert station("address", "voice", "duty", "110").exit_code == 1
    shown, renewed = station("door", "voice").output, station("door", "voice", "--renew").output
    assert shown != renewed == station("door", "voice").output
    assert station("door", "ding", "--renew").exit_code == 1


def test_a_setting_that_the_kind_does_not_have_is_refused(home: Home, now) -> None:
    with pytest.raises(ways.InvalidForm):
        ways.set_up(
            home.db,
            home.vault,
            station=1,
            kind="bark",
            label="x",
            settings={"secret": "s"},
            by=1,
            now=now,
        )
