"""The whole story through the public doors, in a real browser: register, badge, scan or call, claim, hand over."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from browser import JILIN, desk, phone
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from provider import Provider, verify
from running import Running, wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def gateway() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def station(gateway: Provider, tmp_path_factory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("story")
    with Running(folder / "data", "--webhook", f"{gateway.url}/hook") as running:
        yield running


@pytest.fixture(scope="module")
def worker(browser: Browser, station: Running) -> Iterator[BrowserContext]:
    with desk(browser, station.base_url, station.account("worker")) as context:
        yield context


@pytest.fixture(scope="module")
def officer(browser: Browser, station: Running) -> Iterator[BrowserContext]:
    with desk(browser, station.base_url, station.account("duty")) as context:
        yield context


def register(worker: BrowserContext, station: Running, name: str, phone_number: str) -> tuple[Page, str]:
    """Enter an elder at the desk, make and hand over the badge; returns the record page and the badge's address."""
    page = worker.new_page()
    page.goto(f"{station.base_url}/elders/new")
    page.fill("#name", name)
    page.fill("#address", "锦绣花园3号楼1单元101")
    page.fill("#contact1_phone", phone_number)
    page.fill("#contact1_name", "家里人")
    page.select_option("#contact1_relation", "daughter")
    for consent in ("record", "family_place", "finding_community"):
        page.check(f"input[name=consents][value={consent}]")
    page.get_by_role("button", name="保存并制作胸牌").click()
    link = page.locator("a[href$='/badge.png']")
    link.wait_for()
    picture = page.context.request.get(station.base_url + link.get_attribute("href")).body()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    page.get_by_label("要发放的胸牌上的号码").fill(code.text)
    hand_over = page.get_by_role("button", name="已送到老人手中")
    hand_over.click()
    expect(page.locator("[id^=badge-] .badge-state.go").first).to_be_visible()
    expect(hand_over).to_have_count(0)
    return page, code.text


def notices(gateway: Provider, kind: str, since: int) -> list[dict]:
    found = [request.json() for request in gateway.requests[since:]]
    return [message for message in found if message["kind"] == kind]


def lead_to_the_end(page: Page, collected_by: str) -> None:
    """The officer's presses from the open case to its closing."""
    for name in (re.compile("我来接"), "已出发", re.compile("见到老人")):
        page.get_by_role("button", name=name).click()
    page.fill("input[name=collected_by]", collected_by)
    page.get_by_role("button", name="已交给家属").click()
    page.locator("select[name=outcome]").wait_for()
    page.select_option("select[name=outcome]", "reunited")
    page.get_by_role("button", name="结案").click()
    expect(page.locator("#case")).to_have_attribute("data-state", "closed")


def case_page(officer: BrowserContext, station: Running, incident: str) -> Page:
    page = officer.new_page()
    page.goto(f"{station.base_url}/desk/incidents/{incident}")
    return page


def test_registered_scanned_fetched_and_handed_over(browser, station, gateway, worker, officer):
    record, url = register(worker, station, "郭玉兰", "19900003001")
    assert url.startswith(station.base_url)
    since = len(gateway.requests)

    with phone(browser, geolocation=JILIN, permissions=["geolocation"]) as finder:
        page = finder.new_page()
        page.goto(url)
        for word in ("郭玉兰", "19900003001", "锦绣花园"):
            assert word not in page.content()
        call = page.locator("a[href^='tel:+86']").first.bounding_box()
        assert call["y"] + call["height"] <= 300
        page.get_by_role("button", name=re.compile("把我的位置发给值班员")).tap()
        told = wait_for(lambda: notices(gateway, "notice", since))
        located = wait_for(
            lambda: [
                m
                for m in notices(gateway, "notice", since) + notices(gateway, "place", since)
                if m["location"]
            ]
        )
        assert abs(located[0]["location"]["lat"] - JILIN["latitude"]) < 1e-6
        assert all(
            verify(station.secret, request.headers, request.body) for request in gateway.requests[since:]
        )
        assert wait_for(lambda: notices(gateway, "ladder", since))

        case = case_page(officer, station, told[0]["incident"])
        expect(case.locator("body")).to_contain_text("郭玉兰")
        expect(case.locator("a[href^='tel:+86']", has_text="家里人")).to_be_visible()
        lead_to_the_end(case, "家里人")
        expect(case.locator("body")).to_contain_text("家里人")
        expect(page.get_by_role("status").first).to_contain_text("谢谢")
    assert wait_for(lambda: notices(gateway, "closed", since))
    record.close()


def test_without_script_and_without_a_place(browser, station, gateway, worker, officer):
    _, url = register(worker, station, "孟庆山", "19900003002")
    since = len(gateway.requests)
    with phone(browser, java_script_enabled=False, has_touch=False) as finder:
        page = finder.new_page()
        page.goto(url)
        page.fill("input[name=place]", "东市场公交站")
        page.get_by_role("button", name="发送", exact=True).click()
        page.wait_for_url("**/s/**")
        told = wait_for(lambda: notices(gateway, "notice", since))
        assert told[0]["location"]["place"] == "东市场公交站"
        case = case_page(officer, station, told[0]["incident"])
        expect(case.locator("body")).to_contain_text("东市场公交站")
        lead_to_the_end(case, "家里人")
        page.goto(page.url)
        expect(page.locator("main")).to_contain_text("谢谢")


