# How much of a publisher's sound its viewers lose: told to its encoder, which then adds in-band FEC (RFC 6716, 2.1.7).
#
# Told in the fraction of a receiver report alone; the sum of lost packets and the transport-wide feedback tell of the
# publisher's own way. In Chromium FEC comes and its bandwidth estimate stays (measured: decision 0049), so one viewer's bad
# network costs no publisher its picture.

cdef int64_t LOSS_AGE_NS = 5 * SECOND            # of a viewer's report

cdef enum:
    VIEWERS_IGNORED = 10         # one in so many: those who lose most
    LOSS_MOST = 64               # 25 %: what is added beyond that is taken from the sound itself


cdef int viewer_loss(Producer* producer, int64_t now) noexcept nogil:
    """In 256ths: of nine tenths of the viewers none loses more. Of fewer than ten that is the worst."""
    cdef uint32_t counts[256]
    cdef uint32_t total = 0, seen = 0
    cdef int i
    cdef Consumer* consumer
    memset(counts, 0, sizeof(counts))
    for i in range(producer.consumer_count):
        consumer = producer.consumers[i]
        if consumer.source == producer and not consumer.paused and now - consumer.lost_ns < LOSS_AGE_NS:
            counts[consumer.fraction_lost] += 1
            total += 1
    if total == 0:
        return 0
    for i in range(255, 0, -1):
        seen += counts[i]
        if seen > total // VIEWERS_IGNORED:
            return min(i, LOSS_MOST)
    return 0


cdef int loss_beyond(Producer* producer, int64_t now) noexcept nogil:
    """The same over all Workers on which it has viewers."""
    cdef int loss = viewer_loss(producer, now)
    cdef Pipe* pipe = producer.pipes
    while pipe != NULL:
        loss = max(loss, <int>vtp_load(&pipe.loss))
        pipe = pipe.next
    return loss


cdef inline int fraction_told(Stream* stream, int64_t now) noexcept nogil:
    """What the publisher is told to have been lost of this stream: on the way here and from here, for sound."""
    cdef int here = stream.fraction_lost, there
    if stream.producer.video:
        return here
    there = loss_beyond(stream.producer, now)
    return min(here + there - here * there // 256, 255)
