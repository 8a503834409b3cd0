"""Lips of real avatars over a minute of speech: do they fit it, can it be seen that they are others, and how well they
are told where they are known.

The tables are those of `tango evaluate lips`. Opening and loudness: their correlation, the lag of the lips in frames,
and how far it is from that with the sound moved, in standard deviations. *rest*: opening in pauses, of that in speech.
*closed*: p, b and m with closed lips; *false*: open vowels with them. *sharp*, *rim*: of the mouth's picture and of the
gradients around it, of those in the footage. *pops*: changes of a mouth's source that can be seen, and as many other
moments *beside*. `footage` is the speaker with their own sound, `off` the mouths of the frames shown, `random` mouths
from anywhere. In the second table each half of a video is made of the other half's mouths for its own sound: *corr* of
the openings, *oracle* were the true ones asked for, *learned* by what the other half tells of this speaker; *error* of
lips and chin, of that of another mouth of the footage, *best* of the nearest, *average* of the mean mouth.
"""

from benchmarks.commands import workplace
from benchmarks.printing import heading, table
from benchmarks.rendered import catalog_of, read_arguments, render_all

_WANTED = """
corr of `match` at least that of `footage`, z at least 6, rest at most 0.35, closed at least 0.9, false at most 0.1,
sharp at least 0.9, rim at most 1.15, pops at most beside + 0.03; held out: corr at least 0.6, lag within a frame, error
at most 0.75.
"""


def main() -> None:
    arguments = read_arguments(__doc__)
    heading("Lips of real avatars", __doc__, "real_lips")
    from flows.configuration.settings import Settings
    from flows.models.evaluate_lips import evaluate_lips
    from tango_models.synthetic.known_sounds import known_sounds

    with workplace() as place:
        names = [name for name, _ in render_all(arguments, place)]
        figures, held = evaluate_lips(Settings(catalog=str(catalog_of(arguments, place))), names, said=known_sounds)
    print(f"{arguments.speech.name}, seed 0. Wanted:{_WANTED}")
    for cells in ([row.cells() for row in figures], [row.cells() for row in held]):
        if cells:
            table(list(cells[0]), [[*line.values()] for line in cells])


if __name__ == "__main__":
    main()
