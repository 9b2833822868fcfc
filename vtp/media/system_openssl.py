"""One DTLS connection by the system's OpenSSL, for peers whose certificate `cryptography`'s OpenSSL refuses.

FFmpeg's `whip` muxer, when built with GnuTLS as in PyAV, makes certificates on secp224r1. OpenSSL 4, which
`cryptography` carries, is built without that curve in TLS (RFC 8422 deprecates it) and ends the handshake
with "wrong curve"; OpenSSL 3, which Debian and Ubuntu have for Python itself, still takes it.
The class has the methods of pyOpenSSL's `Connection` that `vtp.media.dtls` and aiortc call, with its errors.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL import SSL

GROUPS = b"X25519:P-256:P-384:P-521:P-224"
CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"  # forward secret and authenticated, whatever key the server has
_LIBRARY = "libssl.so.3"

# Constants of OpenSSL's ssl.h and evp.h.
_EVP_PKEY_EC = 408
_VERIFY_PEER_AND_REQUIRE = 0x01 | 0x02
_MODE_RELEASE_BUFFERS = 0x10
_OP_NO_QUERY_MTU = 1 << 12
_OP_NO_TICKET = 1 << 14
_CTRL_SET_MTU = 17
_CTRL_MODE = 33
_CTRL_SET_SESSION_CACHE_MODE = 44
_CTRL_DTLS_GET_TIMEOUT = 73
_CTRL_DTLS_HANDLE_TIMEOUT = 74
_CTRL_SET_GROUPS_LIST = 92
_ERROR_WANT_READ, _ERROR_WANT_WRITE, _ERROR_ZERO_RETURN = 2, 3, 6

_VERIFY_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)


class _Timeval(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("microseconds", ctypes.c_long))


class _SrtpProfile(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("id", ctypes.c_ulong))


_POINTER, _INT, _LONG, _SIZE, _BYTES = (
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_long,
    ctypes.c_size_t,
    ctypes.c_char_p,
)
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "DTLS_method": (_POINTER, ()),
    "SSL_CTX_new": (_POINTER, (_POINTER,)),
    "SSL_CTX_free": (None, (_POINTER,)),
    "SSL_CTX_ctrl": (_LONG, (_POINTER, _INT, _LONG, _POINTER)),
    "SSL_CTX_set_cipher_list": (_INT, (_POINTER, _BYTES)),
    "SSL_CTX_set_options": (ctypes.c_uint64, (_POINTER, ctypes.c_uint64)),
    "SSL_CTX_set_verify": (None, (_POINTER, _INT, _VERIFY_CALLBACK)),
    "SSL_CTX_set_tlsext_use_srtp": (_INT, (_POINTER, _BYTES)),
    "SSL_CTX_use_certificate_ASN1": (_INT, (_POINTER, _INT, _BYTES)),
    "SSL_CTX_use_PrivateKey_ASN1": (_INT, (_INT, _POINTER, _BYTES, _LONG)),
    "SSL_new": (_POINTER, (_POINTER,)),
    "SSL_free": (None, (_POINTER,)),
    "SSL_set_bio": (None, (_POINTER, _POINTER, _POINTER)),
    "SSL_set_connect_state": (None, (_POINTER,)),
    "SSL_ctrl": (_LONG, (_POINTER, _INT, _LONG, _POINTER)),
    "SSL_do_handshake": (_INT, (_POINTER,)),
    "SSL_read": (_INT, (_POINTER, _POINTER, _INT)),
    "SSL_write": (_INT, (_POINTER, _BYTES, _INT)),
    "SSL_shutdown": (_INT, (_POINTER,)),
    "SSL_get_error": (_INT, (_POINTER, _INT)),
    "SSL_get1_peer_certificate": (_POINTER, (_POINTER,)),
    "SSL_get_selected_srtp_profile": (ctypes.POINTER(_SrtpProfile), (_POINTER,)),
    "SSL_export_keying_material": (_INT, (_POINTER, _POINTER, _SIZE, _BYTES, _SIZE, _BYTES, _SIZE, _INT)),
    "BIO_s_mem": (_POINTER, ()),
    "BIO_new": (_POINTER, (_POINTER,)),
    "BIO_read": (_INT, (_POINTER, _POINTER, _INT)),
    "BIO_write": (_INT, (_POINTER, _BYTES, _INT)),
    "X509_free": (None, (_POINTER,)),
    "i2d_X509": (_INT, (_POINTER, ctypes.POINTER(_POINTER))),
    "ERR_get_error": (ctypes.c_ulong, ()),
    "ERR_clear_error": (None, ()),
    "ERR_reason_error_string": (_BYTES, (ctypes.c_ulong,)),
}


def load_library() -> ctypes.CDLL | None:
    """The system's libssl 3 with its functions typed, or None where there is none."""
    try:
        library = ctypes.CDLL(_LIBRARY)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library


