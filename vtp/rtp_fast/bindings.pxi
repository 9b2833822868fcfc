# Python faces of the primitives, for tests and tools; the packet path itself never comes through here.
# Parsers raise ValueError with a sentence. C functions keep their noun-first names (rtp_parse), these are verb-first.

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

cimport vtp.rtp_fast.codecs as _codecs
cimport vtp.rtp_fast.header as _header
cimport vtp.rtp_fast.srtp as _srtp
from vtp.rtp_fast.gcm cimport vtp_gcm_is_portable
cimport vtp.rtp_fast.stun as _stun

_REASONS = {
    _header.RTP_ERROR_SHORT: "RTP packet is shorter than its 12-byte header",
    _header.RTP_ERROR_VERSION: "RTP packet has a version other than 2",
    _header.RTP_ERROR_CSRC: "RTP packet has a truncated CSRC list",
    _header.RTP_ERROR_EXTENSION: "RTP packet has a truncated header extension",
    _header.RTP_ERROR_PADDING: "RTP packet has more padding than payload",
    _header.RTP_ERROR_LONG: "RTP packet is longer than a UDP datagram",
    _srtp.SRTP_ERROR_MALFORMED: "the packet is not RTP or RTCP, or is too short for its tag",
    _srtp.SRTP_ERROR_AUTH: "the packet is forged, corrupted, or protected with another key",
    _srtp.SRTP_ERROR_REPLAY: "the packet was received before",
    _srtp.SRTP_ERROR_OLD: "the packet is older than the replay window",
    _srtp.SRTP_ERROR_NO_SLOT: "the peer uses more SSRCs than are allowed",
    _srtp.SRTP_ERROR_CRYPTO: "libcrypto failed",
    _srtp.SRTP_ERROR_UNENCRYPTED: "the SRTCP packet is not encrypted",
    _srtp.SRTP_ERROR_EXHAUSTED: "this key has encrypted as much as it may",
    _srtp.SRTP_ERROR_PADDING: "the packet has more padding than payload",
    _srtp.SRTP_ERROR_ARGUMENT: "the profile is unknown, or key or salt have the wrong length",
    _srtp.SRTP_ERROR_DIRECTION: "a sending session only protects, a receiving one only unprotects",
}
_STUN_REASONS = {
    _stun.STUN_ERROR_SHORT: "STUN message is shorter than its 20-byte header",
    _stun.STUN_ERROR_HEADER: "STUN header has wrong leading bits, cookie or length",
    _stun.STUN_ERROR_ATTRIBUTE: "STUN attribute runs past the end or has an impossible length",
    _stun.STUN_ERROR_FINGERPRINT: "STUN fingerprint is wrong or not the last attribute",
    _stun.STUN_ERROR_NO_INTEGRITY: "STUN message has no MESSAGE-INTEGRITY",
    _stun.STUN_ERROR_INTEGRITY: "STUN message integrity is wrong",
    _stun.STUN_ERROR_SPACE: "STUN message does not fit into the buffer",
    _stun.STUN_ERROR_LARGER: "STUN answer would be larger than the request",
    _stun.STUN_ERROR_ARGUMENT: "STUN message cannot carry this address, code or user name",
}
_CODEC_REASONS = {
    _codecs.CODEC_ERROR_UNKNOWN: "the codec is unknown",
    _codecs.CODEC_ERROR_TRUNCATED: "the payload is truncated",
    _codecs.CODEC_ERROR_MALFORMED: "the payload is malformed",
}


cdef int _checked(int result, dict reasons) except? -1:
    """result, or ValueError with the sentence for a negative one."""
    if result < 0:
        raise ValueError(reasons[result])
    return result


def classify_datagram(const uint8_t[::1] data) -> str:
    """"stun", "dtls", "rtp", "rtcp" or "other" (RFC 7983 section 7, RFC 5761 section 4)."""
    cdef const uint8_t* p = &data[0] if data.shape[0] else NULL
    return ("other", "stun", "dtls", "rtp", "rtcp")[_header.packet_kind(p, data.shape[0])]


