"""Landmarks at the registration desk: tables, forms, posters in print and the command line."""

import io
import re

import pytest
from click.testing import CliRunner
from openpyxl import Workbook
from waymarks import BASE, MARKET, market, put, safe_ones

from badges import decode
from station import coordinates, places
from station.cli.main import main
from station.communities import communities, station
from station.landmarks import files, matching, records

__all__ = ["market", "safe_ones"]


TABLE = "类型,名称,纬度,经度,安全点,电话\n商店,向阳药房,43.8172,126.5671,是,62010021\n灯杆,灯杆 10432,43.8247,126.5594,,\n商店,,43.8,126.5,,\n学校,第三小学,126.5,43.8,,\n商店,远方店,31.2,121.4,,\n"


def upload(desk, content: bytes, name: str = "places.csv", crs: str = "wgs84"):
    return desk.post("/landmarks/import", data={"file": (io.BytesIO(content), name), "crs": crs})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_a_table_is_shown_with_its_mistakes_before_anything_is_saved(home, at_desk, encoding):
    desk = at_desk("worker")
    page = upload(desk, TABLE.encode(encoding))
    assert page.status_code == 200
    for row in ("第 4 行", "第 5 行", "第 6 行"):
        assert row in page.text
    assert home.db.scalar("SELECT count(*) FROM landmark") == 0
    kept = re.search(r'name="kept" value="([^"]+)"', page.text)[1]
    for _ in range(2):
        saved = desk.post("/landmarks/import", data={"kept": kept, "crs": "wgs84", "do": "save"})
        assert saved.status_code == 303
    assert [one.name for one in records.listing(home.db, 1)] == ["灯杆 10432", "向阳药房"]
    assert records.listing(home.db, 1)[1].phone == "+8643262010021"


def test_a_workbook_is_read_as_well(home, at_desk):
    book = Workbook()
    for row in (
        ["name", "lat", "lon", "kind"],
        ["灯杆 10432", 43.8247, 126.5594, "lamp_post"],
        [12345.0, 43.8, 126.5, "other"],
    ):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    page = upload(at_desk("worker"), out.getvalue(), "places.xlsx")
    assert page.status_code == 200
    assert "灯杆 10432" in page.text
    assert ">12345<" in page.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no zip",
        b"\x00\xff\x00\xff",
        b"one column\n1\n",
        b"name,lat,lon\n",
        "名称,纬度\n甲,1\n".encode(),
    ],
)
def test_what_is_no_table_of_places_is_refused_with_a_word(home, at_desk, content):
    page = upload(at_desk("worker"), content)
    assert page.status_code == 422
    assert 'role="alert"' in page.text


def test_coordinates_of_another_map_are_moved(home, at_desk):
    desk = at_desk("worker")
    lat, lon = coordinates.from_wgs84(MARKET.lat, MARKET.lon, "gcj02")
    typed = {"kind": "stop", "name": "东市场公交站", "lat": str(lat), "lon": str(lon), "crs": "gcj02"}
    assert desk.post("/landmarks", data=typed).status_code == 303
    (found,) = records.listing(home.db, 1)
    assert places.distance_m(found.point, MARKET) < 0.1
    assert found.community_id == 1
    assert desk.post("/landmarks", data=typed).status_code == 303
    assert len(records.listing(home.db, 1)) == 1, "the same form twice is one landmark"


def test_mistakes_in_the_form_are_named_and_what_was_typed_is_kept(at_desk):
    page = at_desk("worker").post(
        "/landmarks", data={"kind": "castle", "name": "x", "lat": "91", "lon": "", "also": "古堡"}
    )
    assert page.status_code == 422
    assert 'value="古堡"' in page.text
    assert page.text.count('aria-invalid="true"') >= 3


def test_a_landmark_is_changed_and_taken_out_and_its_code_stays(home, at_desk, market):
    desk = at_desk("secretary")
    path = f"/landmarks/{market.id}"
    assert desk.get(path).status_code == 200
    typed = {
        "kind": "stop",
        "name": "东市场北站",
        "lat": "43.8168",
        "lon": "126.5683",
        "crs": "wgs84",
        "safe": "1",
    }
    assert desk.post(path, data=typed).status_code == 303
    changed = records.get(home.db, market.id)
    assert (changed.name, changed.safe, changed.code) == ("东市场北站", True, market.code)
    assert matching.match(home.db, "东市场公交站") is None
    assert matching.match(home.db, "东市场北站").point == MARKET
    assert desk.post(f"{path}/retire").status_code == 303
    assert records.listing(home.db, 1) == []
    actions = [row["action"] for row in home.db.rows("SELECT action FROM audit ORDER BY seq")]
    assert actions[-2:] == ["landmark.change", "landmark.retire"]


def test_what_was_written_out_can_be_taken_in_again(home, at_desk, now, safe_ones):
    put(home, now, name="=1+1店铺", kind="shop", also="甲,乙", lat="43.83")
    content = at_desk("worker").get("/landmarks/export.csv").data
    assert b"\n=1+1" not in content
    assert b"'=1+1" in content
    again = files.read(content, "wgs84", station(home.db, 1), communities(home.db))
    assert not again.wrong
    assert {(one.name, one.lat, one.phone) for one in again.good if one.safe} == {
        (one.name, one.lat, one.phone) for one in safe_ones
    }


@pytest.mark.parametrize("size", ["a6", "a5"])
def test_the_poster_leads_to_the_page_of_its_place(client, at_desk, market, size):
    file = at_desk("worker").get(f"/landmarks/{market.id}/poster.pdf?size={size}")
    assert file.mimetype == "application/pdf"
    (code,) = decode.read(file.data)
    assert code.text == f"{BASE}/p/{market.code}"
    assert client.get(code.text.removeprefix(BASE), base_url=BASE).status_code == 200


def test_a_name_that_cannot_be_printed_is_said(home, at_desk, now):
    odd = put(home, now, name="笑脸😀超市", kind="shop")
    page = at_desk("worker").get(f"/landmarks/{odd.id}/poster.pdf")
    assert page.status_code == 422
    assert "U+1F600" in page.text


def test_the_command_line_takes_in_and_writes_out(home, tmp_path, monkeypatch):
    home.db.close()
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", BASE)
    file = tmp_path / "places.csv"
    file.write_text(TABLE)
    run = CliRunner().invoke
    checked = run(main, ["landmarks", "import", str(file), "--check"])
    assert (checked.exit_code, "2 landmarks" in checked.output) == (1, True), checked.output
    assert "row 4" in checked.output
    taken = run(main, ["landmarks", "import", str(file)])
    assert "Added 2, renewed 0." in taken.output
    assert "Added 0, renewed 2." in run(main, ["landmarks", "import", str(file)]).output
    written = run(main, ["landmarks", "export", str(tmp_path / "out.csv")])
    assert written.exit_code == 0
    assert "向阳药房" in (tmp_path / "out.csv").read_text("utf-8-sig")
