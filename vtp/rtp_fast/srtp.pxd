# cython: language_level=3
"""SRTP and SRTCP in place: AES-128-GCM, AES-256-GCM and AES-CM-128-HMAC-SHA1-80.

Sources: RFC 3711 (section 3.3.1 packet index, 3.3.2 replay, 3.4 SRTCP, 4.1.1 AES-CM, 4.3 key derivation), RFC 6188
(256-bit derivation), RFC 7714 (AES-GCM), RFC 5764 section 4.1.2 (profiles). Key derivation rate 0, no MKI.
One session is one direction of one transport. Its keys are expanded once and kept; a packet only sets the IV.
"""
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from vtp.rtp_fast.gcm cimport vtp_gcm, vtp_gcm_free, vtp_gcm_new, vtp_gcm_open, vtp_gcm_seal
from vtp.rtp_fast.header cimport (
    RTP_MAX_DATAGRAM, RtpPacket, read16, read32, rtp_parse_header, rtp_parse_padding, write16, write32,
)
from vtp.rtp_fast.sha1 cimport (
    CRYPTO_memcmp, HmacSha1, OPENSSL_cleanse, SHA1_BYTES, hmac_sha1, hmac_sha1_set_key,
)

cdef extern from *:
    """
    #include <openssl/evp.h>
    """
    ctypedef struct EVP_CIPHER:
        pass
    ctypedef struct EVP_CIPHER_CTX:
        pass
    ctypedef struct ENGINE:
        pass
    const EVP_CIPHER* EVP_aes_128_ctr() nogil
    const EVP_CIPHER* EVP_aes_256_ctr() nogil
    EVP_CIPHER_CTX* EVP_CIPHER_CTX_new() nogil
    void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX* context) nogil
    int EVP_CipherInit_ex(
        EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher, ENGINE* engine, const unsigned char* key,
        const unsigned char* iv, int encrypt) nogil
    int EVP_CipherUpdate(
        EVP_CIPHER_CTX* context, unsigned char* out, int* out_len, const unsigned char* data, int length) nogil


cdef extern from "endian.h" nogil:
    uint32_t htobe32(uint32_t value)
    uint64_t htobe64(uint64_t value)


cdef enum:  # IANA DTLS-SRTP protection profiles
    SRTP_NONE = 0  # ours, not IANA's: a plain transport's session, which changes nothing and numbers all the same
    SRTP_AES_CM_128_SHA1_80 = 1
    SRTP_AEAD_AES_128_GCM = 7
    SRTP_AEAD_AES_256_GCM = 8

cdef enum:
    SRTP_MAX_TRAILER = 20  # spare bytes that protect and protect_rtcp need behind the packet: 16 + 4
    SRTP_GCM_TAG = 16  # RFC 7714 section 13
    SRTP_SHA1_TAG = 10  # RFC 3711 section 5.2
    SRTP_WINDOW = 1024  # packets of replay memory per SSRC, of SRTP and of SRTCP each
    SRTP_WINDOW_WORDS = 16
    SRTP_MAX_GUESSED = 1600  # bytes of a first packet that a second roll-over counter is tried on
    SRTP_MAX_RECEIVE_STREAMS = 64  # SSRCs a peer may use
    SRTP_MAX_SEND_STREAMS = 65536  # SSRCs we may use towards a peer

cdef enum:  # what the functions say no with
    SRTP_ERROR_MALFORMED = -20  # not RTP or RTCP, or too short for its tag
    SRTP_ERROR_AUTH = -21  # forged, corrupted, or another key
    SRTP_ERROR_REPLAY = -22  # seen before
    SRTP_ERROR_OLD = -23  # behind the replay window
    SRTP_ERROR_NO_SLOT = -24  # the peer uses too many SSRCs, or no memory
    SRTP_ERROR_CRYPTO = -25  # libcrypto failed
    SRTP_ERROR_UNENCRYPTED = -26  # SRTCP with E = 0
    SRTP_ERROR_EXHAUSTED = -27  # this key may encrypt no more
    SRTP_ERROR_PADDING = -28  # authentic, but its padding is impossible
    SRTP_ERROR_ARGUMENT = -29  # unknown profile, or key or salt of the wrong length
    SRTP_ERROR_DIRECTION = -30  # protect on a receiving session, or the reverse


