"""What the networks' native libraries say to the terminal: nothing of their start, every fault."""

import os
import time

import numpy as np
import pytest

from tango_models.perception.face_mesh import FaceMeshDetector
from tango_models.perception.faces import FaceFinder
from tango_models.perception.quiet import quiet_native_logs

_SAID_LATE = 0.5  # seconds after a network was made in which its threads still speak


@pytest.mark.parametrize("make", [FaceMeshDetector, FaceFinder])
def test_a_network_starts_in_silence_however_late_its_threads_speak(make, capfd):
    picture = np.full((96, 96, 3), 90, np.uint8)
    for _ in range(2):
        network = make()
        time.sleep(_SAID_LATE)
        network.find(picture)
        if make is FaceMeshDetector:
            network.reset()
            time.sleep(_SAID_LATE)
            network.find(picture)
        network.close()
        network.find(picture)
        network.close()
    assert capfd.readouterr().err == ""


def test_what_is_no_chatter_is_passed_on(capfd):
    with quiet_native_logs():
        os.write(2, b"W0000 00:00:1 1 inference_feedback_manager.cc:114] Feedback manager\n")
        os.write(2, b"E0000 00:00:1 1 calculator_graph.cc:900] the graph has errors\n")
        os.write(2, b"W0000 00:00:1 1 other.cc:1] a warning that nobody knows\n")
    said = capfd.readouterr().err.splitlines()
    assert [line[:5] for line in said] == ["E0000", "W0000"] and "nobody knows" in said[1]
