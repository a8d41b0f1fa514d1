"""Who comes in: the owner by password, a client by ticket and PIN, a machine by key."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from studio_server.domain.errors import BadInput, NotAllowed, NotFound
from studio_server.domain.ports import Key, Owner, Ticket
from studio_server.domain.session import SessionId
from studio_server.workflow.services import Services

MOST_TRIES = 10
TICKET_DAYS = 14
SHORTEST_PASSWORD = 10


def set_owner_password(services: Services, password: str) -> Owner:
    if len(password) < SHORTEST_PASSWORD:
        msg = f"The password needs at least {SHORTEST_PASSWORD} characters. Choose a longer one."
        raise BadInput(msg)
    owner = Owner("owner", "Photographer", _slow_hash(password))
    with services.work() as work:
        work.save(owner)
        work.commit()
    return owner


def check_owner(services: Services, password: str) -> Owner | None:
    with services.read() as work:
        owner = work.owner()
    return owner if owner and _matches(password, owner.password_hash) else None


def issue_ticket(services: Services, session_id: SessionId) -> tuple[Ticket, str]:
    """A new link and its PIN; older links of the session die."""
    pin = f"{secrets.randbelow(10_000):04d}"
    now = services.now()
    with services.work() as work:
        session = work.session(session_id)
        for old in work.tickets(session_id):
            work.save(replace(old, revoked_at=old.revoked_at or now))
        days = min(TICKET_DAYS, session.days_kept)
        ticket = Ticket(secrets.token_urlsafe(18), session_id, _slow_hash(pin), now + timedelta(days=days))
        work.save(ticket)
        work.commit()
    return ticket, pin


def enter(services: Services, ticket_id: str, pin: str) -> Ticket:
    """The client's PIN. Every try counts before it is looked at, so that two at once are two."""
    with services.work() as work:
        ticket = _live(services, work.ticket(ticket_id))
        work.save(replace(ticket, tries=ticket.tries + 1))
        work.commit()
    if ticket.tries >= MOST_TRIES:
        msg = "Too many wrong PINs: this link is closed. Ask your photographer for a new one."
        raise NotAllowed(msg)
    if not _matches(pin, ticket.pin_hash):
        left = MOST_TRIES - ticket.tries - 1
        msg = f"That is not the PIN of this link; {left} tries are left. Your photographer has the PIN."
        raise NotAllowed(msg)
    with services.work() as work:
        fresh = replace(work.ticket(ticket_id), tries=0)
        work.save(fresh)
        work.commit()
    return fresh


def live_ticket(services: Services, ticket_id: str) -> Ticket:
    with services.read() as work:
        return _live(services, work.ticket(ticket_id))


def make_key(services: Services, name: str) -> str:
    """A key for a machine, shown once; only its hash is kept."""
    secret = secrets.token_urlsafe(32)
    key = Key(services.new_id(), name.strip() or "unnamed", _fast_hash(secret), services.now())
    with services.work() as work:
        work.save(key)
        work.commit()
    return secret


def keys(services: Services) -> Sequence[Key]:
    """Those that still open the door, the newest first."""
    with services.read() as work:
        return [key for key in work.machine_keys() if key.revoked_at is None]


def revoke_key(services: Services, key_id: str) -> Key:
    """The machine that holds it is refused from now on. To revoke twice is no error."""
    with services.work() as work:
        key = next((each for each in work.machine_keys() if each.id == key_id), None)
        if key is None:
            msg = "There is no such key. Load the page of keys again."
            raise NotFound(msg)
        revoked = replace(key, revoked_at=key.revoked_at or services.now())
        work.save(revoked)
        work.commit()
    return revoked


def key_of(services: Services, secret: str) -> Key:
    with services.read() as work:
        key = work.key_by_hash(_fast_hash(secret))
    if key is None or key.revoked_at is not None:
        msg = "This key is not valid (any more). Make a new one on the photographer's page and enter it."
        raise NotAllowed(msg)
    return key


def _live(services: Services, ticket: Ticket) -> Ticket:
    if ticket.revoked_at is not None or services.now() >= ticket.expires_at:
        msg = "This link is no longer valid. Ask your photographer for a new one."
        raise NotAllowed(msg)
    return ticket


def _slow_hash(secret: str, salt: bytes = b"") -> str:
    """Scrypt (RFC 7914), N = 2^14, r = 8, p = 1, with a salt of 16 bytes; for what people remember."""
    salt = salt or secrets.token_bytes(16)
    digest = hashlib.scrypt(secret.encode(), salt=salt, n=1 << 14, r=8, p=1)
    return f"{salt.hex()}${digest.hex()}"


def _matches(secret: str, stored: str) -> bool:
    salt = bytes.fromhex(stored.partition("$")[0])
    return hmac.compare_digest(_slow_hash(secret, salt), stored)


def _fast_hash(secret: str) -> str:
    """Enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