cdef struct SrtpWindow:
    uint64_t highest  # index; meaningful when started
    uint8_t started
    uint64_t seen[16]  # bit (index mod 1024): taken

cdef struct SrtpStream:
    uint32_t ssrc
    uint32_t roc  # roll-over counter of highest, RFC 3711 section 3.3.1
    uint16_t highest  # sequence number of the highest index
    uint8_t started  # a packet has been protected or authenticated
    SrtpWindow rtp  # receiving only
    SrtpWindow rtcp  # receiving only

cdef struct SrtpCm:  # what AES-CM with HMAC-SHA1 needs
    EVP_CIPHER_CTX* rtp_cipher
    EVP_CIPHER_CTX* rtcp_cipher
    HmacSha1 rtp_mac
    HmacSha1 rtcp_mac

cdef struct SrtpSession:
    int profile
    int sender  # 1: protects, 0: unprotects
    int tag_len
    vtp_gcm* rtp_gcm  # AES-GCM; NULL for AES-CM
    vtp_gcm* rtcp_gcm
    SrtpCm* cm  # AES-CM; NULL for AES-GCM
    uint8_t rtp_salt[14]  # 12 bytes used by GCM
    uint8_t rtcp_salt[14]
    uint32_t rtcp_index  # last one sent
    uint32_t* ssrcs  # same order as streams
    SrtpStream** streams  # each allocated alone: a stream's address never changes while the session is open
    int stream_count
    int stream_capacity
    int stream_limit  # whoever opens a session may move it


# ---------------------------------------------------------------- keys


cdef inline int srtp_key_bytes(int profile) noexcept nogil:
    """Length of the master key: 16 or 32; 0 for an unknown profile."""
    if profile == SRTP_AEAD_AES_256_GCM:
        return 32
    if profile == SRTP_AEAD_AES_128_GCM or profile == SRTP_AES_CM_128_SHA1_80:
        return 16
    return 0


cdef inline int srtp_salt_bytes(int profile) noexcept nogil:
    """Length of the master salt: 14 for AES-CM, 12 for GCM (RFC 7714 section 12)."""
    return 14 if profile == SRTP_AES_CM_128_SHA1_80 else 12


cdef inline int srtp_derive(
        const uint8_t* key, int keylen, const uint8_t* salt, int saltlen, uint8_t label,
        uint8_t* out, int length) noexcept nogil:
    """One session key or salt: the AES-CM pseudo-random function, RFC 3711 section 4.3, RFC 6188 section 3. 0 or <0."""
    cdef uint8_t iv[16]
    cdef int done = 0
    cdef int ok
    cdef EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new()
    if context == NULL:
        return SRTP_ERROR_CRYPTO
    memset(iv, 0, 16)
    memcpy(iv, salt, <size_t> saltlen)
    iv[7] ^= label
    memset(out, 0, <size_t> length)
    ok = EVP_CipherInit_ex(context, EVP_aes_256_ctr() if keylen == 32 else EVP_aes_128_ctr(), NULL, key, iv, 1)
    ok = ok and EVP_CipherUpdate(context, out, &done, out, length)
    EVP_CIPHER_CTX_free(context)
    return 0 if ok and done == length else SRTP_ERROR_CRYPTO


cdef inline EVP_CIPHER_CTX* srtp_new_counter_mode(const uint8_t* key) noexcept nogil:
    """AES-128 in counter mode with its key set, waiting for IVs; NULL when libcrypto fails. It is its own inverse."""
    cdef EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new()
    if context != NULL and not EVP_CipherInit_ex(context, EVP_aes_128_ctr(), NULL, key, NULL, 1):
        EVP_CIPHER_CTX_free(context)
        return NULL
    return context


