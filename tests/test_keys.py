"""Keys: refused when others can read them, brought back from paper, and nothing opens without the right one."""

import base64
import json
import random
from datetime import timedelta

import pytest
from click.testing import CliRunner
from conftest import NOW, Home, enrol
from freezing import ELDER, keyring
from hypothesis import given
from hypothesis import strategies as st

from station import elders, founding, safekeeping, seal
from station.cli import care
from station.cli.main import main
from station.errors import SettingError
from station.seal import Unsealable

RING = keyring()
OTHERS_CAN_READ = (0o404, 0o440, 0o444, 0o604, 0o640, 0o644, 0o660, 0o666)


# The file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", OTHERS_CAN_READ, ids=oct)
def test_a_keyring_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "keyring.json"
    seal.write_keyring(path, RING)
    path.chmod(mode)
    with pytest.raises(SettingError, match=f"{mode:04o}.*chmod 400"):
        seal.read_keyring(path)


@pytest.mark.parametrize("mode", [0o400, 0o600], ids=oct)
def test_a_keyring_for_its_owner_alone_is_read(tmp_path, mode):
    path = tmp_path / "keyring.json"
    seal.write_keyring(path, RING)
    assert path.stat().st_mode & 0o777 == 0o400
    path.chmod(mode)
    assert seal.read_keyring(path) == RING


def test_a_missing_keyring_says_where_it_should_be(tmp_path):
    with pytest.raises(SettingError, match=r"no keyring at .*keyring\.json.*paper copy"):
        seal.read_keyring(tmp_path / "keyring.json")


