"""A familiar voice: kept with consent, known by its content, played by one helper, erased with the person."""

import dataclasses
import io

import pytest
import sounds
from conftest import WANG, enrol
from sightings import scan

from station import clock, elders, voices
from station.db import transaction
from station.errors import Invalid

BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}
SOUND = sounds.mp4()


@pytest.fixture
def li(home):
    return enrol(
        home, dataclasses.replace(WANG, name="李桂芳", consents=(*WANG.consents, "voice")), "form-li"
    )


def send(worker, wearer, content: bytes, name: str = "a.bin"):
    return worker.post(f"/elders/{wearer.id}/voice", data={"voice": (io.BytesIO(content), name)})


def in_files(home, content: bytes) -> list[str]:
    return [p.name for p in home.config.data_dir.rglob("*") if p.is_file() and content in p.read_bytes()]


@pytest.mark.parametrize("kind", sounds.PLAYABLE)
def test_each_kind_is_known_by_its_content_and_plays_again(at_desk, home, li, kind):
    worker, content = at_desk("worker"), sounds.PLAYABLE[kind]()
    assert send(worker, li, content, "holiday.jpg").status_code == 303
    heard = worker.get(f"/elders/{li.id}/voice")
    assert (heard.status_code, heard.mimetype) == (200, kind)
    assert content[-400:-140] in heard.data or content[500:700] in heard.data


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "空的"),
        (b"\xff\xfb" * 40, "MP3"),
        (b"<html>" + bytes(500), "MP3"),
        (b"#!AMR\n" + bytes(500), "MP3"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "MP3"),
        (sounds.mp4(b"vide"), "MP3"),
        (sounds.webm(b"V_VP9"), "MP3"),
        (sounds.ogg(b"\x80theora"), "MP3"),
        (b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + bytes(500), "MP3"),
        (sounds.mp4() + bytes(voices.MAX_BYTES), "1 MB"),
        (sounds.mp4() + bytes(5 * voices.MAX_BYTES), "1 MB"),
    ],
)
def test_what_no_page_can_play_is_refused_at_its_field(at_desk, home, li, content, word):
    refused = send(at_desk("worker"), li, content, "voice.mp3")
    refused.request.input_stream.close()  # the test client keeps what is large in a file of its own
    assert refused.status_code == 422
    assert word in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert not voices.exists(home.db, li.id)


def test_no_file_at_all_is_said(at_desk, li):
    refused = at_desk("worker").post(f"/elders/{li.id}/voice", data={})
    assert (refused.status_code, "请先选择" in refused.text) == (422, True)


def test_without_the_family_s_consent_no_clip_is_kept(at_desk, home, wang):
    worker = at_desk("worker")
    assert "家属的同意" in worker.get(f"/elders/{wang.id}").text
    refused = send(worker, wang, SOUND)
    assert refused.status_code == 422
    assert not voices.exists(home.db, wang.id)


def test_a_consent_taken_back_takes_the_clip_along(at_desk, home, li):
    worker = at_desk("worker")
    send(worker, li, SOUND)
    form = {
        "name": "李桂芳", "address": "帝景小区1号楼", "community_id": "1", "contact1_phone": "19900000002", "contact1_name": "张伟",
        "consents": ["record"], "version": "1", "do": "save", "given_by": "relative",
    }  # fmt: skip
    saved = worker.post(f"/elders/{li.id}/edit", data=form)
    assert saved.status_code == 303, saved.text
    assert not voices.exists(home.db, li.id)
    assert home.db.scalar("SELECT count(*) FROM voice_clip") == 0


def test_listening_and_keeping_and_deleting_are_noted(at_desk, home, li):
    worker = at_desk("worker")
    send(worker, li, SOUND)
    worker.get(f"/elders/{li.id}/voice")
    assert worker.post(f"/elders/{li.id}/voice/off").status_code == 303
    assert worker.get(f"/elders/{li.id}/voice").status_code == 404
    actions = [row["action"] for row in home.db.rows("SELECT action FROM audit")]
    assert [one for one in actions if "voice" in one] == [
        "elder.voice",
        "elder.voice.hear",
        "elder.voice.drop",
    ]


@pytest.mark.parametrize("kind", ["audio/wav", "audio/mpeg", "audio/mp4"])
def test_where_and_when_a_phone_recorded_is_left_out(kind):
    content = sounds.PLAYABLE[kind]()
    assert sounds.TELLING in content
    clip = voices.check(content)
    assert sounds.TELLING not in clip.audio
    if kind != "audio/mpeg":
        assert len(clip.audio) == len(content), "the sound stays where the file says it is"
    assert voices.check(clip.audio).audio == clip.audio