cdef inline void srtp_free_cm(SrtpCm* cm) noexcept nogil:
    if cm == NULL:
        return
    EVP_CIPHER_CTX_free(cm.rtp_cipher)
    EVP_CIPHER_CTX_free(cm.rtcp_cipher)
    OPENSSL_cleanse(cm, sizeof(SrtpCm))
    free(cm)


cdef inline SrtpCm* srtp_new_cm(
        const uint8_t* rtp_key, const uint8_t* rtp_auth, const uint8_t* rtcp_key,
        const uint8_t* rtcp_auth) noexcept nogil:
    """What AES-CM with HMAC-SHA1 needs; NULL when libcrypto fails."""
    cdef SrtpCm* cm = <SrtpCm*> calloc(1, sizeof(SrtpCm))
    if cm == NULL:
        return NULL
    cm.rtp_cipher = srtp_new_counter_mode(rtp_key)
    cm.rtcp_cipher = srtp_new_counter_mode(rtcp_key)
    hmac_sha1_set_key(&cm.rtp_mac, rtp_auth, SHA1_BYTES)
    hmac_sha1_set_key(&cm.rtcp_mac, rtcp_auth, SHA1_BYTES)
    if cm.rtp_cipher == NULL or cm.rtcp_cipher == NULL:
        srtp_free_cm(cm)
        return NULL
    return cm


cdef inline void srtp_close(SrtpSession* session) noexcept nogil:
    """Free and wipe everything. Safe on a zeroed, a failed and an already closed session."""
    cdef int i
    vtp_gcm_free(session.rtp_gcm)
    vtp_gcm_free(session.rtcp_gcm)
    srtp_free_cm(session.cm)
    for i in range(session.stream_count):
        free(session.streams[i])
    free(session.streams)
    free(session.ssrcs)
    OPENSSL_cleanse(session, sizeof(SrtpSession))


cdef inline int srtp_open_session_keys(
        SrtpSession* session, int profile, const uint8_t* rtp_key, const uint8_t* rtp_salt, const uint8_t* rtp_auth,
        const uint8_t* rtcp_key, const uint8_t* rtcp_salt, const uint8_t* rtcp_auth, int is_sender,
        int portable) noexcept nogil:
    """Open with session keys already derived (test vectors). Auth keys: 20 bytes, AES-CM only. 0 or SRTP_ERROR_*.

    portable: AES-GCM by libcrypto whatever else there is.
    """
    cdef size_t saltlen = <size_t> srtp_salt_bytes(profile)
    cdef int keylen = srtp_key_bytes(profile)
    memset(session, 0, sizeof(SrtpSession))
    if keylen == 0:
        return SRTP_ERROR_ARGUMENT
    session.profile = profile
    session.sender = is_sender != 0
    session.stream_limit = SRTP_MAX_SEND_STREAMS if session.sender else SRTP_MAX_RECEIVE_STREAMS
    session.tag_len = SRTP_SHA1_TAG if profile == SRTP_AES_CM_128_SHA1_80 else SRTP_GCM_TAG
    memcpy(session.rtp_salt, rtp_salt, saltlen)
    memcpy(session.rtcp_salt, rtcp_salt, saltlen)
    if profile == SRTP_AES_CM_128_SHA1_80:
        session.cm = srtp_new_cm(rtp_key, rtp_auth, rtcp_key, rtcp_auth)
    else:
        session.rtp_gcm = vtp_gcm_new(rtp_key, keylen, session.sender, portable)
        session.rtcp_gcm = vtp_gcm_new(rtcp_key, keylen, session.sender, portable)
    if session.cm == NULL and (session.rtp_gcm == NULL or session.rtcp_gcm == NULL):
        srtp_close(session)
        return SRTP_ERROR_CRYPTO
    return 0


