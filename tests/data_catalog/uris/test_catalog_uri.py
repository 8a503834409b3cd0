"""Where a catalog lies, as people write it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog import Catalog
from data_catalog.uris.catalog_uri import LANCE_SCHEMES, catalog_uri
from data_catalog.uris.reachable import UnusableStore, plain


@pytest.mark.parametrize("scheme", ["s3", "gs", "az", "abfss"])
@pytest.mark.parametrize(
    "between", [":/", "//", ":", ":\\\\", ":\\", ":/\\", ";//", ".//", " ://", ":://", ":///", "://"]
)
@pytest.mark.parametrize("case", [str, str.upper, str.title])
def test_a_misspelt_uri_is_no_folder_and_what_is_meant_is_said(scheme, between, case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = f"{case(scheme)}{between}bucket/x"
    if between == "://":
        assert catalog_uri(text) == f"{scheme}://bucket/x"
        return
    with pytest.raises(UnusableStore) as refused:
        Catalog(text)
    line = str(refused.value)
    assert line.startswith(f"catalog {text}: ") and len(line.splitlines()) == 1
    assert f"{scheme}://bucket/x" in line or f"{scheme}://BUCKET/NAME" in line
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s4://b/x", "did you mean s3://b/x?"),
        ("s3a://b/x", "did you mean s3://b/x?"),
        ("gcs://b/x", "did you mean gs://b/x?"),
        ("azure://c/x", "did you mean az://c/x?"),
        (" s3://b/x", "did you mean s3://b/x?"),
        ("hdfs://host/x", "no place that can hold tables; name a folder"),
        ("hdfs:/host/x", "no place that can hold tables; name a folder"),
        ("http://host/x", "no place that can hold tables; name a folder"),
        ("https:/host/x", "no place that can hold tables; name a folder"),
        ("http//host/x", "no place that can hold tables; name a folder"),
        ("C:\\x", "no place that can hold tables; name a folder"),
        ("file://host/x", "of another machine; name a folder"),
        ("file//tmp/x", "did you mean file:///tmp/x?"),
        ("s3://", "names no bucket; write s3://BUCKET/NAME"),
        ("s3:///x", "names no bucket; write s3://BUCKET/NAME"),
        ("s3://key:secret@b/x", "holds a name or keys; set them in storage_options"),
        ("", "is no name; name a folder"),
        ("a\nb", r"catalog a\nb: has characters in its name that cannot be shown; name a folder"),
        ("a\x1b[2Jb", r"a\x1b[2Jb: has characters"),
        ("a\0b", r"a\x00b: has characters"),
        ("\udc80", "has characters in its name that cannot be shown"),
        ("file:///a%0Ab", "has characters in its name that cannot be shown"),
    ],
)
def test_what_is_no_catalog_is_one_line_with_a_remedy(text, said):
    with pytest.raises(UnusableStore) as refused:
        catalog_uri(text)
    line = str(refused.value)
    assert said in line and len(line.splitlines()) == 1 and "secret" not in line
    line.encode()


@pytest.mark.parametrize(
    "name", ["x", "a:b", "run:1/x", "s3", "s3/b/x", "./s3:/b", "Jürgen 1", "👨‍👩‍👧", "a\u202fb", "~/c", "~0"]
)
def test_a_folder_is_a_folder(name):
    assert catalog_uri(name) == str(Path(os.path.expanduser(name)).absolute())


@pytest.mark.parametrize("text", ["file:/tmp/x", "file:///tmp/x", "FILE://localhost/tmp/x", "file:///tmp/%78"])
def test_a_file_uri_is_its_folder(text):
    assert catalog_uri(text) == "/tmp/x"


@given(st.text(st.characters(), min_size=1))
def test_whatever_is_written_is_one_place_or_one_line(text):
    try:
        uri = catalog_uri(text)
    except UnusableStore as refused:
        assert len(str(refused).splitlines()) == 1
        str(refused).encode()
        return
    assert uri.startswith("/") or uri.partition("://")[0] in LANCE_SCHEMES
    assert catalog_uri(uri) == uri


def test_lances_own_source_is_no_part_of_what_is_said():
    said = "Invalid user input: no\n bucket in s3:/x, /builds/lance/rust/lance-io/src/providers/aws.rs:331:13"
    assert plain(said) == "Invalid user input: no bucket in s3:/x"
    assert plain("LanceError(IO): gone, rust/a/b.rs:1:2); more") == "LanceError(IO): gone); more"
