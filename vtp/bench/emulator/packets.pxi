# The packets themselves while the model moves their numbers: rooms of one size, counted, made when first needed.

cdef enum:
    PACKET_ROOM = 2048           # an MTU of 1500 and some
    POOL_CHUNK = 256             # packets made at once
    POOL_CHUNKS = 256            # 65,536 packets: a second of 600 Mbit/s


cdef struct Packet:
    int32_t size
    int32_t references           # a duplicated packet is in flight twice
    int32_t next_free            # -1: none
    bint translated              # its destination went through the NAT of the port `receiver`
    int receiver
    uint8_t[PACKET_ROOM] data


cdef struct Pool:
    Packet* chunks[POOL_CHUNKS]
    int chunk_count
    int32_t first_free           # -1: none; 0 in an empty pool has no meaning
    int64_t in_use


cdef inline Packet* pool_packet(Pool* pool, int64_t packet_id) noexcept nogil:
    return &pool.chunks[packet_id // POOL_CHUNK][packet_id % POOL_CHUNK]


cdef inline void pool_grow(Pool* pool) noexcept nogil:
    cdef int i
    cdef int32_t first = pool.chunk_count * POOL_CHUNK
    cdef Packet* chunk
    if pool.chunk_count == POOL_CHUNKS:
        return
    chunk = <Packet*>malloc(POOL_CHUNK * sizeof(Packet))
    if chunk == NULL:
        return
    for i in range(POOL_CHUNK):
        chunk[i].next_free = first + i + 1 if i + 1 < POOL_CHUNK else pool.first_free
    pool.chunks[pool.chunk_count] = chunk
    pool.chunk_count += 1
    pool.first_free = first


cdef inline int32_t pool_take(Pool* pool) noexcept nogil:
    """The number of a packet that nobody has, or -1."""
    cdef int32_t packet_id
    cdef Packet* packet
    if pool.first_free < 0:
        pool_grow(pool)
    packet_id = pool.first_free
    if packet_id < 0:
        return -1
    packet = pool_packet(pool, packet_id)
    pool.first_free = packet.next_free
    packet.references = 1
    packet.translated = False
    pool.in_use += 1
    return packet_id


cdef inline void pool_give(Pool* pool, int64_t packet_id) noexcept nogil:
    """Its packet is not needed any more by one who had it. Without a pool numbers are all there is."""
    cdef Packet* packet
    if pool == NULL:
        return
    packet = pool_packet(pool, packet_id)
    packet.references -= 1
    if packet.references == 0:
        packet.next_free = pool.first_free
        pool.first_free = <int32_t>packet_id
        pool.in_use -= 1


cdef inline void pool_share(Pool* pool, int64_t packet_id) noexcept nogil:
    if pool != NULL:
        pool_packet(pool, packet_id).references += 1


cdef void pool_free(Pool* pool) noexcept nogil:
    cdef int i
    for i in range(pool.chunk_count):
        free(pool.chunks[i])
    pool.chunk_count = 0
