"""The gestures the speaker knows: shapes of one or both arms, for `gestures` to place on stressed words."""

from dataclasses import dataclass

from tango_models.synthetic.arms import ArmState

RELAXED = (20, 26, 34, 30, 10)
OPEN = (8, 10, 14, 12, 0)
PINCH = (48, 30, 24, 26, 30)
COUNTS = ((3, 66, 68, 68, 40), (3, 3, 68, 66, 40), (3, 3, 68, 3, 40))  # one, two, three fingers: FINGERS' order

REST = ArmState(0.160, 0.135, 0.220, lift=0.30, twist=-8, flex=12, deviate=4, curl=(26, 32, 42, 38, 14), spread=-4)


@dataclass(frozen=True)
class Gesture:
    """Where the arms are at the end of the stroke; an arm that is None stays or goes to its waiting place."""

    name: str
    left: ArmState | None
    right: ArmState | None
    rise: float  # metres the hand is raised in preparation
    sway: float = 0.0  # torso turn in degrees, + towards the speaker's left


WAITING = ArmState(0.185, 0.180, 0.235, lift=0.33, twist=-10, flex=4, deviate=2, curl=(26, 32, 40, 36, 14), spread=-3)

_OFFER = ArmState(0.235, 0.215, 0.315, lift=0.40, twist=62, flex=-12, curl=OPEN, spread=3)
_OPEN_WIDE = ArmState(0.325, 0.265, 0.255, lift=0.50, twist=50, flex=-14, curl=OPEN, spread=4)
_SWEEP = ArmState(0.365, 0.300, 0.235, lift=0.55, twist=40, flex=-10, deviate=-4, curl=OPEN, spread=3)
_BOX = ArmState(0.165, 0.255, 0.300, lift=0.50, twist=4, flex=2, curl=(12, 14, 18, 16, 2), spread=1)
_BEAT = ArmState(0.205, 0.225, 0.310, lift=0.40, twist=18, flex=0, curl=RELAXED, spread=0)
_PINCH = ArmState(0.190, 0.295, 0.285, lift=0.45, twist=-18, flex=8, curl=PINCH)
_PRESS = ArmState(0.215, 0.200, 0.300, lift=0.55, twist=-62, flex=-14, curl=(10, 12, 16, 14, 4), spread=1)
_LIFTED = ArmState(0.275, 0.345, 0.255, lift=0.45, twist=26, flex=-16, curl=OPEN, spread=4)

GESTURES: tuple[Gesture, ...] = (
    Gesture("offer_both", _OFFER, _OFFER, 0.050),
    Gesture("offer_left", _OFFER.moved(out=0.03), None, 0.055, 4),
    Gesture("offer_right", None, _OFFER.moved(out=0.03), 0.055, -4),
    Gesture("open_wide", _OPEN_WIDE, _OPEN_WIDE, 0.065),
    Gesture("sweep_left", _SWEEP, None, 0.050, 6),
    Gesture("sweep_right", None, _SWEEP, 0.050, -6),
    Gesture("box", _BOX, _BOX, 0.050),
    Gesture("chop_left", _BEAT.moved(up=0.01, twist=-16), WAITING, 0.075, 3),
    Gesture("chop_right", WAITING, _BEAT.moved(up=0.01, twist=-16), 0.075, -3),
    Gesture("pinch_right", None, _PINCH, 0.045, -2),
    Gesture("pinch_left", _PINCH, None, 0.045, 2),
    Gesture("press_both", _PRESS, _PRESS, 0.070),
    Gesture("press_right", None, _PRESS, 0.065, -3),
    Gesture("lift_both", _LIFTED, _LIFTED, 0.030),
    Gesture("lift_left", _LIFTED, WAITING, 0.035, 4),
    Gesture("lift_right", WAITING, _LIFTED, 0.035, -4),
)

COUNT_ARM = ArmState(0.235, 0.335, 0.245, lift=0.40, twist=-6, flex=-6, deviate=6, curl=COUNTS[0], spread=4)
COUNT_WORDS = {"one": 0, "first": 0, "two": 1, "second": 1, "three": 2, "third": 2}
