# Faces of the RTCP writers for tests, which read them back with other parsers.

def transport_feedback(arrivals, uint32_t sender, uint32_t media) -> list:
    """Transport-wide feedback packets for [(sequence number, arrival in nanoseconds)], as many as it takes."""
    cdef TransportFeedback* feedback = <TransportFeedback*>calloc(1, sizeof(TransportFeedback))
    cdef uint8_t[2048] out
    cdef int length
    packets = []
    if feedback == NULL:
        raise MemoryError("No memory for transport-wide feedback.")
    feedback.base = -1
    for sequence, arrival_ns in arrivals:
        feedback_note(feedback, sequence, arrival_ns)
    while True:
        length = rtcp_transport_feedback(out, feedback, sender, media)
        if length == 0:
            break
        packets.append(<bytes>out[:length])
    free(feedback)
    return packets


def nack_packet(numbers, uint32_t sender, uint32_t media) -> bytes:
    """A generic NACK for ascending sequence numbers."""
    cdef uint16_t[256] wanted
    cdef uint8_t[RTCP_BYTES] out
    cdef int i, count = min(256, <int>len(numbers))
    for i in range(count):
        wanted[i] = numbers[i]
    return <bytes>out[:rtcp_nack(out, sender, media, wanted, count)]