cdef dict _rtp_dict(_header.RtpPacket* packet, const uint8_t* p):
    """An RtpPacket as Python values."""
    return {
        "marker": bool(packet.marker),
        "payload_type": packet.payload_type,
        "sequence": packet.sequence,
        "timestamp": packet.timestamp,
        "ssrc": packet.ssrc,
        "csrcs": [_header.read32(p + 12 + 4 * i) for i in range(packet.csrc_count)],
        "header_len": packet.header_len,
        "payload_len": packet.payload_len,
        "padding": packet.padding,
        "two_byte_extensions": bool(packet.ext_two_byte),
        "extensions": [
            (packet.ext[i].id, <bytes> p[packet.ext[i].offset:packet.ext[i].offset + packet.ext[i].len])
            for i in range(packet.ext_count)
        ],
    }


def parse_rtp(bytes data) -> dict:
    """A plain RTP packet as a dict; ValueError when it is not one. `extensions` is a list of (id, bytes)."""
    cdef _header.RtpPacket packet
    cdef const uint8_t* p = <const uint8_t*> PyBytes_AS_STRING(data)
    _checked(_header.rtp_parse(p, len(data), &packet), _REASONS)
    return _rtp_dict(&packet, p)


def inspect_payload(int codec, bytes payload, bint marker=False) -> dict:
    """PayloadInfo of an RTP payload as a dict; ValueError when it cannot be read. Unknown layers are -1."""
    cdef _codecs.PayloadInfo info
    _checked(
        _codecs.codec_inspect(
            codec, <const uint8_t*> PyBytes_AS_STRING(payload), <int> min(len(payload), 65535), marker, &info),
        _CODEC_REASONS)
    return info


def read_red(bytes payload, int opus) -> int:
    """Where the last block of a RED payload begins whose blocks are all of payload type `opus`; else ValueError."""
    cdef int at = red_primary(<const uint8_t*> PyBytes_AS_STRING(payload), <int> min(len(payload), 65535), opus)
    if at == 0:
        raise ValueError("the payload is not RED of this payload type")
    return at


def read_h264_size(bytes sps) -> tuple[int, int]:
    """Width and height from an SPS NAL unit; ValueError when it cannot be read."""
    cdef uint16_t width = 0, height = 0
    _checked(
        _codecs.h264_sps_size(<const uint8_t*> PyBytes_AS_STRING(sps), <int> min(len(sps), 65535), &width, &height),
        _CODEC_REASONS)
    return width, height


# ---------------------------------------------------------------- STUN


cdef int _parse_stun(bytes data, _stun.StunMessage* message) except? -1:
    """stun_parse with its error raised."""
    return _checked(
        _stun.stun_parse(<const uint8_t*> PyBytes_AS_STRING(data), len(data), message), _STUN_REASONS)


def parse_stun(bytes data) -> dict:
    """A STUN message as a dict, fingerprint checked when present; ValueError when it is not one."""
    cdef _stun.StunMessage m
    _parse_stun(data, &m)
    return {
        "type": m.type,
        "transaction": <bytes> (<char*> m.transaction)[:12],
        "username": <bytes> (<const char*> m.username)[:m.username_len] if m.username != NULL else None,
        "priority": m.priority if m.has_priority else None,
        "use_candidate": bool(m.has_use_candidate),
        "controlling": m.tie_breaker if m.has_controlling else None,
        "controlled": m.tie_breaker if m.has_controlled else None,
        "error_code": m.error_code or None,
        "address": <bytes> (<char*> m.address)[:4 if m.address_family == 4 else 16] if m.address_family else None,
        "port": m.address_port if m.address_family else None,
        "has_integrity": m.integrity_offset != 0,
        "has_fingerprint": m.fingerprint_offset != 0,
        "unknown": [m.unknown[i] for i in range(min(m.unknown_count, 8))],
    }


