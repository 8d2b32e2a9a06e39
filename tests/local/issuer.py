"""An issuer of tokens on this machine: its keys, by HTTPS, and the tokens that it signs."""

import base64
import datetime as dt
import ipaddress
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
KEY_ID = "key-1"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _part(value: object) -> str:
    return _encoded(json.dumps(value).encode())


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass(frozen=True)
class Issuer:
    """Whoever signs tokens: its `url` is their `iss`."""

    url: str
    key: rsa.RSAPrivateKey
    audience: str = "tasks"

    def token(
        self,
        *,
        key: rsa.RSAPrivateKey | None = None,
        header: dict[str, Any] | None = None,
        **claims: object,
    ) -> str:
        """A token that is good for ten minutes, with these claims; a claim of `None` is left out.

        Args:
            key: what it is signed with, if it is not the issuer's own.
        """
        now = int(time.time())
        usual = {"iss": self.url, "aud": self.audience, "sub": "ann", "exp": now + 600}
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID, **(header or {})}
        signed = f"{_part(head)}.{_part(said)}"
        signature = (key or self.key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_encoded(signature)}"

    def keys(self) -> dict[str, Any]:
        """Its key set (RFC 7517)."""
        numbers = self.key.public_key().public_numbers()
        key = {
            name: _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
            for name, value in (("n", numbers.n), ("e", numbers.e))
        }
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, **key}]}


class _Wire(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        answers = {
            "/.well-known/openid-configuration": {
                "issuer": self.server.issuer.url,
                "jwks_uri": f"{self.server.issuer.url}/keys",
            },
            "/keys": self.server.issuer.keys(),
        }
        body = json.dumps(answers.get(self.path, {})).encode()
        self.send_response(200 if self.path in answers else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    issuer: Issuer


@contextmanager
def running_issuer(folder: Path) -> Iterator[tuple[Issuer, Path]]:
    """An issuer, and the certificate that its clients have to trust."""
    certificate = _write_certificate(folder)
    server = _Server((HOST, 0), _Wire)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.issuer = Issuer(f"https://{HOST}:{server.server_port}", new_key())
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.issuer, certificate
    finally:
        server.shutdown()
        server.server_close()


def _write_certificate(folder: Path) -> Path:
    """A certificate of this machine's address, which signs itself, with its key."""
    key, name = new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
