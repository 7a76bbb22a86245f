"""A place is stored as the phone meant it, described in words, and opened in the map app at the same spot."""

import math
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station import coordinates, places
from station.places import Area, Point, PointError

STATION = Point(43.8378, 126.5494)
BEIJING = Point(39.90923, 116.397428)
URUMQI = Point(43.82, 87.6)

in_china = st.builds(Point, st.floats(18, 53), st.floats(75, 134))
around_the_station = st.builds(Point, st.floats(43, 44.6), st.floats(126, 127.1))


def moved(origin, north_m=0.0, east_m=0.0):
    return Point(
        origin.lat + north_m / 111_195, origin.lon + east_m / (111_195 * math.cos(math.radians(origin.lat)))
    )


# What comes from outside


@pytest.mark.parametrize(
    ("lat", "lon"), [(43.8378, 126.5494), ("43.8378", " 126.5494 "), (44, 126), (-90, -180)]
)
def test_a_place_is_read_from_numbers_or_text(lat, lon):
    assert places.parse_point(lat, lon) == Point(float(lat), float(lon))


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [
        ("nan", 126, "not_a_number"),
        (43, float("inf"), "not_a_number"),
        ("", "", "not_a_number"),
        (None, 126, "not_a_number"),
        (True, 126, "not_a_number"),
        ([43], 126, "not_a_number"),
        (10**400, 126, "not_a_number"),
        ("43°50′", 126, "not_a_number"),
        (0, 0, "null_island"),
        ("0.0", "-0.0", "null_island"),
        (0.001, 0.001, "null_island"),
        (126.5, 43.8, "swapped"),
        (91, 181, "outside_world"),
        (43, 181, "outside_world"),
        (181, 43, "outside_world"),
    ],
)
def test_each_mistake_has_its_own_word(lat, lon, code):
    with pytest.raises(PointError) as refusal:
        places.parse_point(lat, lon)
    assert refusal.value.code == code
    assert str(refusal.value) == places.REASONS[code]


def test_a_station_in_the_west_notices_swapped_values_that_both_fit_the_world():
    assert places.parse_point(87.6, 43.82) == Point(87.6, 43.82)
    with pytest.raises(PointError) as refusal:
        places.parse_point(87.6, 43.82, near=URUMQI)
    assert refusal.value.code == "swapped"


def test_a_place_far_from_the_station_is_still_a_place():
    assert places.parse_point(39.90923, 116.397428, near=STATION) == BEIJING


@given(st.floats() | st.text(max_size=8) | st.none(), st.floats() | st.integers() | st.text(max_size=8))
def test_whatever_is_accepted_lies_on_the_earth(lat, lon):
    try:
        point = places.parse_point(lat, lon)
    except PointError:
        return
    assert -90 <= point.lat <= 90
    assert -180 <= point.lon <= 180


# How far and which way


def test_distances_against_known_ones():
    # A quarter of the meridian of a sphere with the mean radius, and one degree of it.
    assert places.distance_m(Point(0, 10), Point(90, 10)) == pytest.approx(10_007_557, abs=1)
    assert places.distance_m(Point(10, 10), Point(11, 10)) == pytest.approx(111_195, abs=1)
    assert places.distance_m(Point(0, 179.5), Point(0, -179.5)) == pytest.approx(111_195, abs=1)
    assert places.distance_m(Point(0, 0), Point(0, 180)) == pytest.approx(20_015_115, abs=1)
    assert places.distance_m(STATION, BEIJING) == pytest.approx(945_000, rel=0.01)


@given(around_the_station, around_the_station)
def test_distance_is_the_same_both_ways_and_the_course_turns_round(a, b):
    assert places.distance_m(a, b) == pytest.approx(places.distance_m(b, a))
    if places.distance_m(a, b) > 1:
        assert abs((places.bearing(a, b) - places.bearing(b, a)) % 360 - 180) < 1