@pytest.mark.parametrize("kind", sounds.PLAYABLE)
def test_a_recording_that_is_cut_anywhere_never_crashes(kind):
    content = sounds.PLAYABLE[kind]()
    for length in range(0, len(content), 7):
        try:
            assert voices.check(content[:length]).kind == kind
        except Invalid:
            continue


def test_no_sound_lies_readable_in_any_file(at_desk, home, li):
    send(at_desk("worker"), li, SOUND)
    assert voices.clip(home.db, home.vault, li.id).audio == voices.check(SOUND).audio
    assert in_files(home, SOUND[-300:-200]) == []


def test_the_clip_is_erased_with_the_person(at_desk, client, home, li):
    worker = at_desk("worker")
    send(worker, li, SOUND)
    page = shown(home, at_desk, li)
    assert client.get(f"{page}/voice", base_url=BASE).status_code == 200
    home.vault.destroy(f"elder/{elders.uid_of(home.db, li.id)}", clock.utcnow())
    assert client.get(f"{page}/voice", base_url=BASE).status_code == 404


def shown(home, at_desk, wearer) -> str:
    """A finder's page on which the officer lets the voice be played."""
    answer, duty = scan(home, wearer), at_desk("duty")
    path = f"/desk/incidents/{answer.incident_id}"
    duty.post(f"{path}/claim", json={"slot": "both"}, headers=JSON)
    sent = {"scan": str(home.db.scalar("SELECT max(id) FROM scan")), "items": ["voice"]}
    assert duty.post(f"{path}/disclosures", json=sent, headers=JSON).status_code == 200
    return f"/s/{answer.status_token}"


def test_the_helper_plays_it_on_the_page_and_from_nowhere_else(at_desk, client, home, li):
    send(at_desk("worker"), li, SOUND)
    page = shown(home, at_desk, li)
    answer = client.get(f"{page}?l=zh", base_url=BASE)
    assert f'<audio controls preload="none" src="{page}/voice"></audio>' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "media-src 'self'" in policy
    assert "img-src" not in policy
    heard = client.get(f"{page}/voice", base_url=BASE)
    assert (heard.mimetype, heard.headers["Cache-Control"]) == ("audio/mp4", "no-store")
    assert heard.data == voices.check(SOUND).audio
    other = scan(home, li).status_token
    assert client.get(f"/s/{other}/voice", base_url=BASE).status_code == 404


def test_an_iphone_may_ask_for_pieces(at_desk, client, home, li):
    """Safari plays nothing whose server does not answer a range."""
    send(at_desk("worker"), li, SOUND)
    page = shown(home, at_desk, li)
    first = client.get(f"{page}/voice", headers={"Range": "bytes=0-1"}, base_url=BASE)
    assert (first.status_code, first.data) == (206, SOUND[:2])
    assert first.headers["Content-Range"] == f"bytes 0-1/{len(SOUND)}"
    rest = client.get(f"{page}/voice", headers={"Range": "bytes=100-"}, base_url=BASE)
    assert (rest.status_code, len(rest.data)) == (206, len(SOUND) - 100)


def test_a_voice_without_consent_is_not_even_offered(at_desk, home, li):
    send(at_desk("worker"), li, SOUND)
    with transaction(home.db):
        home.db.insert(
            "consent", elder_id=li.id, item="voice", given=0, given_by="relative", means="desk",
            text_version="1", at=clock.text(clock.utcnow()),
        )  # fmt: skip
    answer, duty = scan(home, li), at_desk("duty")
    path = f"/desk/incidents/{answer.incident_id}"
    duty.post(f"{path}/claim", json={"slot": "both"}, headers=JSON)
    sent = {"scan": str(home.db.scalar("SELECT max(id) FROM scan")), "items": ["voice"], "cause": "danger"}
    assert duty.post(f"{path}/disclosures", json=sent, headers=JSON).status_code == 422


def test_the_microphone_is_allowed_on_the_record_alone(at_desk, client, li):
    worker = at_desk("worker")
    assert "microphone=(self)" in worker.get(f"/elders/{li.id}").headers["Permissions-Policy"]
    for path in ("/elders", f"/elders/{li.id}/edit", "/badges"):
        assert "microphone=()" in worker.get(path).headers["Permissions-Policy"]
