"""The studio's signing identity: made once and kept in the data folder, or given by the settings.

A root and a certificate below it, since a certificate that signs itself is refused by readers. Both are good
for many years: without a time stamp of a third party a signature holds only as long as its certificate.
"""

import os
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from studio_server.domain.errors import BadInput
from studio_server.domain.provenance import Signer

ROOT_YEARS, YEARS = 30, 25
_CHAIN, _KEY = "certificate.pem", "key.pem"
_DAY, _YEAR = timedelta(days=1), timedelta(days=365)


def own_signer(folder: Path, studio_name: str, now: datetime) -> Signer:
    """Load the identity in `folder`; the first time it is made, in the studio's name."""
    if not folder.exists():
        _make(folder, studio_name, now)
    return given_signer(folder / _CHAIN, folder / _KEY)


def given_signer(certificate: Path, key: Path) -> Signer:
    """Load a certificate chain and its key, both PEM. Raises BadInput for what cannot sign."""
    try:
        chain = certificate.read_text(encoding="ascii")
        certificates = x509.load_pem_x509_certificates(chain.encode())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as problem:
        msg = (
            f"The signing certificate cannot be used ({problem}). Check the two files that the settings name."
        )
        raise BadInput(msg) from problem
    if certificates[0].public_key() != private.public_key():
        raise BadInput("The signing key does not belong to the signing certificate. Check the settings.")
    root = certificates[-1].public_bytes(serialization.Encoding.PEM).decode()
    match private:
        case ec.EllipticCurvePrivateKey() if private.curve.key_size in {256, 384}:
            digest = hashes.SHA256() if private.curve.key_size == 256 else hashes.SHA384()
            name = f"es{private.curve.key_size}"
            return Signer(chain, root, name, lambda data: private.sign(data, ec.ECDSA(digest)))
        case rsa.RSAPrivateKey():
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
            return Signer(chain, root, "ps256", lambda data: private.sign(data, pss, hashes.SHA256()))
        case ed25519.Ed25519PrivateKey():
            return Signer(chain, root, "ed25519", private.sign)
        case _:
            raise BadInput("The signing key is of a kind that C2PA does not know. Use ECDSA P-256.")


def _make(folder: Path, studio_name: str, now: datetime) -> None:
    """Whole or not at all, and once: of two who make it at the same time the first one's stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".signing-", dir=folder.parent))
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, name = _name(studio_name, f"{studio_name} root"), _name(studio_name, studio_name)
    root = _certificate(root_name, root_name, root_key, root_key, (now - _DAY, now + ROOT_YEARS * _YEAR))
    leaf = _certificate(name, root_name, key, root_key, (now - _DAY, now + YEARS * _YEAR))
    (made / _CHAIN).write_bytes(
        b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (leaf, root))
    )
    (made / _KEY).touch(mode=0o600)
    (made / _KEY).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    try:
        os.rename(made, folder)  # noqa: PTH104 - Path.rename is the same call with another name
    except OSError:
        shutil.rmtree(made)
        if not folder.is_dir():
            raise


def _name(organisation: str, common: str) -> x509.Name:
    """At most 64 letters each: X.520 allows no more."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64] or "Studio"),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64] or "Studio"),
        ]
    )


def _certificate(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    good: tuple[datetime, datetime],
) -> x509.Certificate:
    """After C2PA 2.2, 14.5: who signs may sign and protect e-mail, the root may only sign certificates."""
    root = key is by
    usage = x509.KeyUsage(
        digital_signature=not root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=root,
        crl_sign=root,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(good[0])
        .not_valid_after(good[1])
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not root:
        protects = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
        made = made.add_extension(protects, critical=False).add_extension(authority, critical=False)
    return made.sign(by, hashes.SHA256())
