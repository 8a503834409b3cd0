import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from tango_models.report.data import Figure, FitPicture, LipMoment, ReportData, SeamReport
from tango_models.report.page import build_report
from tango_models.report.plots import LIGHT, MOST_POINTS, energy_plot, path_plot, thinned
from tango_models.report.strips import seam_strip

EVIL = '<script>alert("x")</script>'


def jump(k: int, *, pictured: bool = True) -> SeamReport:
    strip = seam_strip([np.full((48, 64, 3), 90, np.uint8)] * 7, 3, [False, True] * 3) if pictured else b""
    return SeamReport(10 + k, f"a.mp4 {k}.00 s", "b.mp4 1.00 s", 0.5, strip, {"pose": 0.25})


def built(data: ReportData) -> str:
    return "".join(build_report(data))


def report(jumps=1, frames=90, **changes) -> ReportData:
    values = {
        "title": "speaker with speech",
        "avatar": "speaker",
        "speech": "speech.wav",
        "video_file": "out.mp4",
        "videos": ["a.mp4", "b.mp4"],
        "source_seconds": np.arange(frames) / 30,
        "source_video": np.arange(frames) // max(1, frames // 2) % 2,
        "speech_energy": np.abs(np.sin(np.arange(frames) / 9)),
        "voice_activity": (np.arange(frames) % 40 < 25).astype(float),
        "motion_energy": np.zeros(frames),
        "seams": [jump(k) for k in range(jumps)],
        "figures": [Figure("seams a minute", "20.0", "fewer is calmer")],
        "settings": {"scorer": "prosody", "search": {"min_dwell": 3}},
        "versions": {"tango": "0.1.0"},
    }
    return ReportData(**{**values, **changes})


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


def test_the_page_stands_alone_and_plays_the_video_beside_it():
    page = built(report(jumps=3))
    tags = Tags(page)
    assert tags.all("video")[0]["src"] == "out.mp4"
    pictures = [a["src"] for a in tags.all("img")]
    assert len(pictures) == 2 + 3 and all(src.startswith("data:image/") for src in pictures)
    for src in pictures:
        data = base64.b64decode(src.split(",", 1)[1])
        assert data[:8] == b"\x89PNG\r\n\x1a\n" or data[:3] == b"\xff\xd8\xff"
    assert not re.search(r'(src|href|srcset)="(https?:)?//', page) and not tags.all("link")
    for text in ("seams a minute", "fewer is calmer", "search.min_dwell", "prosody", "pose 0.25", "a.mp4 2.00 s"):
        assert text in page


def test_lips_are_drawn_against_the_speech_and_their_worst_moments_pictured():
    track = np.where(np.arange(90) % 30 < 5, np.nan, 0.1 + 0.05 * np.sin(np.arange(90) / 4))
    strip = seam_strip([np.full((48, 48, 3), 90, np.uint8)] * 8, 4)
    page = built(report(jumps=1, lips=track, lip_moments=[LipMoment(45, strip, 3.25)]))
    assert len(Tags(page).all("img")) == 2 + 1 + 1 and "3.25" in page and "1.50 s" in page
    without = built(report(jumps=1))
    assert "<h2>Lips</h2>" in page and "<h2>Lips</h2>" not in without
    high, low = (cv2.imdecode(np.frombuffer(energy_plot(data, LIGHT), np.uint8), cv2.IMREAD_COLOR).shape[0]
                 for data in (report(lips=track), report()))  # fmt: skip
    assert high > low + 100, "a curve more"
    with pytest.raises(ValueError, match="lips"):
        report(lips=track[:40])


def test_every_text_is_escaped_and_the_video_link_stays_in_the_folder():
    seam = SeamReport(3, EVIL, EVIL, 1.0, terms={EVIL: 1.0}, quality={EVIL: 1.0})
    texts = {name: EVIL for name in ("title", "avatar", "speech")}
    tables = {"settings": {EVIL: EVIL}, "versions": {EVIL: {EVIL: EVIL}}, "figures": [Figure(EVIL, EVIL, EVIL)]}
    page = built(
        report(videos=[EVIL, "$a$_{b"], seams=[seam], notes=[EVIL], video_file="../../a b\"'<?#.mp4", **texts, **tables)
    )
    assert "alert(" in page and "<script>alert" not in page
    assert len(Tags(page).all("script")) == 1
    assert Tags(page).all("video")[0]["src"] == "a%20b%22%27%3C%3F%23.mp4"


def test_same_data_same_page():
    assert built(report()) == built(report())


def test_odd_reports_are_built():
    assert "nothing to see" in built(report(jumps=0, notes=["nothing to see"]))
    for odd in ({"jumps": 0, "frames": 1}, {"speech_energy": np.full(90, np.nan)}):
        assert Tags(built(report(**odd))).all("video")[0]["src"] == "out.mp4"


def test_seams_without_a_picture_are_counted_and_listed():
    page = built(report(frames=200, seams=[jump(k, pictured=k % 3 == 0) for k in range(20)]))
    assert page.count("data:image/jpeg") == 7 and "7 of 20 are pictured" in page
    assert all(f"a.mp4 {k}.00 s → b.mp4 1.00 s" in page for k in range(20))
    assert "are pictured" not in built(report(jumps=3))


def test_a_curve_of_an_hour_has_as_many_points_as_can_be_seen_and_keeps_its_peaks():
    values = np.zeros(108_000)
    values[[5, 70_001, 107_999]] = 3, 1, 2
    few, step = thinned(values, np.max)
    assert len(few) <= MOST_POINTS and step * len(few) >= len(values)
    assert [few[5 // step], few[70_001 // step], few[-1]] == [3, 1, 2]
    assert thinned(values[:90], np.max)[1] == 1


@pytest.mark.parametrize("plot", [path_plot, energy_plot])
def test_plots_of_an_hour_stay_small(plot):
    frames = 108_000
    source = np.arange(frames) % 72 / 30 + np.arange(frames) // 72 % 11  # 1,500 jumps
    data = report(frames=frames, seams=[jump(72 * k, pictured=False) for k in range(1500)], source_seconds=source)
    assert len(plot(data, LIGHT)) < 500_000


def test_lengths_that_disagree_are_refused():
    with pytest.raises(ValueError, match="motion_energy has 3 values for 90"):
        report(motion_energy=np.zeros(3))
    with pytest.raises(ValueError, match="source_video"):
        report(source_video=np.full(90, 2))


def test_the_page_says_where_a_seam_was_cut_and_what_was_made():
    seams = [
        SeamReport(40, "a", "b", 0.5, b"picture", window=(36, 44), shift=-2),
        SeamReport(80, "c", "d", 0.5, b"picture", window=(80, 80), shift=0),
    ]
    page = " ".join(built(report(seams=seams)).split())
    assert "at frame 40, 2 earlier than the clips' border" in page and "8 frames, 36 to 43" in page
    assert "at frame 80<" in page and "made</b> none" in page


def test_each_video_shows_how_it_was_fitted():
    page = built(report(fits=[FitPicture("<b>talk</b>.mp4", b"\xff\xd8picture")]))
    assert "The fitted skeleton" in page and base64.b64encode(b"\xff\xd8picture").decode() in page
    assert "&lt;b&gt;talk&lt;/b&gt;.mp4" in page and "<b>talk</b>" not in page
    assert "The fitted skeleton" not in built(report())
