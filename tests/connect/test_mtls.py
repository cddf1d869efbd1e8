"""A server that demands a certificate is reached with one, and with none it is not."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from benehub.connect.http import RetryBudget, VendorClient
from benehub.connect.messages import read
from benehub.connect.mtls import client_tls
from benehub.errors import ConfigError, VendorUnavailable

PASSPHRASE = BestAvailableEncryption(b"not asked for")


def made(name: str, *, passphrase: bool = False) -> tuple[str, str]:
    """A certificate that signs itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # the server's own clock is what a certificate is held against
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = PASSPHRASE if passphrase else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, form)
    return certificate.public_bytes(Encoding.PEM).decode(), private.decode()


class Answer(BaseHTTPRequestHandler):
    """Says yes to whoever got in."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def demanding(folder: Path, server: tuple[str, str], trusted: str) -> Iterator[str]:
    """A server on the loopback that demands a certificate it trusts."""
    for name, text in (("server.pem", server[0]), ("server.key", server[1])):
        (folder / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=trusted)
    line = HTTPServer(("127.0.0.1", 0), Answer)
    line.socket = context.wrap_socket(line.socket, server_side=True)
    thread = threading.Thread(target=line.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{line.server_port}"
    finally:
        line.shutdown()
        thread.join()
        line.server_close()


def test_the_certificate_opens_the_door(tmp_path: Path) -> None:
    server, ours, strangers = made("server"), made("ours"), made("stranger")
    once = RetryBudget(1, 5.0)
    with demanding(tmp_path, server, ours[0]) as address:
        with VendorClient(address, tls=client_tls(*ours, server[0]), budget=once) as client:
            assert client.send(read("/")).status == 200
        with (
            VendorClient(address, tls=client_tls(*strangers, server[0]), budget=once) as client,
            pytest.raises(VendorUnavailable),
        ):
            client.send(read("/"))


@pytest.mark.parametrize("what", ["no PEM", "another key", "a passphrase", "no authority"])
def test_what_cannot_be_used_is_said_without_showing_it(what: str) -> None:
    certificate, key = made("ours")
    arguments = {
        "no PEM": ("hello", key),
        "another key": (certificate, made("other")[1]),
        "a passphrase": (certificate, made("other", passphrase=True)[1]),
        "no authority": (certificate, key, "hello"),
    }[what]
    with pytest.raises(ConfigError, match="certificate or its key cannot be used") as wrong:
        client_tls(*arguments)
    assert "PRIVATE" not in str(wrong.value) and wrong.value.__suppress_context__
