"""Names of avatars in any script, and none that is a path."""

import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog import Catalog, check_avatar_name
from tests.stages import add_video

PEOPLE = [
    "Jürgen",
    "张伟",
    "Ольга",
    "عائشة",
    "नरेन्द्र",
    "さくら",
    "Åsa-Britt",
    "José.2",
    "เสาวภา",
    "גון",
    "7of9",
]


@pytest.mark.parametrize("name", PEOPLE)
def test_names_of_people_are_kept_composed(tmp_path, name):
    catalog = Catalog(tmp_path)
    add_video(catalog, unicodedata.normalize("NFD", name), "v", uri="v.mp4")
    composed = unicodedata.normalize("NFC", name)
    assert catalog.avatars() == [composed]
    assert set(catalog.avatar_videos(unicodedata.normalize("NFD", name))) == {"v"}


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a..b", "-a", "_a", "a/b", "a\\b", "a b", "a\n", "a\0", "a\u200b", "a\u202eb", "a:b", "a'b", "a*",
     "con", "NUL", "Com1.mp4", "lpt9", "a.", "x" * 65, "\u0301a", "a\u2028", "\udcff", "a\uff0fb", "😀"],
)  # fmt: skip
def test_a_name_that_is_a_path_a_device_or_unseen_is_refused(name):
    with pytest.raises(ValueError, match="is empty" if not name else "not allowed; use"):
        check_avatar_name(name)


LETTERS = st.characters(categories=("L", "M", "Nd"))


@given(
    st.text(st.characters(), max_size=70) | st.text(LETTERS, max_size=70) | st.text(LETTERS | st.sampled_from("-_."))
)
def test_every_name_that_is_taken_is_one_plain_part_of_a_path_and_letters_are_taken(text):
    try:
        name = check_avatar_name(text)
    except ValueError:
        composed = unicodedata.normalize("NFC", text)
        letters = all(unicodedata.category(c)[0] in "LM" or unicodedata.category(c) == "Nd" for c in composed)
        one = 1 <= len(composed) <= 64 and letters and composed[0].isalnum()
        assert not one or PureWindowsPath(composed).is_reserved()
        return
    assert Path(name).name == name and PureWindowsPath(name).name == name and not PureWindowsPath(name).is_reserved()
    assert check_avatar_name(name) == name and name.isprintable() and len(name) <= 64
    assert all(check_avatar_name(unicodedata.normalize(form, text)) == name for form in ("NFC", "NFD"))