cdef inline int srtp_open_none(SrtpSession* session) noexcept nogil:
    """Open a sending session that leaves packets as they are: 0 or SRTP_ERROR_*."""
    memset(session, 0, sizeof(SrtpSession))
    session.sender = 1
    session.stream_limit = SRTP_MAX_SEND_STREAMS
    session.cm = <SrtpCm*> calloc(1, sizeof(SrtpCm))
    return 0 if session.cm != NULL else SRTP_ERROR_CRYPTO


cdef inline int srtp_open(
        SrtpSession* session, int profile, const uint8_t* key, int keylen, const uint8_t* salt, int saltlen,
        int is_sender) noexcept nogil:
    """Open one direction with the master key and salt of the DTLS exporter: 0 or SRTP_ERROR_*.

    session need not be initialized; after an error it is zeroed and srtp_close is harmless.
    """
    return srtp_open_by(session, profile, key, keylen, salt, saltlen, is_sender, 0)


cdef inline int srtp_open_by(
        SrtpSession* session, int profile, const uint8_t* key, int keylen, const uint8_t* salt, int saltlen,
        int is_sender, int portable) noexcept nogil:
    """The same; portable: AES-GCM by libcrypto whatever else there is."""
    cdef uint8_t keys[6][32]  # by label, RFC 3711 section 4.3.2 and 4.3.1
    cdef int lengths[6]
    cdef int label
    cdef int result = 0
    memset(session, 0, sizeof(SrtpSession))
    if srtp_key_bytes(profile) == 0 or keylen != srtp_key_bytes(profile) or saltlen != srtp_salt_bytes(profile):
        return SRTP_ERROR_ARGUMENT
    lengths[0] = lengths[3] = keylen
    lengths[1] = lengths[4] = SHA1_BYTES
    lengths[2] = lengths[5] = saltlen
    for label in range(6):
        if result == 0:
            result = srtp_derive(key, keylen, salt, saltlen, <uint8_t> label, keys[label], lengths[label])
    if result == 0:
        result = srtp_open_session_keys(
            session, profile, keys[0], keys[2], keys[1], keys[3], keys[5], keys[4], is_sender,
            portable)
    OPENSSL_cleanse(keys, sizeof(keys))
    return result


# ---------------------------------------------------------------- streams and windows


cdef inline SrtpStream* srtp_find_stream(SrtpSession* session, uint32_t ssrc) noexcept nogil:
    """The stream of an SSRC, or NULL."""
    cdef int i
    for i in range(session.stream_count):
        if session.ssrcs[i] == ssrc:
            return session.streams[i]
    return NULL


cdef inline int srtp_grow(SrtpSession* session) noexcept nogil:
    """Make room for one more stream: 0 or SRTP_ERROR_NO_SLOT."""
    cdef int capacity = session.stream_capacity * 2 if session.stream_capacity else 4
    cdef void* grown
    if session.stream_count >= session.stream_limit:
        return SRTP_ERROR_NO_SLOT
    if session.stream_count < session.stream_capacity:
        return 0
    grown = realloc(session.ssrcs, <size_t> capacity * sizeof(uint32_t))
    if grown == NULL:
        return SRTP_ERROR_NO_SLOT
    session.ssrcs = <uint32_t*> grown
    grown = realloc(session.streams, <size_t> capacity * sizeof(SrtpStream*))
    if grown == NULL:
        return SRTP_ERROR_NO_SLOT
    session.streams = <SrtpStream**> grown
    session.stream_capacity = capacity
    return 0


cdef inline SrtpStream* srtp_stream(SrtpSession* session, uint32_t ssrc, int create) noexcept nogil:
    """The stream of an SSRC; made when create is true. NULL: unknown, or no slot (64 receiving, unless moved).

    The pointer is good until srtp_close. A stream is never removed: its SSRC must not start over under the same key.
    """
    cdef SrtpStream* stream = srtp_find_stream(session, ssrc)
    if stream != NULL or not create:
        return stream
    if srtp_grow(session) < 0:
        return NULL
    # a sender has no replay windows
    stream = <SrtpStream*> calloc(1, <size_t> &(<SrtpStream*> NULL).rtp if session.sender else sizeof(SrtpStream))
    if stream == NULL:
        return NULL
    stream.ssrc = ssrc
    session.ssrcs[session.stream_count] = ssrc
    session.streams[session.stream_count] = stream
    session.stream_count += 1
    return stream


