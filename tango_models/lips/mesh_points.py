"""Points of the face mesh by what they are (indices of MediaPipe's 478)."""

import numpy as np

OUTER_LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)  # fmt: skip
"""From the person's right corner over the upper lip to the left corner, and back below."""
INNER_LIPS = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)  # fmt: skip
"""The same of the lips' inner border: the k-th above, `-k`-th below."""
GAPS = ((81, 178), (82, 87), (13, 14), (312, 317), (311, 402))
"""(upper, lower) points of the inner border whose distances are the opening."""
CORNERS = (61, 291)
EYE_CORNERS = (33, 263)
CHIN = 152
STIFF = (
    33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 10, 151, 9, 8, 54, 284, 127, 356, 234, 454, 117, 346, 98, 327,
)  # fmt: skip
"""Points that speech does not move: eye corners, nose, forehead, temples, cheek bones."""
JAW = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288)
"""The border of the face from below one ear over the chin to below the other."""
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The whole border of the face."""
LIPS = np.array(OUTER_LIPS + INNER_LIPS)
MOUTH = np.array(OUTER_LIPS + INNER_LIPS + JAW)
"""What of a mouth is compared: 40 points of the lips and 15 of the jaw."""