class SystemContext:
    """A DTLS client context with one certificate, which takes server certificates on secp224r1 too."""

    def __init__(
        self,
        library: ctypes.CDLL,
        key: ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        srtp_profiles: bytes,
    ) -> None:
        self.library = library
        self.handle = library.SSL_CTX_new(library.DTLS_method())
        weakref.finalize(self, library.SSL_CTX_free, self.handle)
        # The chain is not checked: signalling carries the fingerprint (RFC 8827 section 6.5).
        self._accept_any = _VERIFY_CALLBACK(lambda ok, store: 1)
        library.SSL_CTX_set_verify(self.handle, _VERIFY_PEER_AND_REQUIRE, self._accept_any)
        library.SSL_CTX_set_options(self.handle, _OP_NO_QUERY_MTU | _OP_NO_TICKET)
        library.SSL_CTX_ctrl(self.handle, _CTRL_MODE, _MODE_RELEASE_BUFFERS, None)
        library.SSL_CTX_ctrl(self.handle, _CTRL_SET_SESSION_CACHE_MODE, 0, None)
        der = certificate.public_bytes(Encoding.DER)
        key_der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        done = (
            library.SSL_CTX_ctrl(self.handle, _CTRL_SET_GROUPS_LIST, 0, GROUPS) == 1
            and library.SSL_CTX_set_cipher_list(self.handle, CIPHERS) == 1
            and library.SSL_CTX_set_tlsext_use_srtp(self.handle, srtp_profiles) == 0
            and library.SSL_CTX_use_certificate_ASN1(self.handle, len(der), der) == 1
            and library.SSL_CTX_use_PrivateKey_ASN1(_EVP_PKEY_EC, self.handle, key_der, len(key_der)) == 1
        )
        if not done:
            raise SSL.Error([("system OpenSSL", "", _last_reason(library))])


class SystemConnection:
    """A DTLS client over two memory BIOs; methods and errors are those of pyOpenSSL's `Connection`."""

    def __init__(self, context: SystemContext) -> None:
        self._context = context  # must outlive the connection
        self._library = library = context.library
        self._ssl = library.SSL_new(context.handle)
        weakref.finalize(self, library.SSL_free, self._ssl)
        self._incoming = library.BIO_new(library.BIO_s_mem())
        self._outgoing = library.BIO_new(library.BIO_s_mem())
        library.SSL_set_bio(self._ssl, self._incoming, self._outgoing)
        library.SSL_set_connect_state(self._ssl)

    def set_ciphertext_mtu(self, mtu: int) -> None:
        self._library.SSL_ctrl(self._ssl, _CTRL_SET_MTU, mtu, None)

    def do_handshake(self) -> None:
        self._library.ERR_clear_error()  # the queue is the thread's, and others use this library too
        self._check(self._library.SSL_do_handshake(self._ssl))

    def recv(self, size: int) -> bytes:
        buffer = ctypes.create_string_buffer(size)
        self._library.ERR_clear_error()
        count = self._check(self._library.SSL_read(self._ssl, buffer, size))
        return buffer.raw[:count]

    def send(self, data: bytes) -> int:
        self._library.ERR_clear_error()
        return self._check(self._library.SSL_write(self._ssl, data, len(data)))

    def shutdown(self) -> bool:
        result = self._library.SSL_shutdown(self._ssl)
        self._library.ERR_clear_error()
        return bool(result == 1)

    def bio_write(self, data: bytes) -> int:
        return int(self._library.BIO_write(self._incoming, data, len(data)))

    def bio_read(self, size: int) -> bytes:
        buffer = ctypes.create_string_buffer(size)
        count = self._library.BIO_read(self._outgoing, buffer, size)
        if count <= 0:
            raise SSL.WantReadError
        return buffer.raw[:count]

    def DTLSv1_get_timeout(self) -> float | None:  # noqa: N802 - pyOpenSSL's name
        left = _Timeval()
        if self._library.SSL_ctrl(self._ssl, _CTRL_DTLS_GET_TIMEOUT, 0, ctypes.byref(left)) != 1:
            return None
        return float(left.seconds + left.microseconds / 1e6)

    def DTLSv1_handle_timeout(self) -> bool:  # noqa: N802 - pyOpenSSL's name
        result = self._library.SSL_ctrl(self._ssl, _CTRL_DTLS_HANDLE_TIMEOUT, 0, None)
        self._library.ERR_clear_error()
        return bool(result == 1)

    def get_peer_certificate(self, *, as_cryptography: bool) -> x509.Certificate:
        """The peer's certificate. Raises SSL.Error when it sent none."""
        handle = self._library.SSL_get1_peer_certificate(self._ssl)
        if not handle:
            raise SSL.Error([("system OpenSSL", "", "no peer certificate")])
        size = self._library.i2d_X509(handle, None)
        buffer = ctypes.create_string_buffer(size)
        end = ctypes.c_void_p(ctypes.addressof(buffer))
        self._library.i2d_X509(handle, ctypes.byref(end))
        self._library.X509_free(handle)
        return x509.load_der_x509_certificate(buffer.raw)

    def get_selected_srtp_profile(self) -> bytes:
        profile = self._library.SSL_get_selected_srtp_profile(self._ssl)
        return bytes(profile.contents.name) if profile else b""

    def export_keying_material(self, label: bytes, size: int) -> bytes:
        buffer = ctypes.create_string_buffer(size)
        done = self._library.SSL_export_keying_material(
            self._ssl, buffer, size, label, len(label), None, 0, 0
        )
        if done != 1:
            raise SSL.Error([("system OpenSSL", "", _last_reason(self._library))])
        return buffer.raw

    def _check(self, result: int) -> int:
        """Gives a positive result back, raises pyOpenSSL's error for any other."""
        if result > 0:
            return result
        error = self._library.SSL_get_error(self._ssl, result)
        if error == _ERROR_WANT_READ:
            raise SSL.WantReadError
        if error == _ERROR_WANT_WRITE:
            raise SSL.WantWriteError
        if error == _ERROR_ZERO_RETURN:
            raise SSL.ZeroReturnError
        raise SSL.Error([("system OpenSSL", "", _last_reason(self._library))])


def _last_reason(library: ctypes.CDLL) -> str:
    reason = b""
    while code := library.ERR_get_error():
        reason = library.ERR_reason_error_string(code) or reason
    return reason.decode("ascii", "replace") or "unknown error"