@pytest.mark.parametrize(
    ("north_m", "east_m", "wind"),
    [
        (500, 0, "n"),
        (500, 500, "ne"),
        (0, 500, "e"),
        (-500, 500, "se"),
        (-500, 0, "s"),
        (-500, -500, "sw"),
        (0, -500, "w"),
        (500, -500, "nw"),
        (500, -200, "n"),
        (500, -220, "nw"),
    ],
)
def test_eight_winds(north_m, east_m, wind):
    assert places.direction(STATION, moved(STATION, north_m, east_m)) == wind


@pytest.mark.parametrize(
    ("north_m", "said_m", "wind"),
    [(4, 0, None), (637, 640, "n"), (3_240, 3_200, "n"), (-15_400, 15_000, "s")],
)
def test_a_place_is_described_as_people_say_it(north_m, said_m, wind):
    assert places.describe(STATION, moved(STATION, north_m)) == places.Offset(said_m, wind)


# Coordinate systems of map companies


@pytest.mark.parametrize(
    ("point", "gcj02", "bd09"),
    [
        (STATION, (43.840053988181, 126.555090344761), (43.845792457314, 126.561699241887)),
        (BEIJING, (39.910633506386, 116.403671625958), (39.916972856075, 116.410044101705)),
    ],
)
def test_conversions_agree_with_prcoords(point, gcj02, bd09):
    assert coordinates.from_wgs84(point.lat, point.lon, "gcj02") == pytest.approx(gcj02, abs=1e-10)
    assert coordinates.from_wgs84(point.lat, point.lon, "bd09") == pytest.approx(bd09, abs=1e-10)


@given(in_china, st.sampled_from(["wgs84", "gcj02", "bd09"]))
def test_there_and_back_again_within_a_millimetre(point, crs):
    there = coordinates.from_wgs84(point.lat, point.lon, crs)
    assert places.distance_m(Point(*coordinates.to_wgs84(*there, crs)), point) < 0.001


@given(around_the_station)
def test_here_the_systems_differ_by_half_a_kilometre(point):
    shifted = Point(*coordinates.from_wgs84(point.lat, point.lon, "gcj02"))
    assert 400 < places.distance_m(point, shifted) < 700


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
@pytest.mark.parametrize(("lat", "lon"), [(35.68, 139.69), (51.5, -0.12), (-33.9, 151.2)])
def test_outside_china_nothing_is_moved(crs, lat, lon):
    assert coordinates.from_wgs84(lat, lon, crs) == coordinates.to_wgs84(lat, lon, crs) == (lat, lon)


# Map apps


def test_the_links_of_every_app():
    found = {link.app: link.url for link in places.map_links(STATION, "东市场公交站")}
    label = "%E4%B8%9C%E5%B8%82%E5%9C%BA%E5%85%AC%E4%BA%A4%E7%AB%99"
    assert list(found) == ["amap", "tencent", "baidu", "petal", "apple", "geo"]
    assert found == {
        "amap": "https://uri.amap.com/marker?position=126.549400,43.837800"
        f"&name={label}&src=station&coordinate=wgs84&callnative=1",
        "tencent": "https://apis.map.qq.com/uri/v1/marker?marker=coord:43.837800,126.549400;"
        f"title:{label};addr:{label}&coord_type=1&referer=station",
        "baidu": "https://api.map.baidu.com/marker?location=43.837800,126.549400"
        f"&title={label}&content={label}&output=html&coord_type=wgs84&src=webapp.community.station",
        "petal": "https://www.petalmaps.com/place/?z=16&marker=43.840054,126.555090",
        "apple": f"https://maps.apple.com/?ll=43.840054,126.555090&q={label}",
        "geo": f"geo:43.837800,126.549400?q=43.837800,126.549400({label})",
    }


def test_a_name_cannot_break_out_of_its_link():
    for link in places.map_links(STATION, "a&b=c;coord:1,2#\"'<>)路"):
        query = parse_qs(urlsplit(link.url).query)
        assert "b" not in query
        assert urlsplit(link.url).fragment == ""
        assert not set("\"'<> ") & set(link.url)
        assert link.url.count("coord:") <= 1


# Whose community


