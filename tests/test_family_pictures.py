"""A family's pictures are kept, shown to it and taken away again; a bad one is refused in clear words."""

import io

from applying import begun, elsewhere, family, picture, title

__all__ = ["begun", "elsewhere", "family"]


def test_pictures_are_kept_shown_to_the_family_and_taken_away_again(home, begun, elsewhere):
    begun.fill(until="identity")
    assert "已收到这张照片" in begun.press("/apply/identity", picture=picture())
    kept = begun.open("GET", "/apply/identity.jpg", None)
    assert kept
    assert elsewhere.open("GET", "/apply/identity.jpg", None) == ""
    begun.press("/apply/identity", do="remove")
    assert begun.open("GET", "/apply/identity.jpg", None) == ""


HEIC = b"\0\0\0\x18ftypheic" + bytes(64)

BAD = [
    (b"", "空的"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    (HEIC, "HEIC"),
    (picture()[0].getvalue()[:500], "损坏"),
    (b"%PDF-1.7", "PDF"),
    (bytes(9 * 1024 * 1024), "8 MB"),
]


def test_a_bad_picture_is_refused_in_clear_words_and_the_rest_stays(begun):
    begun.fill(until="identity")
    for content, said in BAD:
        page = begun.press("/apply/identity", picture=(io.BytesIO(content), "card.jpg"))
        assert begun.open.status == 422, said
        assert said in page
        assert title(page) == "老人身份证照片"
    assert "赵桂芝" in begun.look("/apply/check")


def test_a_picture_beyond_all_measure_is_named_as_too_large(begun):
    begun.fill(until="portrait")
    page = begun.press("/apply/portrait", picture=(io.BytesIO(bytes(25 * 1024 * 1024)), "card.jpg"))
    assert begun.open.status == 413
    assert title(page) == "老人近照"
    assert "8 MB" in page
