# What the control plane's commands are given, checked and turned into C: addresses, credentials, codecs, encodings.


cdef set_buffer(endpoint, int option, int forced, int size):
    """The kernel's buffer; beyond its limit where we may (root)."""
    if size <= 0:
        return
    try:
        endpoint.setsockopt(socket.SOL_SOCKET, forced, size)
    except PermissionError:
        endpoint.setsockopt(socket.SOL_SOCKET, option, size)


cdef socklen_t fill_address(tuple address, sockaddr_in6* out) except 0:
    cdef sockaddr_in* four = <sockaddr_in*>out
    memset(out, 0, sizeof(sockaddr_in6))
    host, port = address
    if ":" in host:
        packed = socket.inet_pton(socket.AF_INET6, host)
        out.sin6_family = AF_INET6
        out.sin6_port = htons(<uint16_t>port)
        memcpy(&out.sin6_addr, <const uint8_t*><bytes>packed, 16)
        return sizeof(sockaddr_in6)
    packed = socket.inet_pton(socket.AF_INET, host)
    four.sin_family = AF_INET
    four.sin_port = htons(<uint16_t>port)
    memcpy(&four.sin_addr, <const uint8_t*><bytes>packed, 4)
    return sizeof(sockaddr_in)


cdef tuple read_address(const sockaddr_in6* address):
    cdef const uint8_t* data = <const uint8_t*>address
    if address.sin6_family == AF_INET:
        return socket.inet_ntop(socket.AF_INET, (<const char*>data)[4:8]), read16(data + 2)
    return socket.inet_ntop(socket.AF_INET6, (<const char*>data)[8:24]), read16(data + 2)


cdef int fill_text(char* out, int limit, str text, str name) except -1:
    cdef bytes encoded = text.encode("utf-8")
    if len(encoded) > limit:
        raise ValueError(f"A {name} has at most {limit} bytes.")
    memcpy(out, <const char*>encoded, len(encoded))
    return <int>len(encoded)


cdef int fill_credentials(Credentials* out, str ufrag, str password, uint8_t generation) except -1:
    memset(out, 0, sizeof(Credentials))
    if len(ufrag) < 4 or len(password) < 22:
        raise ValueError("ICE needs a user fragment of 4 and a password of 22 characters (RFC 8445 section 5.3).")
    out.ufrag_length = fill_text(out.ufrag, 256, ufrag, "user fragment")
    out.password_length = fill_text(out.password, 256, password, "ICE password")
    out.generation = generation
    return 0


cdef fill_extensions(uint8_t* out, dict extensions):
    for kind, ext_id in extensions.items():
        if not 0 <= kind < EXT_KINDS or not 1 <= ext_id <= 255:
            raise ValueError(f"A header extension is EXT_* with an id of 1 to 255, not {kind}: {ext_id}.")
        if list(extensions.values()).count(ext_id) > 1:      # one element passed on as two could outgrow a packet
            raise ValueError(f"The header extension id {ext_id} is given to two extensions; each needs its own.")
        out[<int>kind] = ext_id


cdef fill_codecs(Producer* producer, list codecs):
    cdef int i
    if not 1 <= len(codecs) <= MAX_CODECS:
        raise ValueError(f"A producer has 1 to {MAX_CODECS} codecs.")
    memset(producer.payload_codec, -1, 128)
    memset(producer.payload_rtx, -1, 128)
    producer.opus_payload_type = -1
    for i, (payload_type, codec, clock_rate, rtx) in enumerate(codecs):
        if not 0 <= payload_type < 128 or not 0 < codec < CODEC_KINDS or clock_rate <= 0 or not -1 <= rtx < 128:
            raise ValueError("A producer's codec is (payload type, CODEC_*, clock rate, RTX payload type or -1).")
        producer.codecs[i].payload_type = payload_type
        producer.codecs[i].codec = codec
        producer.codecs[i].clock_rate = clock_rate
        producer.codecs[i].rtx_payload_type = rtx
        producer.payload_codec[<int>payload_type] = i
        if codec == CODEC_OPUS and producer.opus_payload_type < 0:
            producer.opus_payload_type = payload_type
        if rtx >= 0:
            producer.payload_rtx[<int>rtx] = i
    producer.codec_count = <int>len(codecs)


cdef fill_encodings(Producer* producer, list encodings):
    cdef int i
    if not 1 <= len(encodings) <= MAX_ENCODINGS:
        raise ValueError(f"A producer has 1 to {MAX_ENCODINGS} encodings.")
    for i, (ssrc, rtx_ssrc, rid) in enumerate(encodings):
        if not 0 <= ssrc < 1 << 32 or not 0 <= rtx_ssrc < 1 << 32:
            raise ValueError("An encoding is (SSRC or 0, RTX SSRC or 0, RID or \"\").")
        producer.streams[i].ssrc = ssrc
        producer.streams[i].rtx_ssrc = rtx_ssrc
        producer.streams[i].rid_length = fill_text(producer.streams[i].rid, 16, rid, "RID")
    producer.stream_count = <int>len(encodings)


cdef check_ssrc_free(Transport* transport, uint32_t ssrc):
    cdef int i
    for i in range(transport.ssrc_count):
        if ssrc and transport.ssrcs[i].ssrc == ssrc:
            raise ValueError(f"SSRC {ssrc} belongs to another producer of this transport.")
