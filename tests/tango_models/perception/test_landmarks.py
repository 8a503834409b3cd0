import numpy as np
import pytest

from tango_models.perception.hands import hand_boxes, hand_scores, metric_hand
from tango_models.perception.landmarks import BODY_POINTS, Landmarks, empty_row, letterbox, stack_rows


def some(count: int, size: tuple[int, int] = (64, 48), seed: int = 0) -> Landmarks:
    random = np.random.default_rng(seed)
    rows = [
        {name: random.normal(size=array.shape).astype(array.dtype) for name, array in empty_row(37).items()}
        for _ in range(count)
    ]
    return stack_rows(size, rows, 37)


def test_pieces_of_a_video_join_into_the_whole():
    whole = some(7)
    joined = Landmarks.concatenate([whole.frames(0, 3), whole.frames(3, 7)])
    assert len(joined) == 7
    for name, array in whole.to_columns().items():
        np.testing.assert_array_equal(joined.to_columns()[name], array)


def test_pieces_of_different_pictures_do_not_join():
    with pytest.raises(ValueError, match="different picture sizes"):
        Landmarks.concatenate([some(2), some(2, size=(10, 10))])


def test_columns_carry_everything_and_share_the_time_axis():
    whole = some(5)
    columns = whole.to_columns()
    assert all(len(array) == 5 for array in columns.values())
    back = Landmarks.from_columns(columns)
    assert back.image_size == (64, 48)
    np.testing.assert_array_equal(back.hands_xy, whole.hands_xy)


def test_a_row_stays_small_enough_for_minutes_of_video():
    assert sum(array.nbytes for array in some(10).to_columns().values()) / 10 < 6500


def test_nobody_found_is_nan_with_no_trust():
    empty = stack_rows((64, 48), [empty_row(37)], 37)
    assert not empty.found.any()
    assert np.isnan(empty.hand_boxes).all() and np.isnan(empty.body_world).all()
    assert not empty.body_visibility.any() and not empty.mask.any()


def test_letterbox_keeps_the_aspect():
    assert letterbox(1280, 720) == (0, 14, 64, 36)
    assert letterbox(480, 960) == (16, 0, 32, 64)


def body_with(**points: tuple[float, float]) -> np.ndarray:
    body = np.zeros((33, 2), np.float32)
    for name, place in points.items():
        body[BODY_POINTS.index(name)] = place
    return body


def test_a_hand_out_of_the_network_s_sight_still_has_a_box_beyond_the_wrist():
    body = body_with(left_elbow=(100, 100), left_wrist=(100, 200), left_pinky=(95, 225), left_index=(105, 225),
                     left_thumb=(110, 215))  # fmt: skip
    visibility = np.zeros(33)
    visibility[BODY_POINTS.index("left_wrist")] = 0.9
    boxes = hand_boxes(np.full((2, 21, 2), np.nan), body, visibility, (640, 480))
    x0, y0, x1, y1 = boxes[0]
    assert x0 < 95 and x1 > 110 and y0 < 215 < 230 < y1
    assert np.isnan(boxes[1]).all()


def test_boxes_end_at_the_picture():
    hands = np.full((2, 21, 2), np.nan, np.float32)
    hands[1] = np.linspace([600, 400], [660, 500], 21)
    box = hand_boxes(hands, body_with(), np.zeros(33), (640, 480))[1]
    assert box[2] == 640 and box[3] == 480 and box[0] < 600


def test_one_hand_taken_for_both_counts_once():
    hand = np.random.default_rng(1).uniform(0, 80, (21, 2)).astype(np.float32)
    body = body_with(left_wrist=tuple(hand[0] + 3), right_wrist=tuple(hand[0] + 120))
    scores = hand_scores(np.stack([hand, hand + 1]), body)
    assert scores[0] > 0.9 and scores[1] == 0


def test_metric_hand_has_an_adult_s_palm_and_faces_up():
    pixels = np.zeros((21, 3), np.float32)
    pixels[[5, 9, 13, 17]] = [[-10, -60, 0], [0, -62, 0], [10, -60, 0], [20, -55, 0]]  # knuckles above the wrist
    local = metric_hand(pixels)
    assert (local[[5, 9, 13, 17], 1] > 0.07).all()
    assert np.linalg.norm(local[[5, 9, 13, 17]], axis=1).mean() == pytest.approx(0.092, abs=1e-4)
