"""Hashes of many small things are those of one."""

from hypothesis import given
from hypothesis import strategies as st

from data_catalog.keys import digest, digest_strings


@given(st.lists(st.lists(st.text())))
def test_lists_of_strings_have_the_digest_of_anything(lists):
    assert digest_strings(lists) == digest(lists)