def check_stun_integrity(bytes data, bytes key) -> None:
    """ValueError unless the message carries the MESSAGE-INTEGRITY of this key."""
    cdef _stun.StunMessage message
    _parse_stun(data, &message)
    _checked(
        _stun.stun_check_integrity(&message, <const uint8_t*> PyBytes_AS_STRING(key), len(key)), _STUN_REASONS)


def write_stun_success(bytes request, bytes address, int port, bytes key) -> bytes:
    """The Binding success that answers request; address: 4 or 16 bytes. ValueError when it may not be sent."""
    cdef _stun.StunMessage message
    cdef uint8_t out[256]
    _parse_stun(request, &message)
    cdef int family = {4: 4, 16: 6}.get(len(address), 0)
    cdef int length = _checked(
        _stun.stun_write_success(
            out, sizeof(out), &message, <const uint8_t*> PyBytes_AS_STRING(address), <uint16_t> port, family,
            <const uint8_t*> PyBytes_AS_STRING(key), len(key)),
        _STUN_REASONS)
    return <bytes> (<char*> out)[:length]


def write_stun_error(bytes request, int code, key: bytes | None = None) -> bytes:
    """The Binding error that answers request, with integrity when a key is given. ValueError: may not be sent."""
    cdef _stun.StunMessage message
    cdef uint8_t out[256]
    _parse_stun(request, &message)
    cdef const uint8_t* secret = NULL
    if key is not None:
        secret = <const uint8_t*> PyBytes_AS_STRING(key)
    cdef int length = _checked(
        _stun.stun_write_error(out, sizeof(out), &message, code, secret, len(key) if key is not None else 0),
        _STUN_REASONS)
    return <bytes> (<char*> out)[:length]


def write_stun_request(
        bytes transaction, bytes username, bytes key, *, uint32_t priority=1, bint controlling=True,
        uint64_t tie_breaker=0, bint use_candidate=False) -> bytes:
    """A connectivity check; transaction: 12 bytes. ValueError when it cannot be written."""
    cdef uint8_t out[1024]
    if len(transaction) != 12:
        raise ValueError("a STUN transaction id has 12 bytes")
    cdef int length = _checked(
        _stun.stun_write_request(
            out, sizeof(out), <const uint8_t*> PyBytes_AS_STRING(transaction),
            <const uint8_t*> PyBytes_AS_STRING(username), len(username), priority, controlling, tie_breaker,
            use_candidate, <const uint8_t*> PyBytes_AS_STRING(key), len(key)),
        _STUN_REASONS)
    return <bytes> (<char*> out)[:length]


# ---------------------------------------------------------------- SRTP


def derive_srtp_key(bytes key, bytes salt, int label, int length) -> bytes:
    """A session key or salt of RFC 3711 section 4.3, at most 32 bytes; key: 16 or 32 bytes, salt: 12 or 14."""
    cdef uint8_t out[32]
    if len(key) not in (16, 32) or len(salt) not in (12, 14) or not 0 < length <= 32 or not 0 <= label <= 255:
        raise ValueError(_REASONS[_srtp.SRTP_ERROR_ARGUMENT])
    _checked(
        _srtp.srtp_derive(
            <const uint8_t*> PyBytes_AS_STRING(key), len(key), <const uint8_t*> PyBytes_AS_STRING(salt), len(salt),
            <uint8_t> label, out, length),
        _REASONS)
    return <bytes> (<char*> out)[:length]


