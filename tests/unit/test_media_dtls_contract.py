"""What `vtp.media.dtls` takes from aiortc's private side; fails first when an upgrade changes it."""

import inspect

import pytest
from aiortc import rtcdtlstransport
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsParameters, RTCDtlsTransport
from OpenSSL import SSL

from vtp.media.certificates import Certificates
from vtp.media.dtls import SRTP_PROFILES, DtlsCertificate


class SilentPipe:
    role = "controlled"


def make_transport() -> RTCDtlsTransport:
    return RTCDtlsTransport(SilentPipe(), [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["_do_handshake", "_recv_next", "_write_ssl", "start"])
def test_coroutine_that_we_override_or_call_exists(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(RTCDtlsTransport, name))


@pytest.mark.parametrize("name", ["_setup_srtp", "_set_role", "_set_state", "_validate_peer_identity"])
def test_function_that_we_override_or_call_exists(name: str) -> None:
    function = getattr(RTCDtlsTransport, name)
    assert inspect.isfunction(function) and not inspect.iscoroutinefunction(function)


@pytest.mark.parametrize(
    "name", ["_ssl", "_task", "_state", "_role", "_srtp_profiles", "_data_receiver", "encrypted"]
)
def test_attribute_that_we_read_or_set_exists(name: str) -> None:
    assert hasattr(make_transport(), name)


def test_start_calls_the_steps_that_we_override_in_this_order() -> None:
    source = inspect.getsource(RTCDtlsTransport.start)
    steps = [
        "_create_ssl_context",
        "_do_handshake()",
        "_validate_peer_identity(",
        "_setup_srtp()",
        "self._task = ",
    ]
    places = [source.index(step) for step in steps]
    assert places == sorted(places)


def test_start_makes_no_ssl_context_but_that_of_the_certificate() -> None:
    assert "SSL.Context(" not in inspect.getsource(RTCDtlsTransport)


def test_pump_reads_by_recv_next_and_ends_quietly_on_connection_error() -> None:
    source = inspect.getsource(RTCDtlsTransport._RTCDtlsTransport__run)  # type: ignore[attr-defined]
    assert "self._recv_next()" in source and "except ConnectionError" in source


def test_validation_marks_a_wrong_fingerprint_as_failed() -> None:
    source = inspect.getsource(RTCDtlsTransport._validate_peer_identity)
    assert "State.FAILED" in source
    assert list(inspect.signature(RTCDtlsTransport._validate_peer_identity).parameters) == [
        "self",
        "remoteParameters",
    ]


def test_states_that_we_compare_with_exist() -> None:
    assert {"CONNECTED", "FAILED"} <= set(rtcdtlstransport.State.__members__)


def test_srtp_profiles_have_the_fields_that_we_read() -> None:
    assert [(p.openssl_profile, p.key_length, p.salt_length) for p in SRTP_PROFILES] == [
        (b"SRTP_AEAD_AES_128_GCM", 16, 12),
        (b"SRTP_AEAD_AES_256_GCM", 32, 12),
        (b"SRTP_AES128_CM_SHA1_80", 16, 14),
    ]


def test_context_is_made_by_the_method_that_we_override_and_only_once() -> None:
    assert list(inspect.signature(RTCCertificate._create_ssl_context).parameters) == ["self", "srtp_profiles"]
    certificate = Certificates().current()
    assert isinstance(certificate, DtlsCertificate)
    context = certificate._create_ssl_context(srtp_profiles=list(SRTP_PROFILES))
    assert isinstance(context, SSL.Context)
    assert certificate._create_ssl_context(srtp_profiles=list(SRTP_PROFILES)) is context


def test_remote_parameters_are_made_of_fingerprints() -> None:
    assert RTCDtlsParameters(fingerprints=[]).fingerprints == []
