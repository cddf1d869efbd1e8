"""Mutual TLS: the client shows a certificate of its own, as some vendors demand beside a token.

The standard library reads a certificate from a file only, while the hub holds it as a secret. So it stands for a
moment in a folder that only this user can enter.
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from benehub.errors import ConfigError


def client_tls(certificate: str, key: str, authority: str = "") -> ssl.SSLContext:
    """A TLS context that shows `certificate`.

    Args:
        certificate: PEM, with the chain where the vendor gave one.
        key: PEM of its private key, without a passphrase.
        authority: PEM of the vendor's own authority; empty for those that the system trusts.

    Raises:
        ConfigError: one of them is no PEM, or the key is another certificate's. The message shows nothing of it.
    """
    try:
        context = ssl.create_default_context(cadata=authority or None)
        with tempfile.TemporaryDirectory(prefix="benehub-tls-") as room:  # made with mode 0700
            cert_file, key_file = Path(room) / "certificate.pem", Path(room) / "key.pem"
            for file, text in ((cert_file, certificate), (key_file, key)):
                file.touch(mode=0o600)
                file.write_text(text, encoding="ascii")
            # A passphrase would be asked for at the terminal; a job has none.
            context.load_cert_chain(cert_file, key_file, password=_no_passphrase)
    except (ssl.SSLError, ValueError, UnicodeError):
        raise ConfigError(
            "the client certificate or its key cannot be used",
            where="the connection's certificate and key",
            mend="Give both as PEM, the key without a passphrase and of this very certificate",
        ) from None
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
