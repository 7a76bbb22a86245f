"""The page behind a badge: help for whoever scans it, nothing about who wears it, and not a byte written."""

import base64
import dataclasses
import gzip
import hashlib
import re

import pytest
from conftest import WANG, enrol
from finders import LANGUAGES, open_hearted, same_but_for_the_press

from station import seal
from station.care import standing
from station.db import transaction
from station.incidents import acts, reports
from station.incidents.acts import Move
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.issuing import records

__all__ = ["open_hearted"]

PRIVATE = (
    "王秀兰",
    "秀兰",
    "帝景小区",
    "105号楼",
    "张伟",
    "张敏",
    "19900000002",
    "62010003",
    "1946",
    "糖尿病",
)
BOTS = (
    "MicroMessenger/8.0.50 link preview", "WeChatBot", "QQ/9.0", "DingTalkBot-LinkService/1.0", "Alipay",
    "Feishu-Preview", "Baiduspider/2.0", "Googlebot/2.1", "bingbot/2.0", "YandexBot/3.0", "Bytespider",
    "PetalBot", "Sogou web spider/4.0", "360Spider", "facebookexternalhit/1.1", "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0", "TelegramBot", "WhatsApp/2.23", "Discordbot/2.0", "LinkedInBot/1.0",
    "Applebot/0.1", "SkypeUriPreview", "Mastodon/4.0", "curl/8.5", "Wget/1.21", "python-requests/2.34",
    "GPTBot/1.0", "ClaudeBot/1.0", "Safe Browsing",
)  # fmt: skip


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_page_helps_without_naming_the_elder(client, wang, spoken):
    page = client.get(f"{wang.path}?l={spoken}").text
    assert 'href="tel:+86-432-6201-2345"' in page
    assert "0432-62012345" in page
    assert 'href="tel:120"' in page
    assert 'href="tel:110"' in page
    assert wang.number in page
    assert not [word for word in (*PRIVATE, "王奶奶") if word in page]


def test_consented_items_are_shown_and_no_others(client, open_hearted, wang):
    page = client.get(f"{open_hearted.path}?l=zh").text
    assert "李奶奶" in page
    assert "请慢慢说话" in page
    assert "糖尿病" not in page, "life-critical notes wait for the press"
    assert "李桂芳" not in page
    assert "王奶奶" not in client.get(f"{wang.path}?l=zh").text


def test_two_badges_of_a_station_differ_only_in_what_belongs_to_the_badge(client, home, wang):
    other = enrol(
        home,
        dataclasses.replace(WANG, contacts=WANG.contacts[:1], name="赵德福", call_name="", hints=()),
        "form-zhao",
    )
    pages = [
        same_but_for_the_press(client.get(one.path).text).replace(one.number, "").replace(one.token, "")
        for one in (wang, other)
    ]
    assert pages[0] == pages[1]


def test_bytes_never_depend_on_the_state_of_badge_elder_or_incident(client, home, open_hearted, now):
    db, vault = home.db, home.vault
    seen = [same_but_for_the_press(client.get(open_hearted.path).text)]

    def look() -> None:
        seen.append(same_but_for_the_press(client.get(open_hearted.path).text))

    answer = reports.report(db, vault, Door(1, 1), Report("an-id-of-this-test", "with_elder"), now)
    look()
    acts.move(db, vault, answer.incident_id, Move("closed", 1, outcome="died"), by=2, now=now)
    look()
    standing.mark(db, vault, open_hearted.id, "deceased", by=1, now=now)
    look()
    for state in ("lost", "revoked", "returned", "worn"):
        with transaction(db):
            db.write(
                "UPDATE badge SET state = ?, window_until = ?", state, "2999-01-01T00:00:00.000000+00:00"
            )
        look()
    assert len(set(seen)) == 1


def test_an_erased_elders_badge_still_leads_to_the_hotline(client, home, open_hearted, now):
    uid = home.db.scalar("SELECT uid FROM elder WHERE id = ?", open_hearted.id)
    home.vault.destroy(f"elder/{uid}", now)
    page = client.get(open_hearted.path)
    assert page.status_code == 200
    assert "0432-62012345" in page.text
    assert "李奶奶" not in page.text