cdef inline int64_t srtp_index(const SrtpStream* stream, uint16_t sequence) noexcept nogil:
    """The likeliest 48-bit index of a sequence number, RFC 3711 section 3.3.1; <0: before the first of all.

    A stream that has not started has ROC 0.
    """
    if not stream.started:
        return <int64_t> sequence
    cdef int64_t highest = (<int64_t> stream.roc << 16) | stream.highest
    cdef int64_t delta = <int64_t> <uint16_t> (sequence - stream.highest)
    if delta >= 0x8000:
        delta -= 0x10000
    return highest + delta


cdef inline void srtp_advance(SrtpStream* stream, int64_t index) noexcept nogil:
    """Move ROC and highest forward to index, never back. Only after authentication (or when sending)."""
    if not stream.started or index > ((<int64_t> stream.roc << 16) | stream.highest):
        stream.roc = <uint32_t> (index >> 16)
        stream.highest = <uint16_t> (index & 0xFFFF)
        stream.started = 1


cdef inline int srtp_window_check(const SrtpWindow* window, uint64_t index) noexcept nogil:
    """0 when index is new, else SRTP_ERROR_REPLAY or SRTP_ERROR_OLD. RFC 3711 section 3.3.2."""
    if not window.started or index > window.highest:
        return 0
    if window.highest - index >= SRTP_WINDOW:
        return SRTP_ERROR_OLD
    if (window.seen[(index & (SRTP_WINDOW - 1)) >> 6] >> (index & 63)) & 1:
        return SRTP_ERROR_REPLAY
    return 0


cdef inline void srtp_window_take(SrtpWindow* window, uint64_t index) noexcept nogil:
    """Remember index, which srtp_window_check passed. Only after authentication."""
    cdef uint64_t i
    if not window.started or index > window.highest:
        if not window.started or index - window.highest >= SRTP_WINDOW:
            memset(window.seen, 0, sizeof(window.seen))
        else:
            for i in range(window.highest + 1, index):
                window.seen[(i & (SRTP_WINDOW - 1)) >> 6] &= ~(<uint64_t> 1 << (i & 63))
        window.highest = index
        window.started = 1
    window.seen[(index & (SRTP_WINDOW - 1)) >> 6] |= <uint64_t> 1 << (index & 63)


# ---------------------------------------------------------------- ciphers


cdef inline void srtp_iv(
        const SrtpSession* session, const uint8_t* salt, uint32_t ssrc, uint64_t index, uint8_t* iv) noexcept nogil:
    """The IV of a 48-bit SRTP index or a 31-bit SRTCP index: 16 bytes for AES-CM, 12 for GCM.

    RFC 3711 section 4.1.1; RFC 7714 sections 8.1 and 9.1 (an SRTCP index leaves the upper 16 bits zero).
    """
    cdef uint64_t upper  # whole words: the cipher loads them at once, and waits for bytes that were stored singly
    cdef uint32_t lower
    cdef int i
    if session.cm == NULL:
        memcpy(&upper, salt, 8)
        memcpy(&lower, salt + 8, 4)
        upper ^= htobe64((<uint64_t> ssrc << 16) | (index >> 32))
        lower ^= htobe32(<uint32_t> index)
        memcpy(iv, &upper, 8)
        memcpy(iv + 8, &lower, 4)
        return
    memset(iv, 0, 16)
    write32(iv + 4, ssrc)
    write16(iv + 8, <uint16_t> (index >> 32))
    write32(iv + 10, <uint32_t> index)
    for i in range(14):
        iv[i] ^= salt[i]


cdef inline int srtp_opened(int answer) noexcept nogil:
    """The answer of vtp_gcm_open as 0 or SRTP_ERROR_*."""
    if answer > 0:
        return 0
    return SRTP_ERROR_AUTH if answer == 0 else SRTP_ERROR_CRYPTO


