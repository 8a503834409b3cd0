"""Who the synthetic speaker is: body shape, colours, hair, clothes, camera and backdrop."""

from dataclasses import dataclass, field

from tango_models.errors import InputError

Colour = tuple[float, float, float]  # sRGB, 0..1


@dataclass(frozen=True)
class Identity:
    """Everything about the look of a speaker; the motion is independent of it."""

    name: str
    phenotype: dict[str, float] = field(default_factory=dict)  # share of each Anny variant, e.g. {"gender=0": 1.0}
    betas: tuple[float, ...] | None = None  # the open body's shape coefficients, instead of a phenotype
    skin: Colour = (0.80, 0.60, 0.49)
    lips: Colour = (0.66, 0.38, 0.35)
    hair: Colour = (0.16, 0.11, 0.08)
    brows: Colour = (0.18, 0.12, 0.09)
    iris: Colour = (0.30, 0.21, 0.13)
    top: Colour = (0.88, 0.89, 0.91)
    jacket: Colour | None = (0.16, 0.20, 0.30)  # None: the top alone
    trousers: Colour = (0.13, 0.13, 0.15)
    v_neck: float = 0.0  # depth of a V-neck in metres, 0 for a round one
    stripes: float = 0.0  # strength of the top's knitted stripes, 0..1
    stubble: float = 0.0  # 0..1
    brow_thickness: float = 1.0
    hair_volume: float = 1.0  # 1: about 2 cm on the crown
    hair_length: float = 0.0  # metres the hair hangs below the eyes at the sides; 0: short
    backdrop: tuple[Colour, Colour] = ((0.50, 0.56, 0.60), (0.20, 0.24, 0.28))  # light pool, corners
    distance: float = 2.6  # camera to speaker, metres
    visible_height: float = 0.97  # metres of the speaker's plane that fill the picture's height
    camera_height: float = 0.12  # of the lens above the picture's centre, metres
    head_room: float = 0.10  # metres above the head
    yaw: float = 0.0  # camera around the speaker, degrees


IDENTITIES: dict[str, Identity] = {
    i.name: i
    for i in (
        Identity("ada", phenotype={"gender=1": 0.9, "age=0.45": 0.1}, v_neck=0.03,
                 skin=(0.83, 0.63, 0.53), lips=(0.70, 0.38, 0.38), hair=(0.20, 0.12, 0.08), top=(0.90, 0.89, 0.87),
                 jacket=(0.13, 0.22, 0.30), hair_length=0.13, brow_thickness=0.8),
        Identity("bruno", phenotype={"gender=0": 0.9}, stubble=0.5, jacket=(0.17, 0.18, 0.21), top=(0.72, 0.80, 0.90),
                 backdrop=((0.60, 0.55, 0.49), (0.27, 0.23, 0.20)), distance=2.2),
        Identity("chidi", phenotype={"gender=0": 0.7, "muscle=1": 0.5}, skin=(0.42, 0.27, 0.20),
                 lips=(0.42, 0.24, 0.22), hair=(0.05, 0.04, 0.04), brows=(0.06, 0.05, 0.04), jacket=None,
                 top=(0.50, 0.22, 0.18), hair_volume=0.5, iris=(0.17, 0.11, 0.07),
                 backdrop=((0.42, 0.52, 0.50), (0.14, 0.20, 0.20)), distance=3.2, yaw=8.0),
        Identity("dina", phenotype={"gender=1": 1.0, "weight=1": 0.4}, skin=(0.72, 0.51, 0.38),
                 lips=(0.60, 0.30, 0.29), hair=(0.07, 0.05, 0.05), brows=(0.09, 0.07, 0.06), jacket=None,
                 top=(0.30, 0.42, 0.36), v_neck=0.05, hair_volume=0.7,
                 backdrop=((0.62, 0.60, 0.64), (0.30, 0.28, 0.34)), visible_height=0.9),
        Identity("erik", phenotype={"gender=0": 0.8, "age=1": 0.8, "weight=1": 0.5}, skin=(0.85, 0.66, 0.57),
                 hair=(0.55, 0.54, 0.52), brows=(0.42, 0.39, 0.36), iris=(0.27, 0.37, 0.45), jacket=(0.33, 0.27, 0.22),
                 top=(0.93, 0.93, 0.93), stubble=0.25, distance=2.9, yaw=-7.0, visible_height=1.05),
        Identity("fatou", phenotype={"gender=1": 0.9, "height=1": 0.5}, skin=(0.34, 0.22, 0.17),
                 lips=(0.40, 0.20, 0.20), hair=(0.04, 0.03, 0.03), brows=(0.05, 0.04, 0.04), iris=(0.14, 0.09, 0.06),
                 jacket=(0.62, 0.55, 0.36), top=(0.20, 0.20, 0.22), hair_volume=0.9, distance=2.0,
                 backdrop=((0.35, 0.40, 0.52), (0.12, 0.14, 0.21)), camera_height=0.2),
        Identity("gael", phenotype={"gender=0": 0.5, "weight=0": 0.6, "height=1": 0.7}, jacket=None,
                 hair=(0.42, 0.27, 0.14), brows=(0.34, 0.23, 0.14), iris=(0.32, 0.40, 0.32), top=(0.82, 0.76, 0.64),
                 stripes=0.7, backdrop=((0.54, 0.62, 0.66), (0.24, 0.30, 0.34)), visible_height=0.99),
    )
}  # fmt: skip


def find_identity(name: str) -> Identity:
    """The identity of this name. Raises InputError naming those there are."""
    if name not in IDENTITIES:
        raise InputError(name, "is no synthetic speaker", f"choose one of {', '.join(IDENTITIES)}")
    return IDENTITIES[name]
