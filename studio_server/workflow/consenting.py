"""The client agrees, purpose by purpose, or takes it back."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from studio_server.domain import consent
from studio_server.domain.consent import (
    NOTICE,
    NOTICE_VERSION,
    WHOLE_PICTURES,
    ConsentEvent,
    ConsentRecord,
    Purpose,
)
from studio_server.domain.errors import BadInput
from studio_server.domain.events import ConsentChanged, Flagged
from studio_server.domain.ports import Decision, UnitOfWork
from studio_server.domain.session import Session, SessionId
from studio_server.domain.shot import Flag
from studio_server.workflow import coaching
from studio_server.workflow.services import Services

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class ConsentForm:
    purposes: frozenset[Purpose]
    signed_name: str
    signature_png: bytes
    language: str = "en"


def notice(session: Session, asked: Sequence[Purpose]) -> str:
    """The text that the client sees and signs: of what is asked of them, nothing else."""
    lines = [f"Consent, version {NOTICE_VERSION}, for the session of {session.client_name}.", ""]
    lines += [f"[{purpose.value}] {text}" for purpose, text in NOTICE.items() if purpose in asked]
    lines += [
        "",
        "All of it stays on this studio's own machine. What is measured and fitted of you is erased after",
        f"{session.days_kept} days, or at once if you take your consent back: on this tablet, at any time.",
    ]
    return "\n".join(lines)


def asked_of(services: Services, live: frozenset[Purpose]) -> tuple[Purpose, ...]:
    """What the client is asked here: what this studio can do, and what they have agreed to already."""
    return consent.offered(synthetic=services.synthetic or Purpose.SYNTHETIC in live)


def give(services: Services, session_id: SessionId, form: ConsentForm) -> ConsentRecord:
    """What is ticked is agreed to from now on; what is not ticked is withdrawn.

    What is not asked cannot be agreed to, whatever the form says.
    """
    if not form.purposes or not form.signed_name.strip():
        msg = "Tick at least the first purpose and write your name, then sign."
        raise BadInput(msg)
    if not form.signature_png.startswith(PNG):
        msg = "The signature is missing. Draw it in the field with a finger or the mouse."
        raise BadInput(msg)
    signature = services.blobs.put_bytes(form.signature_png).sha256
    with services.work() as work:
        session = work.session(session_id)
        live = consent.allowed(work.consents(session_id), services.now())
        form = replace(form, purposes=form.purposes & frozenset(asked_of(services, live)))
        _require_grounds(form.purposes)
        given = _record(services, session, form, signature)
        unticked = frozenset(Purpose) - form.purposes
        if unticked & live:
            work.save(_withdrawal(services, session, unticked, form.language))
        work.save(given)
        new = form.purposes - live
        looks = _looks_due(work, session_id, new)
        work.commit(ConsentChanged(session_id), *looks, *coaching.owed(services, work, session))
    return given


def _looks_due(work: UnitOfWork, session_id: SessionId, new: frozenset[Purpose]) -> list[Flagged]:
    """First looks of what the photographer picked before the client agreed to any."""
    if Purpose.GENERATION not in new:
        return []
    picks = [shot for shot in work.shots(session_id) if shot.flag is Flag.PICK]
    return [Flagged(shot.id, session_id) for shot in picks]


def _require_grounds(purposes: frozenset[Purpose]) -> None:
    if Purpose.SYNTHETIC in purposes and not purposes >= WHOLE_PICTURES:
        msg = "Whole pictures need your consent to finding your face, to fitting and to composites too."
        raise BadInput(f"{msg} Tick these as well, or leave whole pictures out.")


def withdraw(services: Services, session_id: SessionId, actor: str) -> None:
    """Take everything back. Running jobs of the session are asked to stop; none is started again."""
    with services.work() as work:
        work.save(_withdrawal(services, work.session(session_id), frozenset(Purpose), "en"))
        work.append(Decision(session_id, actor, "withdraw", session_id, "", services.now()))
        work.commit(ConsentChanged(session_id))
    for job in services.board.jobs(session_id):
        if job.state in ("waiting", "running"):
            services.board.cancel(job.id)


def copy_text(services: Services, session_id: SessionId) -> str:
    """The client's copy: every record, in the words that they saw."""
    with services.read() as work:
        records = work.consents(session_id)
    return "\n\n".join(_as_text(record) for record in records) + "\n"


def _record(services: Services, session: Session, form: ConsentForm, signature: str) -> ConsentRecord:
    text, now = notice(session, asked_of(services, form.purposes)), services.now()
    return ConsentRecord(
        services.new_id(),
        session.id,
        ConsentEvent.GIVEN,
        form.purposes,
        text,
        hashlib.sha256(text.encode()).hexdigest(),
        form.language,
        form.signed_name.strip(),
        signature,
        now,
        now + timedelta(days=session.days_kept),
    )


def _withdrawal(
    services: Services, session: Session, purposes: frozenset[Purpose], language: str
) -> ConsentRecord:
    text, now = notice(session, asked_of(services, purposes)), services.now()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return ConsentRecord(
        services.new_id(),
        session.id,
        ConsentEvent.WITHDRAWN,
        purposes,
        text,
        digest,
        language,
        "",
        "",
        now,
        now,
    )


def _as_text(record: ConsentRecord) -> str:
    purposes = ", ".join(sorted(record.purposes))
    return (
        f"Record {record.id}\n{record.event.value}: {purposes}\nat {record.at.isoformat()}"
        f", until {record.until.isoformat()}\nsigned by: {record.signed_name or '-'}\n"
        f"sha256 of the text: {record.notice_sha256}\n\n{record.notice}"
    )
