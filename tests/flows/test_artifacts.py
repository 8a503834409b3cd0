"""What a run's page shows is what was meant, whatever a file is called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import artifacts
from flows.artifacts import plain, show_list, show_table
from tests.browser import CHROMIUM, browser_page
from tests.flows.server.served import serving

_MARKS = "\\`*[]|~<&"
EVIL = "<img src=x onerror=alert(1)> _a_ b_c *x* `q` [l](javascript:alert(1)) ~~s~~ | &lt; <b>t</b>\\.mp4"


@given(st.text())
def test_every_letter_is_there_and_none_of_markdown_is_left_bare(text):
    shown = plain(text)
    assert re.sub(r"\\([\\`*\[\]|~<&_])", r"\1", shown) == text
    bare = re.sub(r"\\.", "", shown, flags=re.DOTALL)
    assert not set(bare) & set(_MARKS)


def test_a_table_has_a_column_of_pictures_only_where_there_is_one(monkeypatch):
    made = []
    monkeypatch.setattr(artifacts, "create_table_artifact", lambda rows, **more: made.append(rows))
    rows = [{"of": "a*.mp4", "n": 3}, {"of": "b.mp4", "n": 4}]
    show_table(rows, key="k", description="d", pictures=["", "data:image/jpeg;base64,AA"])
    show_table(rows, key="k", description="d", pictures=["", ""])
    assert made[0] == [
        {"picture": "", "of": "a\\*.mp4", "n": 3},
        {"picture": "![](data:image/jpeg;base64,AA)", "of": "b.mp4", "n": 4},
    ]
    assert made[1] == [{"of": "a\\*.mp4", "n": 3}, {"of": "b.mp4", "n": 4}]


@pytest.mark.end_to_end
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)")
def test_the_page_shows_pictures_and_names_as_they_are(tmp_path, monkeypatch):
    import base64
    import json

    import cv2
    import numpy as np

    made = []
    monkeypatch.setattr(
        artifacts, "create_table_artifact", lambda rows, **more: made.append(("table", json.dumps(rows)))
    )
    monkeypatch.setattr(artifacts, "create_markdown_artifact", lambda text, **more: made.append(("markdown", text)))
    jpeg = cv2.imencode(".jpg", np.zeros((90, 160, 3), np.uint8))[1].tobytes()
    picture = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    show_table([{"of": EVIL}], key="k", description="d", pictures=[picture])
    show_list("Worth knowing", [EVIL], key="k")
    with serving(tmp_path / "catalog") as served, browser_page() as page:
        for kind, data in made:
            artifact = served.post("/artifacts/", key="k", type=kind, data=data)
            page.open(f"{served.url}/artifacts/artifact/{artifact['id']}")
            assert EVIL in page.wait_for("mp4")
            assert page.evaluate("document.querySelectorAll('a[href^=javascript], img[src=x]').length") == 0
            if kind == "table":
                width = page.evaluate("document.querySelector('td img').naturalWidth")
                assert width == 160
