"""The coach: what a photographer wants to know of a shot before the client leaves. It rejects nothing.

The limits were set on the portraits of half of the people of a labelled table; `docs/reference/coach.md` says
how often they are right on the other half.
"""

from dataclasses import dataclass

from studio_server.domain.shot import Quality

SOFT = 1.8
"""Pixels by which the sharper eye's edges are spread in the proof; from here on it is out of focus."""
ELSEWHERE = 1.6
"""So many times sharper than the eyes is another place in the picture, where the focus lies there."""
SHUT, WINK = 0.8, 0.6
"""How far the iris stands out from the white (`Seen.eye_left`): of both eyes, and of one over the other's."""
SLIT = 0.13
"""Height over width of an eye that is all but closed."""
TURNED = 10.0
"""Degrees as the face mesh tells them, which are fewer than those that the head is turned by."""
TILTED = 15.0
SMILE, LIFTED = 0.68, 0.055
"""A smile whoever it is; and how far above the person's own calmest face a smile begins."""
CUT, CUT_ABOVE, TIGHT, LOOSE = -0.02, -0.08, 0.02, 1.6
"""Room around the face, of the head's height: it is cut at the side or the chin, at the crown (which is hair,
and only reckoned); it has hardly any above it, it has much."""
SMALL = 0.12
"""Of the picture's height: a head of less has too few pixels for a master."""
BURNT = 0.03
"""Of the face's pixels."""
OUT_OF_FOCUS = "out of focus"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Seen:
    """What was measured of a shot's nearest face: biometric, kept with the session's, and erased with it.

    It tells one person's pictures apart, not one person from another.
    """

    faces: int
    """Those at least half as wide as the widest; 0: none was found, and nothing below is measured."""
    focus: float = 0.0
    """Pixels of the proof by which the edges of the sharper eye are spread."""
    best: float = 0.0
    """The same where the picture is sharpest."""
    eye_left: float = 0.0
    eye_right: float = 0.0
    """Of the eye on that side of the picture: natural logarithm of light over dark across it."""
    lids: float = 0.0
    """Height over width of the wider eye."""
    smile: float = 0.0
    """As in `shot.Expression`, and so are the next two."""
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    """Degrees; positive: the head leans to the right of the picture."""
    above: float = 0.0
    beside: float = 0.0
    below: float = 0.0
    """Room from the crown, the narrower side and the chin to the frame, of the head's height."""
    height: float = 0.0
    """Of the head, over the picture's."""
    clipped: float = 0.0
    """Share of the face's pixels at 254 and above in any channel."""

    @property
    def sharp(self) -> bool:
        return self.faces > 0 and self.focus < SOFT

    @property
    def open(self) -> bool:
        """Both eyes. Not asked of what is out of focus, for a blurred iris does not stand out."""
        return not _eyes_shut(self)

    @property
    def cut(self) -> bool:
        return min(self.beside, self.below) < CUT or self.above < CUT_ABOVE

    @property
    def side(self) -> str:
        """Where the head is turned, as the photographer sees it: left, right or front."""
        return "front" if abs(self.yaw) < TURNED else "right" if self.yaw > 0 else "left"


def smiles(seen: Seen, calmest: float) -> bool:
    """Whether it is a smile; `calmest`: the least smile of the session."""
    return seen.smile >= SMILE or seen.smile >= calmest + LIFTED


def notes(quality: Quality | None, seen: Seen | None) -> tuple[str, ...]:
    """What is to be said of a shot, the gravest first; `seen` is None where no face may be looked for."""
    told = quality.notes if quality else ()
    if seen is None:
        return told
    if not seen.faces:
        return (*told, "no face found: turned away, or small in the frame")
    own = (_focus(seen), _eyes_shut(seen) if seen.sharp else "", _frame(seen), _burnt(seen), _company(seen))
    return tuple(note for note in (*own, *(one for one in told if one != OUT_OF_FOCUS)) if note)


def reading(seen: Seen, calmest: float) -> str:
    """Pose and expression in a few words: no fault, a help in choosing."""
    side = {"front": "facing the camera", "left": "turned left", "right": "turned right"}[seen.side]
    tilt = ", head tilted" if abs(seen.roll) >= TILTED else ""
    return f"{side}{tilt}, {'smile' if smiles(seen, calmest) else 'calm'}"


def number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _focus(seen: Seen) -> str:
    if seen.sharp:
        return ""
    return "eyes out of focus" + (": the focus lies elsewhere" if seen.focus > ELSEWHERE * seen.best else "")


def _eyes_shut(seen: Seen) -> str:
    if seen.lids < SLIT or (seen.eye_left + seen.eye_right) / 2 < SHUT:
        return "eyes closed or nearly"
    less, more = sorted((seen.eye_left, seen.eye_right))
    return "one eye closed or nearly" if less < WINK * more else ""


def _frame(seen: Seen) -> str:
    if seen.cut:
        over = ((seen.above - CUT_ABOVE, "top"), (seen.below - CUT, "chin"), (seen.beside - CUT, "side"))
        return f"head cut at the {min(over)[1]}"
    if seen.height < SMALL:
        return "small in the frame"
    if seen.above < TIGHT:
        return "hardly any room above the head"
    return "much room above the head" if seen.above > LOOSE else ""


def _burnt(seen: Seen) -> str:
    return f"highlights clipped on {round(100 * seen.clipped)} % of the face" if seen.clipped >= BURNT else ""


def _company(seen: Seen) -> str:
    return f"{number(seen.faces)} faces: the nearest is looked at" if seen.faces > 1 else ""