cdef inline void srtcp_aad(const uint8_t* packet, const uint8_t* tail, uint8_t* aad) noexcept nogil:
    """The 12 bytes that SRTCP authenticates in clear: the header's first 8 and E ‖ index. RFC 7714 section 9.2."""
    memcpy(aad, packet, 8)
    memcpy(aad + 8, tail, 4)


cdef inline int srtp_cm_crypt(EVP_CIPHER_CTX* cipher, const uint8_t* iv, uint8_t* data, int length) noexcept nogil:
    """Encrypt or decrypt in place with AES counter mode: 0 or SRTP_ERROR_CRYPTO. RFC 3711 section 4.1.1."""
    cdef int done = 0
    if not EVP_CipherInit_ex(cipher, NULL, NULL, NULL, iv, -1):
        return SRTP_ERROR_CRYPTO
    if length and not EVP_CipherUpdate(cipher, data, &done, data, length):
        return SRTP_ERROR_CRYPTO
    return 0


# ---------------------------------------------------------------- SRTP


cdef inline int srtp_protect(
        SrtpSession* session, SrtpStream* stream, uint8_t* packet, int header_len, int length) noexcept nogil:
    """Encrypt and authenticate an RTP packet in place: its new length, or SRTP_ERROR_*.

    packet needs SRTP_MAX_TRAILER spare bytes behind length; header_len covers CSRCs and extension. The index comes
    from the sequence number in the packet and the stream's ROC, so a resend just behind a roll-over is right. The
    caller never protects two different packets of one SSRC and sequence number. RFC 3711 section 3.3.
    """
    cdef uint8_t iv[16]
    cdef uint8_t roc[4]
    cdef uint8_t digest[20]
    cdef int error
    if not session.sender:
        return SRTP_ERROR_DIRECTION
    if header_len < 12 or length < header_len or length + SRTP_MAX_TRAILER > RTP_MAX_DATAGRAM:
        return SRTP_ERROR_MALFORMED
    cdef int64_t index = srtp_index(stream, read16(packet + 2))
    if index < 0:
        return SRTP_ERROR_OLD
    if index >> 48:
        return SRTP_ERROR_EXHAUSTED
    srtp_iv(session, session.rtp_salt, stream.ssrc, <uint64_t> index, iv)
    if session.cm == NULL:
        if not vtp_gcm_seal(session.rtp_gcm, iv, packet, header_len, packet + header_len, length - header_len,
                            packet + length):
            return SRTP_ERROR_CRYPTO
    elif session.tag_len:
        error = srtp_cm_crypt(session.cm.rtp_cipher, iv, packet + header_len, length - header_len)
        if error:
            return error
        write32(roc, <uint32_t> (index >> 16))
        hmac_sha1(&session.cm.rtp_mac, packet, <size_t> length, roc, 4, digest)
        memcpy(packet + length, digest, SRTP_SHA1_TAG)
    srtp_advance(stream, index)
    return length + session.tag_len


cdef inline int srtp_open_packet(
        SrtpSession* session, uint32_t ssrc, int64_t index, uint8_t* packet, int header_len, int length) noexcept nogil:
    """Authenticate and decrypt an RTP packet of a known index; length is without the tag. 0 or SRTP_ERROR_*."""
    cdef uint8_t iv[16]
    cdef uint8_t roc[4]
    cdef uint8_t digest[20]
    cdef int opened
    srtp_iv(session, session.rtp_salt, ssrc, <uint64_t> index, iv)
    if session.cm == NULL:
        opened = vtp_gcm_open(session.rtp_gcm, iv, packet, header_len, packet + header_len, length - header_len,
                              packet + length)
        return srtp_opened(opened)
    write32(roc, <uint32_t> (index >> 16))
    hmac_sha1(&session.cm.rtp_mac, packet, <size_t> length, roc, 4, digest)
    if CRYPTO_memcmp(digest, packet + length, SRTP_SHA1_TAG):
        return SRTP_ERROR_AUTH
    return srtp_cm_crypt(session.cm.rtp_cipher, iv, packet + header_len, length - header_len)


