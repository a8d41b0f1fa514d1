"""Briefs -> pictures, locked lane: the person as photographed, in surroundings that the base paints.

Read from `LockedPainter.paint` downwards. What is costly (the matte) is kept per shot and size on disk,
and the last shot in memory, so that each further context costs the painting and the blend alone.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio_server.domain.engines import Painted, PaintJob
from studio_server.domain.shot import Expression
from studio_server.domain.variation import OWN_PLATE, PLATE_ALONE, Pass
from studio_server.engines.bases import Base, load_base
from studio_server.engines.cutting import PREVIEW, FindPerson, Material, Scissors
from studio_server.engines.fallback import in_one_sentence, take_off
from studio_server.engines.judge import Exhibit, Judge
from studio_server.engines.placing import Scene, Wanted, put_behind
from studio_server.engines.plates.framing import Place
from studio_server.engines.shelf import Shelf
from studio_server.engines.surroundings import Order, paint_surroundings
from studio_server.imaging.compose import Composite, compose, layers_of
from studio_server.imaging.faces import FaceModels, find_faces
from studio_server.imaging.layered import layered_tiff
from studio_server.imaging.light import Sight
from studio_server.imaging.matte import cut_out
from studio_server.imaging.render import encode_master, proof
from studio_server.imaging.retouch import retouch


@dataclass(frozen=True)
class _Made:
    """One picture on its way: what it was made from, before and after retouching, and who painted."""

    material: Material
    scene: Scene
    composite: Composite
    finished: NDArray[np.uint8]
    base: str


class LockedPainter:
    """The port `Painter`. Not for two threads at once: the base wears one session's LoRA at a time."""

    def __init__(self, base: Path, shelf: Shelf, find_person: FindPerson | None = None) -> None:
        self._directory = base
        self._shelf = shelf
        self._scissors = Scissors(shelf, find_person)

    @functools.cached_property
    def _base(self) -> Base:
        return load_base(self._directory)

    @functools.cached_property
    def _face_models(self) -> FaceModels:
        landmarks = self._shelf.path("shape_predictor_5_face_landmarks.dat")
        return FaceModels(landmarks, self._shelf.path("dlib_face_recognition_resnet_model_v1.dat"))

    @functools.cached_property
    def _judge(self) -> Judge:
        missing = "face_landmark.tflite" in self._shelf.missing()  # then no expression is read
        return Judge(self._face_models, None if missing else self._shelf.path("face_landmark.tflite"))

    @in_one_sentence("Painting")
    def paint(self, job: PaintJob) -> Painted:
        made = self._made(job)
        exhibit = Exhibit(
            rendition=made.material.picture,
            cut=made.material.cut,
            composite=made.composite,
            rendition_key=job.cut.rendition_key,
            session_faces=job.session_faces if job.look_for_faces else None,
            memo=made.material.folder,
            scene=made.scene,
        )
        return Painted(
            picture=encode_master(made.finished),
            proof=proof(made.finished, PREVIEW),
            width=made.finished.shape[1],
            height=made.finished.shape[0],
            base=made.base,
            resemblance=self._judge.judge_composite(exhibit),
        )

    @in_one_sentence("Taking the picture apart")
    def layers(self, job: PaintJob, xmp: bytes) -> bytes:
        made = self._made(job)
        material = made.material
        return layered_tiff(layers_of(material.picture, material.cut, made.composite, made.finished), xmp)

    def _made(self, job: PaintJob) -> _Made:
        material = self._scissors.material(job.cut, PREVIEW if job.made_in is Pass.PREVIEW else None)
        wanted = Wanted(job.context, job.seed, job.focal_length_mm, job.f_number, job.plate)
        scene = put_behind(material.picture, material.cut, wanted, self._sight(job, material))
        surroundings, base = self._surroundings(job, material, scene.place)
        composite = compose(material.picture, material.cut, surroundings, seed=job.seed)
        return _Made(material, scene, composite, self._retouched(job, material, composite), base)

    def _surroundings(self, job: PaintJob, material: Material, place: Place) -> tuple[NDArray[np.uint8], str]:
        """What is behind the person, and who painted it; nobody paints over the studio's own photograph."""
        if job.plate:
            return place.picture, OWN_PLATE
        order = Order(
            place.picture,
            material.picture,
            material.cut.alpha,
            job.context,
            job.seed,
            job.adapter,
            place.record.spoken,
        )
        painted = paint_surroundings(self._base, order)
        return painted, PLATE_ALONE if painted is place.picture else self._base.label

    def _sight(self, job: PaintJob, material: Material) -> Sight | None:
        if not job.look_for_faces:
            return None
        return self._judge.sight(job.cut.rendition_key, material.picture, job.session_faces)

    def _retouched(self, job: PaintJob, material: Material, composite: Composite) -> NDArray[np.uint8]:
        """After the judge has compared the person, and on the person alone."""
        if not job.retouch or not job.look_for_faces:
            return composite.picture
        faces = find_faces(material.picture, self._face_models, embed=False)
        core = composite.core.astype(np.float32)
        return retouch(composite.picture, core, faces[0], job.retouch) if faces else composite.picture

    def warm(self) -> None:
        """Load and compile what the first picture needs, while nobody waits for it yet."""
        picture, mask = _dummy()
        self._scissors.find_person(picture)
        cut = cut_out(picture, mask)
        order = Order(picture, picture, cut.alpha, "studio-grey", 0, None)
        compose(picture, cut, paint_surroundings(self._base, order), seed=0)

    def lend(self) -> Base:
        """For the synthetic lane: a GPU holds one large base, and both lanes paint with it."""
        return self._base

    def rest(self) -> None:
        """Take the base off the GPU while another one is fitted there."""
        if "_base" in self.__dict__:
            take_off(self._base)

    def learn_faces(self, renditions: Sequence[tuple[str, Path]], session_faces: Path) -> None:
        self._judge.learn(renditions, session_faces)

    def expressions(self, session_faces: Path) -> Mapping[str, Expression]:
        return self._judge.expressions(session_faces)


def _dummy() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A dark disc on light paper, and where it is: a picture of nobody, large enough for every code path."""
    y, x = np.mgrid[0:640, 0:480]
    mask = np.clip((150 - np.hypot(x - 240, y - 320)) / 4, 0, 1).astype(np.float32)
    picture = np.repeat((210 - 150 * mask + x * 0.02)[..., None], 3, axis=2).astype(np.uint8)
    return picture, mask