cdef class Srtp:
    """One direction of SRTP and SRTCP, from a master key and salt (RFC 3711, RFC 7714). Not thread-safe.

    profile: PROFILE_* (IANA's 1, 7 or 8). sender: protects; else unprotects. With session_keys the key and salt
    given are used as they are for RTP and RTCP, with an HMAC key of zeros (published vectors). portable: AES-GCM by
    libcrypto whatever else there is; `is_portable` says whether it is.
    """

    cdef _srtp.SrtpSession session

    def __cinit__(self, int profile, bytes key, bytes salt, *, bint sender, bint session_keys=False,
                  bint portable=False):
        cdef const uint8_t* k = <const uint8_t*> PyBytes_AS_STRING(key)
        cdef const uint8_t* s = <const uint8_t*> PyBytes_AS_STRING(salt)
        cdef uint8_t auth[20]
        memset(&self.session, 0, sizeof(self.session))
        if not session_keys:
            _checked(
                _srtp.srtp_open_by(&self.session, profile, k, len(key), s, len(salt), sender, portable), _REASONS)
            return
        if len(salt) != _srtp.srtp_salt_bytes(profile) or len(key) != _srtp.srtp_key_bytes(profile):
            raise ValueError(_REASONS[_srtp.SRTP_ERROR_ARGUMENT])
        memset(auth, 0, sizeof(auth))
        _checked(
            _srtp.srtp_open_session_keys(&self.session, profile, k, s, auth, k, s, auth, sender, portable), _REASONS)

    def __dealloc__(self):
        _srtp.srtp_close(&self.session)

    def protect(self, bytes packet) -> bytes:
        """SRTP of a plain RTP packet."""
        cdef _header.RtpPacket parsed
        cdef Py_ssize_t length = len(packet)
        _checked(_header.rtp_parse(<const uint8_t*> PyBytes_AS_STRING(packet), length, &parsed), _REASONS)
        cdef _srtp.SrtpStream* stream = _srtp.srtp_stream(&self.session, parsed.ssrc, True)
        if stream == NULL:
            raise ValueError(_REASONS[_srtp.SRTP_ERROR_NO_SLOT])
        cdef bytearray work = bytearray(packet) + bytearray(_srtp.SRTP_MAX_TRAILER)
        length = _checked(
            _srtp.srtp_protect(&self.session, stream, work, parsed.header_len, <int> length), _REASONS)
        return bytes(work[:length])

    def unprotect(self, bytes packet) -> bytes:
        """The plain RTP packet."""
        cdef _header.RtpPacket parsed
        cdef bytearray work = bytearray(packet)
        cdef int length = _checked(
            _srtp.srtp_unprotect(&self.session, work, <int> min(len(work), 65536), &parsed), _REASONS)
        return bytes(work[:length])

    def protect_rtcp(self, bytes packet) -> bytes:
        """SRTCP of a plain compound packet."""
        cdef bytearray work = bytearray(packet) + bytearray(_srtp.SRTP_MAX_TRAILER)
        cdef int length = _checked(
            _srtp.srtcp_protect(&self.session, work, <int> min(len(packet), 65536)), _REASONS)
        return bytes(work[:length])

    def unprotect_rtcp(self, bytes packet) -> bytes:
        """The plain compound packet."""
        cdef bytearray work = bytearray(packet)
        cdef int length = _checked(
            _srtp.srtcp_unprotect(&self.session, work, <int> min(len(work), 65536)), _REASONS)
        return bytes(work[:length])

    def rtp_iv(self, uint32_t ssrc, uint64_t index) -> bytes:
        """The IV of a 48-bit packet index: 12 bytes for GCM, 16 for AES-CM."""
        cdef uint8_t iv[16]
        _srtp.srtp_iv(&self.session, self.session.rtp_salt, ssrc, index, iv)
        return <bytes> (<char*> iv)[:16 if self.session.profile == _srtp.SRTP_AES_CM_128_SHA1_80 else 12]

    def rollover_counter(self, uint32_t ssrc) -> int | None:
        """The ROC of an SSRC's highest packet, None before its first authenticated one."""
        cdef _srtp.SrtpStream* stream = _srtp.srtp_find_stream(&self.session, ssrc)
        return None if stream == NULL or not stream.started else stream.roc

    @property
    def is_portable(self) -> bool:
        """Whether libcrypto does the encryption (always for AES-CM)."""
        return bool(self.session.rtp_gcm == NULL or vtp_gcm_is_portable(self.session.rtp_gcm))

    @property
    def stream_count(self) -> int:
        """How many SSRCs have state."""
        return self.session.stream_count