cdef inline int srtp_open_first(
        SrtpSession* session, const RtpPacket* parsed, uint8_t* packet, int length, int64_t* index) noexcept nogil:
    """Open the first packet of a stream under roll-over counter 0, else under 1. 0 or SRTP_ERROR_*; index is moved.

    It follows the sender's first roll-over when all packets before that were lost.
    """
    cdef uint8_t copy[SRTP_MAX_GUESSED]
    cdef bint may_guess = parsed.sequence < 0x8000 and length <= SRTP_MAX_GUESSED
    cdef int plain = length - session.tag_len
    cdef int error
    if may_guess:
        memcpy(copy, packet, <size_t> length)
    error = srtp_open_packet(session, parsed.ssrc, index[0], packet, parsed.header_len, plain)
    if error == SRTP_ERROR_AUTH and may_guess:
        memcpy(packet, copy, <size_t> length)
        index[0] += 0x10000
        error = srtp_open_packet(session, parsed.ssrc, index[0], packet, parsed.header_len, plain)
    return error


cdef inline int srtp_unprotect(
        SrtpSession* session, uint8_t* packet, int length, RtpPacket* parsed) noexcept nogil:
    """Check and decrypt an SRTP packet in place: its new length, or SRTP_ERROR_*.

    Fills parsed itself (it need not be initialized): on success it describes the plain packet, padding settled.
    ROC, highest sequence and replay window move only after authentication, and a stream is made only then.
    After an error the bytes of packet are undefined. RFC 3711 section 3.3.
    """
    cdef SrtpStream* stream
    cdef SrtpStream fresh
    cdef int64_t index
    cdef int plain, error
    if session.sender:
        return SRTP_ERROR_DIRECTION
    if length < 0 or rtp_parse_header(packet, <size_t> length, parsed) < 0:
        return SRTP_ERROR_MALFORMED
    plain = length - session.tag_len
    if plain < <int> parsed.header_len:
        return SRTP_ERROR_MALFORMED
    stream = srtp_find_stream(session, parsed.ssrc)
    if stream == NULL:
        fresh.started = 0
        fresh.rtp.started = 0
        index = srtp_index(&fresh, parsed.sequence)
    else:
        index = srtp_index(stream, parsed.sequence)
        if index < 0 or index >> 48:
            return SRTP_ERROR_OLD
        error = srtp_window_check(&stream.rtp, <uint64_t> index)
        if error:
            return error
    if stream == NULL or not stream.started:
        error = srtp_open_first(session, parsed, packet, length, &index)
    else:
        error = srtp_open_packet(session, parsed.ssrc, index, packet, parsed.header_len, plain)
    if error:
        return error
    if stream == NULL:
        stream = srtp_stream(session, parsed.ssrc, True)
        if stream == NULL:
            return SRTP_ERROR_NO_SLOT
    srtp_advance(stream, index)
    srtp_window_take(&stream.rtp, <uint64_t> index)
    if rtp_parse_padding(packet, <size_t> plain, parsed) < 0:
        return SRTP_ERROR_PADDING
    return plain


# ---------------------------------------------------------------- SRTCP