EAST = Area(1, "龙城社区", STATION, 800)
WEST = Area(2, "东市场社区", moved(STATION, east_m=-1000), 800)
COUNTRY = Area(3, "江南乡", moved(STATION, north_m=9_000), 8_500)


def test_the_community_around_the_place_takes_it():
    found = places.finding(moved(STATION, east_m=100), 15, [WEST, EAST])
    assert (found.area, found.inside, found.touched) == (EAST, True, (EAST,))
    assert found.distance_m == pytest.approx(100, abs=1)


def test_of_several_around_the_place_the_nearest_centre_takes_it():
    between = moved(STATION, east_m=-450)
    found = places.finding(between, 5, [WEST, EAST])
    assert (found.area, found.touched) == (EAST, (EAST, WEST))


def test_a_community_around_the_place_comes_before_a_nearer_one_beside_it():
    found = places.finding(moved(STATION, north_m=1_000), 250, [EAST, COUNTRY])
    assert (found.area, found.inside) == (COUNTRY, True)
    assert found.touched == (COUNTRY, EAST)


def test_outside_all_circles_the_nearest_is_named_with_its_distance():
    found = places.finding(moved(STATION, north_m=-5_000), None, [WEST, EAST])
    assert (found.area, found.inside, found.touched) == (EAST, False, ())
    assert found.distance_m == pytest.approx(5_000, abs=5)


def test_an_uncertain_place_touches_at_most_three_communities():
    many = [Area(n, f"第{n}社区", moved(STATION, north_m=1_000 * n), 400) for n in range(1, 7)]
    found = places.finding(STATION, 20_000, many)
    assert [area.id for area in found.touched] == [1, 2, 3]
    assert not found.inside


def test_beyond_thirty_kilometres_it_is_nobodys():
    found = places.finding(moved(STATION, north_m=-31_000), 20, [EAST, WEST])
    assert (found.area, found.inside) == (None, False)
    assert found.distance_m == pytest.approx(31_000, rel=0.01)
    assert places.finding(STATION, 20, []) == places.Finding(None, False, None, ())


# The sketch


@given(around_the_station, st.none() | st.floats(0, 50_000))
def test_everything_fits_into_the_sketch(place, accuracy_m):
    sketch = places.schematic(STATION, place, accuracy_m)
    x, y = sketch.place
    assert 29 <= x - sketch.accuracy <= x + sketch.accuracy <= sketch.width - 29
    assert 29 <= y - sketch.accuracy <= y + sketch.accuracy <= sketch.height - 29
    assert 0 <= sketch.station[0] <= sketch.width
    assert 0 <= sketch.station[1] <= sketch.height
    assert 30 < sketch.bar <= 80


@given(around_the_station, st.floats(5, 2_000))
def test_lengths_in_the_sketch_agree_with_its_scale_bar(place, accuracy_m):
    sketch = places.schematic(STATION, place, accuracy_m)
    metres_per_unit = sketch.bar_m / sketch.bar
    drawn = math.dist(sketch.station, sketch.place) * metres_per_unit
    assert drawn == pytest.approx(places.distance_m(STATION, place), rel=0.01, abs=metres_per_unit)
    assert sketch.accuracy * metres_per_unit == pytest.approx(accuracy_m, rel=0.01, abs=metres_per_unit)


def test_north_is_up_and_east_is_right():
    sketch = places.schematic(STATION, moved(STATION, north_m=600, east_m=300), 40)
    assert sketch.place[0] > sketch.station[0]
    assert sketch.place[1] < sketch.station[1]


def test_the_sketch_of_a_place_at_the_station():
    assert places.schematic(STATION, STATION) == places.Sketch(320, 240, (160, 120), (160, 120), 0, 36.0, 20)


def test_the_scale_bar_has_a_round_length():
    bars = [places.schematic(STATION, moved(STATION, north_m=far)).bar_m for far in range(100, 40_000, 100)]
    assert all(a <= b for a, b in pairwise(bars))
    assert {str(bar).rstrip("0") for bar in bars} == {"1", "2", "5"}