def test_a_refused_place_is_asked_for_in_words(browser, station, gateway, worker, officer):
    _, url = register(worker, station, "冯桂兰", "19900003003")
    since = len(gateway.requests)
    with phone(browser, permissions=[]) as finder:
        page = finder.new_page()
        page.goto(url)
        page.get_by_role("button", name=re.compile("把我的位置发给值班员")).tap()
        told = wait_for(lambda: notices(gateway, "notice", since))
        expect(page.locator("input[name=place]")).to_be_focused()
        page.keyboard.type("大润发门口")
        page.get_by_role("button", name="发送", exact=True).tap()
        moved = wait_for(lambda: [m for m in notices(gateway, "place", since) if m["location"]])
        assert moved[0]["location"]["place"] == "大润发门口"
        assert moved[0]["incident"] == told[0]["incident"]
    lead_to_the_end(case_page(officer, station, told[0]["incident"]), "家里人")


def test_it_begins_with_a_call_and_the_scan_joins(browser, station, gateway, worker, officer):
    record, url = register(worker, station, "尹淑芬", "19900003004")
    number = re.search(r"\d{5}-\d", record.locator("main").inner_text())[0]
    since = len(gateway.requests)
    page = officer.new_page()
    page.goto(f"{station.base_url}/desk")
    call = page.locator("#call")
    if not call.evaluate("box => box.open"):
        call.locator("summary").click()
    call.locator("input[name=number]").fill(number)
    call.locator("input[name=place]").fill("江边长椅")
    call.locator("input[name=phone]").fill("19900004444")
    call.locator("button").click()
    page.wait_for_url(re.compile(r"/desk/incidents/\d+"))
    incident = page.url.rsplit("/", 1)[-1].split("?")[0].split("#")[0]
    told = wait_for(lambda: notices(gateway, "notice", since))
    assert told[0]["incident"] == incident
    assert told[0]["location"]["place"] == "江边长椅"
    with phone(browser) as finder:
        tab = finder.new_page()
        tab.goto(url)
        tab.get_by_role("button", name="我只捡到胸牌").tap()
        expect(tab.get_by_role("status").first).not_to_be_empty()
    assert [row["id"] for row in station.desk().get("/desk/incidents?open=1").json()] == [incident]
    page.reload()
    lead_to_the_end(page, "家里人")


def test_the_three_digits_on_the_page_lead_to_its_badge(browser, station, worker, officer):
    _, url = register(worker, station, "汤文彬", "19900003005")
    with phone(browser) as finder:
        tab = finder.new_page()
        tab.goto(url)
        code = tab.locator("#d")
        expect(code).to_have_text(re.compile(r"\d{3}"))
        answer = station.desk().post("/desk/calls", {"number": code.inner_text(), "phone": "19900005555"})
    assert answer.status_code == 201, answer.text
    incident = answer.json()["incident"]
    case = case_page(officer, station, incident)
    expect(case.locator("body")).to_contain_text("汤文彬")
    lead_to_the_end(case, "家里人")


COUNT_TONES = "window.tones = 0; const begin = OscillatorNode.prototype.start; OscillatorNode.prototype.start = function (at) { window.tones += 1; return begin.call(this, at); };"


def test_a_shift_is_taken_over_once_the_ring_was_heard(browser, station, officer):
    page = officer.new_page()
    page.add_init_script(COUNT_TONES)
    page.goto(f"{station.base_url}/desk/duty")
    heard, take = page.locator("#heard"), page.get_by_role("button", name="接班", exact=True)
    expect(heard).to_be_disabled()
    take.click()
    expect(page.get_by_role("alert")).to_contain_text("请先试响一次")
    page.get_by_role("button", name="试响一次").click()
    expect(heard).to_be_enabled()
    wait_for(lambda: page.evaluate("window.tones") == 2)
    heard.check()
    take.click()
    expect(page.get_by_role("status")).to_contain_text("您已接班")
    signed_in = officer.storage_state()
    with desk_without_script(
        browser, signed_in
    ) as context:  # nothing can ring there: the page asks for the phone
        page = context.new_page()
        page.goto(f"{station.base_url}/desk/duty")
        expect(page.get_by_role("button", name="试响一次")).to_be_hidden()
        page.locator("#heard").check()
        page.get_by_role("button", name="接班", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("您已接班")


def desk_without_script(browser: Browser, signed_in) -> BrowserContext:
    return browser.new_context(java_script_enabled=False, storage_state=signed_in, locale="zh-CN")


@pytest.mark.parametrize("hold", ["mouse", "space bar"])
def test_a_press_is_not_lost_when_news_comes_while_it_lasts(browser, station, hold):
    elder = ["mouse", "space bar"].index(hold)
    told = station.scan(elder, act="with_elder").json()
    with desk(browser, station.base_url, station.account("duty")) as officer:
        _press_while_news_comes(case_page(officer, station, told["incident"]), station, elder, hold)


def _press_while_news_comes(page: Page, station: Running, elder: int, hold: str) -> None:
    with page.expect_response(lambda answer: "part=live" in answer.url):  # what the claim itself caused
        page.get_by_role("button", name=re.compile("我来接")).press("Enter")
    button = page.get_by_role("button", name="已出发")
    expect(button).to_be_visible()
    with page.expect_response(lambda answer: "/desk/incidents?open=1" in answer.url):
        if hold == "mouse":
            button.hover()
            page.mouse.down()
        else:
            button.focus()
            page.keyboard.down(" ")
        assert station.scan(elder, act="message", note="她坐在长椅上").status_code == 201
    page.wait_for_timeout(500)  # so long a replaced button would have been gone
    if hold == "mouse":
        page.mouse.up()
    else:
        page.keyboard.up(" ")
    expect(page.locator("#case")).to_have_attribute("data-state", "going")
    expect(page.locator("#case")).to_contain_text("她坐在长椅上")