cdef inline int srtcp_protect(SrtpSession* session, uint8_t* packet, int length) noexcept nogil:
    """Encrypt and authenticate a (compound) RTCP packet in place: its new length, or SRTP_ERROR_*.

    packet needs SRTP_MAX_TRAILER spare bytes. One index serves all SSRCs of the session, so none repeats.
    RFC 3711 section 3.4; RFC 7714 section 9.
    """
    cdef uint8_t iv[16]
    cdef uint8_t digest[20]
    cdef uint8_t tail[4]
    cdef uint8_t aad[12]
    cdef int error
    if not session.sender:
        return SRTP_ERROR_DIRECTION
    if length < 8 or length + SRTP_MAX_TRAILER > RTP_MAX_DATAGRAM or packet[0] >> 6 != 2:
        return SRTP_ERROR_MALFORMED
    if session.rtcp_index >= 0x7FFFFFFF:
        return SRTP_ERROR_EXHAUSTED
    if session.profile == SRTP_NONE:
        return length
    session.rtcp_index += 1
    write32(tail, session.rtcp_index | 0x80000000U)
    srtp_iv(session, session.rtcp_salt, read32(packet + 4), session.rtcp_index, iv)
    if session.cm == NULL:
        srtcp_aad(packet, tail, aad)
        if not vtp_gcm_seal(session.rtcp_gcm, iv, aad, 12, packet + 8, length - 8, packet + length):
            return SRTP_ERROR_CRYPTO
        memcpy(packet + length + SRTP_GCM_TAG, tail, 4)
        return length + SRTP_GCM_TAG + 4
    error = srtp_cm_crypt(session.cm.rtcp_cipher, iv, packet + 8, length - 8)
    if error:
        return error
    memcpy(packet + length, tail, 4)
    hmac_sha1(&session.cm.rtcp_mac, packet, <size_t> length + 4, NULL, 0, digest)
    memcpy(packet + length + 4, digest, SRTP_SHA1_TAG)
    return length + 4 + SRTP_SHA1_TAG


cdef inline int srtcp_open_packet(
        SrtpSession* session, uint32_t ssrc, uint32_t index, uint8_t* packet, int length, uint8_t* tail) noexcept nogil:
    """Authenticate and decrypt RTCP; length is that of the plain packet, tail the four bytes E ‖ index."""
    cdef uint8_t iv[16]
    cdef uint8_t digest[20]
    cdef uint8_t aad[12]
    srtp_iv(session, session.rtcp_salt, ssrc, index, iv)
    if session.cm == NULL:
        srtcp_aad(packet, tail, aad)
        return srtp_opened(vtp_gcm_open(session.rtcp_gcm, iv, aad, 12, packet + 8, length - 8, packet + length))
    hmac_sha1(&session.cm.rtcp_mac, packet, <size_t> length + 4, NULL, 0, digest)
    if CRYPTO_memcmp(digest, packet + length + 4, SRTP_SHA1_TAG):
        return SRTP_ERROR_AUTH
    return srtp_cm_crypt(session.cm.rtcp_cipher, iv, packet + 8, length - 8)


cdef inline int srtcp_unprotect(SrtpSession* session, uint8_t* packet, int length) noexcept nogil:
    """Check and decrypt an SRTCP packet in place: its new length, or SRTP_ERROR_*. E = 0 is refused.

    After an error the bytes of packet are undefined. RFC 3711 section 3.4; RFC 7714 section 9.
    """
    cdef SrtpStream* stream
    cdef uint8_t* tail
    cdef uint32_t ssrc, index
    cdef int plain = length - session.tag_len - 4
    cdef int error
    if session.sender:
        return SRTP_ERROR_DIRECTION
    if plain < 8 or length > RTP_MAX_DATAGRAM or packet[0] >> 6 != 2:
        return SRTP_ERROR_MALFORMED
    tail = packet + plain if session.profile == SRTP_AES_CM_128_SHA1_80 else packet + length - 4
    if not tail[0] & 0x80:
        return SRTP_ERROR_UNENCRYPTED
    index = read32(tail) & 0x7FFFFFFF
    ssrc = read32(packet + 4)
    stream = srtp_find_stream(session, ssrc)
    if stream != NULL:
        error = srtp_window_check(&stream.rtcp, index)
        if error:
            return error
    error = srtcp_open_packet(session, ssrc, index, packet, plain, tail)
    if error:
        return error
    if stream == NULL:
        stream = srtp_stream(session, ssrc, True)
        if stream == NULL:
            return SRTP_ERROR_NO_SLOT
    srtp_window_take(&stream.rtcp, index)
    return plain
