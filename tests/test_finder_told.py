"""A finder is told what the station did not take, with script and without."""

import pytest
from reporting import post, told


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"note": "长" * 501}, "写得太长"),
        ({"place": "长" * 201, "phone": "1" * 31}, "写得太长"),
        ({"phone": "没有"}, "没看懂您的电话号码"),
        ({"lat": "91", "lon": "900"}, "没看懂手机发来的位置"),
        ({"lat": "126.5601", "lon": "43.8255"}, "经纬度颠倒了"),
        ({"status": "0" * 32}, "按新的报告"),
        ({"act": "fly"}, "有一部分没看懂"),
    ],
)
def test_without_script_the_answer_says_what_was_not_taken(client, wang, sent, said):
    plain = told(client, wang)
    page = told(client, wang, **sent)
    assert said in page
    assert said not in plain
    assert "0432-62012345" in page


def test_a_finder_who_was_only_counted_is_asked_to_ring(client, home, wang):
    for n in range(35):
        page = told(client, wang, place=f"第{n}个路口")
    assert "请打电话" in page.partition('role="alert"')[2][:120]
    assert home.db.scalar("SELECT sum(more) FROM scan_count") == 5


def test_the_script_is_led_to_the_same_words(client, wang):
    answer = client.post(
        f"{wang.path}/scans?l=zh&t=1", json={"act": "with_elder", "note": "长" * 501}
    ).get_json()
    assert answer["page"] == f"{answer['status_url']}?l=zh&t=1&w=cut"
    assert "写得太长" in client.get(answer["page"]).text
    assert post(client, wang, act="gone").get_json()["page"].startswith("/s/")


def test_a_message_that_was_cut_is_said_to_be(client, wang):
    status = post(client, wang, act="with_elder").get_json()["status_url"]
    answer = client.post(f"{status}/messages?l=zh", data={"text": "长" * 501})
    assert "写得太长" in client.get(answer.headers["Location"]).text
    answer = client.post(f"{status}/messages?l=zh", data={"text": "长" * 500})
    assert answer.headers["Location"] == f"{status}?l=zh"


def test_nobody_can_make_the_page_say_anything_else(client, wang):
    status = post(client, wang, act="with_elder").get_json()["status_url"]
    page = client.get(f"{status}?l=zh&w=<script>alert(1)</script>.请转账.cut")
    assert "写得太长" in page.text
    assert "转账" not in page.text
    assert "alert(1)" not in page.text


def test_without_script_a_press_for_the_location_says_that_none_came(client, wang):
    assert "手机没有发来位置" in told(client, wang)
    assert "手机没有发来位置" not in told(client, wang, place="东市场")
    assert "手机没有发来位置" not in told(client, wang, act="gone")
