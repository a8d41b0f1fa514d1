"""Where a person is put: a plate that suits the light on their face, and what the judge must know of it."""

from dataclasses import dataclass

import numpy as np

from studio_server.domain.engines import PlateFile
from studio_server.domain.variation import Measure
from studio_server.engines.plates.framing import Frame, Place, behind, frame_of, side_of
from studio_server.engines.plates.own import behind_own
from studio_server.engines.plates.sharpness import discs_of
from studio_server.imaging.compose import facing_the_light
from studio_server.imaging.cut import Cut
from studio_server.imaging.light import CLEAR, SIDED, Sight
from studio_server.imaging.pixels import Picture

HEIGHT, BLUR = 0.05, 0.30
"""Of the frame's height; of the thin lens's disc."""
_STEP = 0.10
"""By so much a farther disc may come out smaller than a nearer one: the measurement's own error."""


@dataclass(frozen=True)
class Wanted:
    """A place behind one shot; focal length and aperture are the EXIF's, None where it does not tell."""

    context: str
    seed: int
    focal_mm: float | None = None
    f_number: float | None = None
    own: PlateFile | None = None
    """A photograph of the studio's own instead of a rendered plate."""


@dataclass(frozen=True)
class Scene:
    """What was put behind the person, and for what frame, lens and light."""

    place: Place
    frame: Frame
    told: bool
    """Whether the EXIF told the lens."""
    sight: Sight | None
    """What was seen of the face; None: it was not looked for, or there is none."""
    own: bool = False
    """Whether the place is a photograph, whose distances are not known."""


def put_behind(picture: Picture, cut: Cut, wanted: Wanted, sight: Sight | None) -> Scene:
    """Choose and frame a plate. Without a light on a face it is turned to the bright side of the person."""
    frame = frame_of(cut.alpha, wanted.focal_mm, wanted.f_number, sight.eyes if sight else None)
    told = wanted.focal_mm is not None and wanted.f_number is not None
    if wanted.own:
        return Scene(behind_own(wanted.own, wanted.seed, frame), frame, told, sight, own=True)
    light = sight.light if sight else None
    place = behind(wanted.context, wanted.seed, frame, light)
    if light is None and facing_the_light(place.picture, picture, cut) is not place.picture:
        place = place.mirrored()
    return Scene(place, frame, told, sight)


def rows_of_scene(scene: Scene, ground: Picture) -> tuple[Measure, ...]:
    """Light side, blur and camera height of surroundings (`ground`) as they were laid."""
    return light_side(scene), blur(scene, ground), camera_height(scene)


def light_side(scene: Scene) -> Measure:
    """Strength of a light on the face that comes from a side where the place has none."""
    name = "light side"
    light = scene.sight.light if scene.sight else None
    if light is None:
        why = "not measured: no face was looked for, or too little of its skin is seen"
        return Measure(name, None, SIDED, passed=True, why=why)
    theirs = side_of(scene.place.record)
    limit = CLEAR if theirs == "front" else SIDED
    wrong = light.side not in ("front", theirs)
    value = round(abs(light.strength), 3) if wrong else 0.0
    passed = value < limit
    return Measure(name, value, limit, passed=passed, why="" if passed else _say_sides(light.side, theirs))


def _say_sides(ours: str, theirs: str) -> str:
    place = "has no light from a side" if theirs == "front" else f"is lit from the {theirs}"
    return (
        f"the face is lit from the {ours}, and this place {place}: "
        "choose another context, or a shot with the light from the front"
    )


def blur(scene: Scene, ground: Picture) -> Measure:
    """Worst deviation of the blur discs that are seen in the picture from the thin lens's; <= 0.3."""
    name = "blur"
    if scene.own:
        why = "not measured: a photograph does not tell how far away what it shows is"
        return Measure(name, None, BLUR, passed=True, why=why)
    if not scene.told:
        why = "not measured: the shot does not tell its focal length and aperture"
        return Measure(name, None, BLUR, passed=True, why=why)
    found = discs_of(scene.place, ground, scene.frame.lens)
    if not found:
        why = "not measured: nothing behind has an edge to measure it on"
        return Measure(name, None, BLUR, passed=True, why=why)
    worst = max(abs(disc.seen / disc.due - 1) for disc in found)
    by_depth = [disc.seen for disc in sorted(found, key=lambda disc: disc.metres)]
    grows = bool(np.all(np.diff(by_depth) > -_STEP * np.array(by_depth[:-1])))
    why = "" if grows else "what is farther is not blurred more"
    return Measure(name, round(worst, 3), BLUR, passed=worst <= BLUR and grows, why=why)


def camera_height(scene: Scene) -> Measure:
    """From the place's horizon to the sitter's eyes, as a fraction of the frame's height; <= 0.05."""
    name = "camera height"
    if not scene.frame.found:
        why = "not measured: no head was made out"
        return Measure(name, None, HEIGHT, passed=True, why=why)
    eyes = scene.sight.eyes if scene.sight else scene.frame.eyes
    off = abs(scene.place.horizon - eyes)
    return Measure(name, round(off, 3), HEIGHT, passed=off <= HEIGHT)
