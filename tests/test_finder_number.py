"""What can be typed or read out: the badge's number leads to help, three digits lead to the press."""

import re

from finders import open_hearted

from station.incidents import intake, reports

__all__ = ["open_hearted"]


def test_each_page_has_its_own_request_id_and_the_digits_that_belong_to_it(client, home, wang):
    pages = [client.get(wang.path).text for _ in range(20)]
    ids = [re.search(r'name="request_id" value="([^"]+)"', page)[1] for page in pages]
    assert len(set(ids)) == 20
    for page, request_id in zip(pages, ids, strict=True):
        assert f'data-code="{reports.call_code(home.ring, request_id)}"' in page
        report, ignored = intake.read({"act": "with_elder", "request_id": f"{request_id}~2"})
        assert (report.request_id, ignored) == (f"{request_id}~2", [])


def test_without_script_no_digits_are_shown_but_everything_works(client, wang):
    page = client.get(wang.path).text
    assert "(scripting:none){ #c{display:none}}" in page
    assert f'<form id="f" method="post" action="{wang.path}/scans"' in page
    acts_offered = re.findall(r'name="act" value="(\w+)"', page)
    assert set(acts_offered) == {"with_elder", "hurt", "cannot_stay", "gone", "tag_only", "test"}
    assert re.findall(r'form="f" name="(\w+)" maxlength', page) == ["place", "note"]
    assert 'name="phone" type="tel"' in page


def test_the_typed_number_leads_to_help_but_to_nothing_personal(client, open_hearted):
    found = client.post("/", data={"number": f" {open_hearted.number} "})
    assert found.status_code == 303
    assert found.headers["Location"] == f"/n/{open_hearted.digits}"
    page = client.get(found.headers["Location"]).text
    assert "0432-62012345" in page
    assert open_hearted.number in page
    assert "李奶奶" not in page
    assert open_hearted.token not in page
    assert f'action="/n/{open_hearted.digits}/scans"' in page


def test_mistyped_numbers_get_the_hotline_and_machines_soon_no_answer(client, wang):
    swapped = wang.digits[1] + wang.digits[0] + wang.digits[2:]
    wrong = swapped if swapped != wang.digits else "123456"
    first = client.get(f"/n/{wrong}?l=zh", environ_base={"REMOTE_ADDR": "203.0.113.5"})
    assert first.status_code == 404
    assert "0432-62012345" in first.text
    for tried in range(60):
        last = client.get(f"/n/{tried:06d}?l=zh", environ_base={"REMOTE_ADDR": "203.0.113.5"})
    assert last.status_code == 429
    assert "0432-62012345" in last.text
    hit = client.get(f"/n/{wang.digits}?l=zh", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert hit.status_code == 429, "the same network learns nothing more"
    assert hit.text == last.text
    assert client.get(f"/n/{wang.digits}", environ_base={"REMOTE_ADDR": "198.51.100.1"}).status_code == 200


def test_the_start_page_says_whom_to_ring(client, wang):
    page = client.get("/?l=zh").text
    assert 'href="tel:+86-432-6201-2345"' in page
    assert "龙城社区防走失驿站" in page
    assert 'name="number"' in page
    assert 'href="/login"' in page
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    assert client.get("/favicon.ico").status_code == 204
