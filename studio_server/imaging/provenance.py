"""Content credentials (C2PA 2.2): a signed claim in the file of where its pixels come from.

Sign last: whatever writes into the file afterwards, be it a rating, breaks the signature. No time stamp is
asked of anybody and nothing is fetched: studios work without internet, and clients are nobody's business.
"""

import io
import json
from pathlib import PurePath
from typing import IO, Any

import c2pa

from studio_server import __version__
from studio_server.domain.delivery import SOURCE_TYPE_ROOT, SourceType
from studio_server.domain.errors import BadInput
from studio_server.domain.provenance import Claim, Finding, Signer, Standing

PRODUCT = "Studio Server"
CAPTURE_LABEL = "org.studio-server.capture"
FORMATS = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".png": "image/png",
    ".webp": "image/webp",
    ".dng": "image/x-adobe-dng",
    ".heic": "image/heic",
}
_ALGORITHMS = {
    "es256": c2pa.C2paSigningAlg.ES256,
    "es384": c2pa.C2paSigningAlg.ES384,
    "ps256": c2pa.C2paSigningAlg.PS256,
    "ed25519": c2pa.C2paSigningAlg.ED25519,
}
_MAGIC = (
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/tiff", 0, b"II*\0"),
    ("image/tiff", 0, b"MM\0*"),
    ("image/webp", 8, b"WEBP"),
    ("image/heic", 4, b"ftyphei"),
    ("image/heif", 4, b"ftypmif1"),
)
_INGREDIENT = "capture"
_UNKNOWN = "application/octet-stream"


def sign(picture: bytes, media_type: str, claim: Claim, capture: IO[bytes], signer: Signer) -> bytes:
    """Return the picture with its content credentials; not a byte of its pixels or metadata changes.

    `capture` is the original's file, read once. Raises BadInput for a file that cannot carry them.
    """
    out = io.BytesIO()
    try:
        with (
            c2pa.Signer.from_callback(signer.sign, _ALGORITHMS[signer.algorithm], signer.chain, None) as by,
            c2pa.Builder(_manifest(claim, media_type), _context(signer)) as builder,
        ):
            _add_capture(builder, claim, capture)
            builder.sign(by, media_type, io.BytesIO(picture), out)
    except c2pa.C2paError as problem:
        raise BadInput(f"{claim.title} could not be signed ({problem}). It is not delivered.") from problem
    return out.getvalue()


def read(picture: IO[bytes], name: str, signer: Signer | None) -> Finding:
    """Return what a picture's content credentials say; `signer` is who we are, None: nobody yet.

    Raises BadInput for a kind of file that carries none.
    """
    media_type = _type_of(picture)
    if media_type is None:
        raise BadInput(
            f"{name} is no picture that carries content credentials. Send a JPEG, TIFF, PNG, WebP or HEIC."
        )
    try:
        with c2pa.Reader(media_type, picture, context=_context(signer)) as reader:
            found = json.loads(reader.json())
    except c2pa.C2paError as problem:
        if "ManifestNotFound" in str(problem):
            return Finding(Standing.UNSIGNED)
        picture.seek(0)
        if b"c2pa" not in picture.read():
            raise BadInput(f"{name} is damaged and cannot be read. Ask for the file once more.") from problem
        return Finding(Standing.CHANGED)
    return _finding(found)


def _type_of(picture: IO[bytes]) -> str | None:
    """By its first bytes: whoever sends it may have renamed it. A DNG is a TIFF."""
    head = picture.read(16)
    picture.seek(0)
    for media_type, at, magic in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return media_type
    return None


def _finding(found: dict[str, Any]) -> Finding:
    active = found["manifests"][found["active_manifest"]]
    made = _created(active)
    signature = active.get("signature_info", {})
    source = str(made.get("digitalSourceType", ""))
    return Finding(
        standing=_standing(found),
        title=str(active.get("title", "")),
        signed_by=str(signature.get("issuer") or signature.get("common_name") or "somebody unknown"),
        made_with=" ".join(
            str(active["claim_generator_info"][0].get(key, "")) for key in ("name", "version")
        ),
        base=str(made.get("softwareAgent", {}).get("name", "")),
        source_type=source.removeprefix(SOURCE_TYPE_ROOT),
        captures=tuple(str(one.get("title", "")) for one in active.get("ingredients", ())),
        made_at=str(made.get("when", "")),
    )


def _standing(found: dict[str, Any]) -> Standing:
    match found.get("validation_state"):
        case "Trusted":
            return Standing.OURS
        case "Valid":
            return Standing.ANOTHERS
        case _:
            return Standing.CHANGED


def _created(manifest: dict[str, Any]) -> dict[str, Any]:
    for assertion in manifest.get("assertions", ()):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in assertion["data"].get("actions", ()):
                if action.get("action") == "c2pa.created":
                    return dict(action)
    return {}


def _manifest(claim: Claim, media_type: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "action": "c2pa.created",
        "when": claim.made_at.isoformat(timespec="seconds"),
        "digitalSourceType": SOURCE_TYPE_ROOT + claim.source_type,
        "softwareAgent": {"name": claim.base or PRODUCT, "version": __version__},
    }
    actions = [made]
    if claim.source_type is not SourceType.GENERATED:
        actions.append({"action": "c2pa.placed", "parameters": {"ingredientIds": [_INGREDIENT]}})
    capture = {"name": claim.capture_name, "sha256": claim.capture_sha256}
    return {
        "claim_generator_info": [{"name": PRODUCT, "version": __version__}],
        "title": claim.title,
        "format": media_type,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": CAPTURE_LABEL, "data": capture},
        ],
    }


def _add_capture(builder: c2pa.Builder, claim: Claim, capture: IO[bytes]) -> None:
    """With the camera's own credentials, where it wrote some that can be read."""
    ingredient = json.dumps(
        {
            "title": claim.capture_name,
            "relationship": _relationship(claim),
            "label": _INGREDIENT,
            "instance_id": f"sha256:{claim.capture_sha256}",
        }
    )
    media_type = FORMATS.get(PurePath(claim.capture_name).suffix.lower(), _UNKNOWN)
    try:
        builder.add_ingredient(ingredient, media_type, capture)
    except c2pa.C2paError:  # the library reads no RAW, and stumbles over what is none of its kind
        builder.add_ingredient(ingredient, _UNKNOWN, io.BytesIO())


def _relationship(claim: Claim) -> str:
    """Name what the capture is to the picture: a part of it, or what the model that made it was shown."""
    return "inputTo" if claim.source_type is SourceType.GENERATED else "componentOf"


def _context(signer: Signer | None) -> c2pa.Context:
    settings: dict[str, Any] = {
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    }
    if signer:
        settings["trust"] = {"user_anchors": signer.root}
    return c2pa.Context.from_dict(settings)