def damage() -> list[str]:
    whole = seal.dump_keyring(RING)
    raw = json.loads(whole)
    short = base64.b64encode(b"x" * 31).decode()
    return [
        "",
        "[]",
        "null",
        whole[: len(whole) // 2],
        *(json.dumps({key: value for key, value in raw.items() if key != gone}) for gone in raw if gone != "version"),
        json.dumps(raw | {"kek": {}}),
        json.dumps(raw | {"kek": {"1": short}}),
        json.dumps(raw | {"kek": {"one": raw["kek"]["1"]}}),
        json.dumps(raw | {"badge": {}}),
        json.dumps(raw | {"badge": {"1": short}}),
        json.dumps(raw | {"badge": {"12": raw["badge"]["1"]}}),
        json.dumps(raw | {"root": "not base64!"}),
        json.dumps(raw | {"blind": short}),
    ]  # fmt: skip


@pytest.mark.parametrize("text", damage())
def test_a_damaged_keyring_is_refused_with_the_way_out(text):
    with pytest.raises(SettingError, match="paper copy"):
        seal.load_keyring(text)


def test_a_keyring_is_never_overwritten(tmp_path):
    path = tmp_path / "keyring.json"
    seal.write_keyring(path, RING)
    with pytest.raises(FileExistsError):
        seal.write_keyring(path, seal.new_keyring())
    assert seal.read_keyring(path) == RING


def test_another_instance_s_keyring_is_refused(home: Home):
    refused = pytest.raises(SettingError, match="another keyring.*Put its own keyring in place")
    with refused, founding.opened(home.config, seal.new_keyring()):
        pass


def test_no_new_keyring_is_made_beside_a_database(home: Home):
    home.config.keyring.unlink()
    with pytest.raises(SettingError, match="paper copy"):
        founding.found(home.config)
    assert not home.config.keyring.exists()


# The paper copy -----------------------------------------------------------------------------------


def test_the_paper_copy_brings_the_keyring_back():
    ring = seal.new_keyring()
    assert care.from_paper_copy(care.paper_copy(ring)) == ring
    assert care.from_paper_copy(care.paper_copy(ring).lower().replace(" ", "  ")) == ring


def test_the_command_brings_it_back_from_paper_and_never_over_another(home: Home, tmp_path):
    environ = {
        "STATION_DATA": str(home.config.data_dir),
        "STATION_KEYRING": str(home.config.keyring),
        "STATION_BASE_URL": home.config.base_url,
    }
    printed = CliRunner().invoke(main, ["keys", "paper"], env=environ)
    home.config.keyring.rename(tmp_path / "lost.json")
    again = CliRunner().invoke(main, ["keys", "from-paper"], input=printed.output, env=environ)
    assert again.exit_code == 0, again.output
    assert seal.read_keyring(home.config.keyring) == home.ring
    once_more = CliRunner().invoke(main, ["keys", "from-paper"], input=printed.output, env=environ)
    assert once_more.exit_code == 1
    assert "move it away first" in once_more.output


def test_every_slip_of_the_pen_names_its_line():
    """One wrong letter anywhere on the paper, tried for every letter of it."""
    chance = random.Random(1)
    lines = care.paper_copy(RING).splitlines()
    for number, line in enumerate(lines[1:], 1):
        for place in range(3, len(line)):
            if line[place] == " ":
                continue
            wrong = chance.choice([c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if c != line[place]])
            typed = [*lines]
            typed[number] = line[:place] + wrong + line[place + 1 :]
            with pytest.raises(SettingError, match=f"Line {number:02d} "):
                care.from_paper_copy("\n".join(typed))


def test_lost_and_swapped_lines_are_named():
    lines = care.paper_copy(RING).splitlines()
    with pytest.raises(SettingError, match="Line 03 "):
        care.from_paper_copy("\n".join(lines[:3] + lines[4:]))
    with pytest.raises(SettingError, match="Line 02 "):
        care.from_paper_copy("\n".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    with pytest.raises(SettingError, match="missing at the end"):
        care.from_paper_copy("\n".join(lines[:-1]))
    with pytest.raises(SettingError, match="missing at the end"):
        care.from_paper_copy("")


# Badge tokens -------------------------------------------------------------------------------------


@given(st.integers(0, 65535), st.integers(0, 2**24 - 1))
def test_a_badge_token_leads_back_to_its_badge(station, serial):
    token = seal.badge_token(RING, station, serial)
    assert len(token) == 52
    assert token.isdigit()
    assert seal.open_badge_token(RING, token) == (station, serial)


def test_no_changed_token_is_accepted():
    """Every one-digit change and every swap of neighbours, of 50 tokens."""
    tried = 0
    for serial in range(50):
        token = seal.badge_token(RING, 1, serial)
        changed = {
            token[:place] + digit + token[place + 1 :] for place in range(52) for digit in "0123456789"
        } | {token[:place] + token[place + 1] + token[place] + token[place + 2 :] for place in range(51)}
        for other in changed - {token}:
            tried += 1
            assert seal.open_badge_token(RING, other) is None
    assert tried > 25_000


@given(
    st.text(max_size=60)
    | st.text("0123456789", min_size=52, max_size=52)
    | st.text("１２３４５", min_size=52, max_size=52)
)
def test_no_other_text_is_a_token(text):
    assert seal.open_badge_token(RING, text) is None


def test_a_token_of_another_keyring_is_not_ours():
    assert seal.open_badge_token(seal.new_keyring(), seal.badge_token(RING, 1, 1)) is None


def test_old_badges_open_after_a_new_badge_key_came():
    old = seal.badge_token(RING, 1, 7)
    both = seal.Keyring(RING.kek, RING.badge | {"2": bytes(range(64))}, RING.root, RING.blind)
    assert seal.open_badge_token(both, old) == (1, 7)
    new = seal.badge_token(both, 1, 7)
    assert new[0] == "2"
    assert seal.open_badge_token(both, new) == (1, 7)
    assert seal.open_badge_token(both, "1" + new[1:]) is None, "a token belongs to its key"
    assert seal.badge_token(both, 1, 7, digit="1") == old


# Sealed values ------------------------------------------------------------------------------------


def sealed_values(home: Home) -> list[tuple[str, str, bytes]]:
    """(subject, place, sealed) of everything that is sealed about two elders."""
    found = []
    for row in home.db.rows("SELECT * FROM elder"):
        places = [(f"elder|{row['uid']}|{column}", row[column]) for column in ("name", "record", "card")]
        for contact in home.db.rows("SELECT * FROM contact WHERE elder_id = ?", row["id"]):
            places.append((f"contact|{contact['uid']}|person", contact["person"]))
        found += [(f"elder/{row['uid']}", place, value) for place, value in places if value]
    return found


def test_a_sealed_value_opens_in_its_own_place_alone(home: Home):
    """Whoever can write the database cannot give one person another one's address, or swap two fields."""
    enrol(home, ELDER, "one")
    enrol(home, ELDER, "two")
    values = sealed_values(home)
    assert len(values) == 8
    for subject, place, value in values:
        for other_subject, other_place, _ in values:
            if (subject, place) == (other_subject, other_place):
                assert home.vault.open_bytes(subject, place, value)
            else:
                with pytest.raises(Unsealable):
                    home.vault.open_bytes(other_subject, other_place, value)


def test_no_bit_of_a_sealed_value_can_be_turned():
    key = seal.new_key()
    sealed = seal.seal(key, "王秀兰".encode(), "elder|1|name")
    for bit in range(len(sealed) * 8):
        turned = bytearray(sealed)
        turned[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unsealable):
            seal.unseal(key, bytes(turned), "elder|1|name")
    for length in range(len(sealed)):
        with pytest.raises(Unsealable):
            seal.unseal(key, sealed[:length], "elder|1|name")


def test_a_wrapped_key_belongs_to_its_person(home: Home):
    enrol(home, ELDER, "one")
    enrol(home, ELDER, "two")
    one, two = (f"elder/{row['uid']}" for row in home.db.rows("SELECT uid FROM elder ORDER BY id"))
    wrapped = home.vault.keys.scalar("SELECT wrapped FROM dek WHERE subject = ?", one)
    assert seal.unwrap_key(home.ring, wrapped, one)
    with pytest.raises(Unsealable):
        seal.unwrap_key(home.ring, wrapped, two)


def test_after_a_new_wrapping_key_old_records_still_open(home: Home):
    wearer = enrol(home, ELDER, "one")
    home.vault.ring = seal.Keyring(
        home.ring.kek | {2: bytes(range(32))}, home.ring.badge, home.ring.root, home.ring.blind
    )
    second = enrol(home, ELDER, "two")
    assert {elders.get(home.db, home.vault, id).name for id in (wearer.id, second.id)} == {ELDER.name}
    assert {row["wrapped"][1] for row in home.vault.keys.rows("SELECT wrapped FROM dek WHERE subject LIKE 'elder/%'")} == {1, 2}  # fmt: skip


# Erasure ------------------------------------------------------------------------------------------


def test_an_erased_person_stays_erased_when_an_old_backup_comes_back(home: Home, tmp_path):
    gone, stays = enrol(home, ELDER, "one"), enrol(home, ELDER, "two")
    backup = safekeeping.back_up(home.config, home.ring, tmp_path, NOW)
    uid = home.db.scalar("SELECT uid FROM elder WHERE id = ?", gone.id)
    wrapped = home.vault.keys.scalar("SELECT wrapped FROM dek WHERE subject = ?", f"elder/{uid}")
    home.vault.destroy(f"elder/{uid}", NOW + timedelta(days=1))
    assert wrapped not in everything_in(home), "the key is still in a file"
    with pytest.raises(Unsealable):
        elders.get(home.db, home.vault, gone.id)
    home.db.close()
    home.vault.close()
    for name in ("station.db", "station.db-wal", "station.db-shm"):
        (home.config.data_dir / name).unlink(missing_ok=True)
    safekeeping.restore(home.config, home.ring, backup)
    with founding.opened(home.config, home.ring) as (db, vault):
        with pytest.raises(Unsealable):
            elders.get(db, vault, gone.id)
        assert elders.get(db, vault, stays.id).name == ELDER.name
        vault.create([f"elder/{uid}"], NOW)
        assert not vault.has(f"elder/{uid}"), "an erased person gets no new key"
    assert wrapped not in everything_in(home), "the key came back from the backup"


def everything_in(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in home.config.data_dir.rglob("*") if path.is_file())