def test_looking_writes_nothing(client, home, open_hearted):
    tables = [row["name"] for row in home.db.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def state() -> list:
        counts = [home.db.scalar(f'SELECT count(*) FROM "{table}"') for table in tables]
        versions = [db.scalar("PRAGMA data_version") for db in (home.db, home.vault.keys)]
        return [*counts, *versions, sorted(path.name for path in home.config.spool.iterdir())]

    client.get(open_hearted.path)
    before = state()
    for agent in BOTS:
        assert client.get(open_hearted.path, headers={"User-Agent": agent}).status_code == 200
    assert client.head(open_hearted.path).status_code == 200
    for header in ({"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"}):
        client.get(open_hearted.path, headers=header)
    for path in (
        "/",
        "/robots.txt",
        "/favicon.ico",
        "/nonsense",
        f"/n/{open_hearted.digits}",
        "/s/" + "0" * 32,
    ):
        client.get(path)
    assert state() == before


@pytest.mark.parametrize("gone", ["station.db", "keys.db"])
def test_page_is_complete_without_the_database(client, home, wang, gone):
    with_it = client.get(f"{wang.path}?l=zh").text
    for path in home.config.data_dir.glob(f"{gone}*"):
        path.unlink()
    page = client.get(f"{wang.path}?l=zh")
    assert page.status_code == 200
    assert "0432-62012345" in page.text
    for text in re.findall(r"<button[^>]*>([^<]+)", with_it):
        assert text in page.text


def test_a_database_that_is_rubbish_costs_nobody_the_hotline(client, home, wang):
    for path in home.config.data_dir.glob("*.db*"):
        path.unlink()
    home.config.database.write_bytes(b"this is no database" * 500)
    page = client.get(wang.path)
    assert page.status_code == 200
    assert "0432-62012345" in page.text


def test_a_badge_of_a_station_that_is_not_known_here_leads_to_the_police(client, home):
    page = client.get("/" + seal.badge_token(home.ring, 9999, 1))
    assert page.status_code == 200
    assert 'class="c k" data-act="called" href="tel:110"' in page.text
    assert "0432" not in page.text


def test_a_badge_that_was_never_issued_has_its_page(client, home):
    page = client.get("/" + seal.badge_token(home.ring, 1, 4242))
    assert page.status_code == 200
    assert "0432-62012345" in page.text


def test_forged_tokens_get_one_neutral_page(client, wang):
    wrong_digit = wang.token[:-1] + str((int(wang.token[-1]) + 1) % 10)
    pages = [
        client.get(f"/{token}?l=zh")
        for token in (wrong_digit, "9" + wang.token[1:], "1" * 52, "wp-login.php", "٣" * 52)
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert 'href="tel:110"' in pages[0].text
    assert 'href="tel:120"' in pages[0].text
    assert "0432" not in pages[0].text


def test_a_slash_at_the_end_is_no_dead_end(client, wang):
    assert client.get(wang.path + "/").status_code == 200


def test_every_language_is_whole(client, open_hearted):
    pages = {spoken: client.get(f"{open_hearted.path}?l={spoken}").text for spoken in LANGUAGES}
    script_and_style = re.compile(r"<(style|script)>.*?</\1>", re.DOTALL)
    shown = {
        spoken: re.sub(r"<[^>]+>", " ", script_and_style.sub("", page)) for spoken, page in pages.items()
    }
    for spoken, ours in (("zh", "[一-鿿]"), ("ko", "[가-힣]")):
        left = shown[spoken].replace("English", "").replace("zj.example.cn", "")
        assert not re.search("[A-Za-z]{3,}", left), "untranslated text"
        assert len(re.findall(ours, left)) > 200
    assert "24小时" in shown["zh"]
    assert "24 hours" in shown["en"]
    assert "24시간" in shown["ko"]
    assert 'lang="zh-CN"' in pages["zh"]
    for spoken in LANGUAGES:
        others = [other for other in LANGUAGES if other != spoken]
        assert all(f'href="?l={other}"' in pages[spoken] for other in others)


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("ko-KR,ko;q=0.9", "ko"),
        ("en-US,en;q=0.8", "en"),
        ("zh-CN", "zh-CN"),
        ("fr-FR", "zh-CN"),
        ("", "zh-CN"),
    ],
)
def test_the_phones_language_is_spoken(client, wang, accepted, spoken):
    page = client.get(wang.path, headers={"Accept-Language": accepted}).text
    assert f'<html lang="{spoken}"' in page


def test_large_type_stays_on_through_the_languages(client, wang):
    page = client.get(f"{wang.path}?l=ko&t=1").text
    assert 'class="t"' in page
    assert 'href="?l=en&amp;t=1"' in page or 'href="?l=en&t=1"' in page
    assert f'action="{wang.path}/scans?l=ko&t=1"' in page


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_page_is_one_light_request(client, open_hearted, spoken):
    answer = client.get(f"{open_hearted.path}?l={spoken}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) <= 5000
    page = gzip.decompress(answer.data).decode()
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)[1]
    assert len(script.encode()) <= 2560
    assert not re.search(r"<(img|link|iframe|video|object)|src=|url\(|@import|//[a-z]", page)


@pytest.mark.parametrize("path", ["{badge}", "/", "/nonsense", "/n/{digits}", "/s/{status}"])
def test_the_policy_allows_exactly_what_is_inline(client, home, wang, path):
    sent = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()
    path = path.format(badge=wang.path, digits=wang.digits, status=sent["status_url"].removeprefix("/s/"))
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    for kind, content in re.findall(r"<(style|script)>(.*?)</\1>", answer.text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    for rule in (
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ):  # fmt: skip
        assert rule in policy
    assert "unsafe" not in policy
    assert not re.search(r"\son\w+=|style=|javascript:", answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Permissions-Policy"] == "geolocation=(self), camera=(), microphone=()"
    assert "Set-Cookie" not in answer.headers


def test_a_withdrawn_consent_shows_at_once(client, home, open_hearted):
    assert "李奶奶" in client.get(open_hearted.path).text
    badge = records.get(home.db, open_hearted.badge_id)
    with transaction(home.db):
        home.db.write("UPDATE elder SET card = NULL WHERE id = ?", badge.elder_id)
    assert "李奶奶" not in client.get(open_hearted.path).text


@pytest.mark.parametrize(("method", "status"), [("get", 404), ("put", 405)])
def test_an_address_that_leads_nowhere_shows_the_hotline(client, wang, method, status):
    path = "/no/such/page" if method == "get" else f"{wang.path}/scans"
    page = getattr(client, method)(path, headers={"Accept": "text/html"})
    assert page.status_code == status
    assert 'href="tel:+86-432-6201-2345"' in page.text
    assert 'href="tel:120"' in page.text


def test_a_crash_shows_the_hotline(own_app):
    own_app.testing = False
    own_app.add_url_rule("/crash", "crash", lambda: 1 / 0)
    page = own_app.test_client().get("/crash", headers={"Accept": "text/html"})
    assert page.status_code == 500
    assert 'href="tel:+86-432-6201-2345"' in page.text
