# Lookup tables of a Core: ids that are never used again, address tuples by hash, ICE user fragments.


cdef int64_t table_add(IdTable* table, void* item) noexcept nogil:
    """Stores `item`; its id holds the slot in the low 20 bits and a counter above. 0 when out of memory or full."""
    cdef int slot = 0, capacity
    cdef void** items
    cdef int64_t* ids
    cdef uint8_t* hurry
    if table.count == table.capacity:
        capacity = 64 if table.capacity == 0 else table.capacity * 2
        if capacity > 1048576:
            return 0
        items = <void**>realloc(table.items, capacity * sizeof(void*))
        if items == NULL:
            return 0
        table.items = items
        ids = <int64_t*>realloc(table.ids, capacity * sizeof(int64_t))
        if ids == NULL:
            return 0
        table.ids = ids
        hurry = <uint8_t*>realloc(table.hurry, capacity)
        if hurry == NULL:
            return 0
        table.hurry = hurry
        memset(&table.hurry[table.capacity], 0, capacity - table.capacity)
        memset(&table.items[table.capacity], 0, (capacity - table.capacity) * sizeof(void*))
        slot = table.capacity
        table.capacity = capacity
    else:
        while table.items[slot] != NULL:
            slot += 1
    table.minted += 1
    table.items[slot] = item
    table.ids[slot] = (table.minted << 20) | slot
    table.hurry[slot] = HURRIED_TURNS
    table.count += 1
    return table.ids[slot]


cdef void* table_find(IdTable* table, int64_t object_id) noexcept nogil:
    cdef int64_t slot = object_id & 0xFFFFF
    if object_id <= 0 or slot >= table.capacity or table.items[slot] == NULL or table.ids[slot] != object_id:
        return NULL
    return table.items[slot]


cdef void table_remove(IdTable* table, int64_t object_id) noexcept nogil:
    if table_find(table, object_id) != NULL:
        table.items[object_id & 0xFFFFF] = NULL
        table.hurry[object_id & 0xFFFFF] = 0
        table.count -= 1


cdef void table_free(IdTable* table) noexcept nogil:
    """The table; what it lists is its owner's to free."""
    free(table.items)
    free(table.ids)
    free(table.hurry)


cdef inline uint64_t mix(uint64_t value) noexcept nogil:
    """Finalizer of splitmix64."""
    value ^= value >> 30
    value *= 0xBF58476D1CE4E5B9ULL
    value ^= value >> 27
    value *= 0x94D049BB133111EBULL
    return value ^ (value >> 31)


cdef inline uint64_t tuple_key(int socket, const sockaddr_in6* address) noexcept nogil:
    cdef const uint8_t* bytes = <const uint8_t*>address
    cdef uint64_t a, b
    cdef uint64_t key
    if address.sin6_family == AF_INET:
        memcpy(&a, bytes, 8)
        key = mix(a + <uint64_t>socket)
    else:
        memcpy(&a, bytes + 8, 8)
        memcpy(&b, bytes + 16, 8)
        key = mix(a ^ mix(b + address.sin6_port + (<uint64_t>socket << 16)))
    return key if key > 1 else key + 2


cdef inline bint same_address(const sockaddr_in6* a, const sockaddr_in6* b) noexcept nogil:
    if a.sin6_family != b.sin6_family:
        return False
    if a.sin6_family == AF_INET:
        return memcmp(<const uint8_t*>a, <const uint8_t*>b, 8) == 0
    return a.sin6_port == b.sin6_port and memcmp((<const uint8_t*>a) + 8, (<const uint8_t*>b) + 8, 16) == 0


cdef inline TupleRef* tuple_find(Core* core, int socket, const sockaddr_in6* address) noexcept nogil:
    cdef uint64_t key = tuple_key(socket, address)
    cdef int mask = core.tuple_capacity - 1
    cdef int at = <int>(key & <uint64_t>mask)
    cdef TupleRef* ref
    cdef Tuple* found
    while True:
        ref = &core.tuples[at]
        if ref.key == 0:
            return NULL
        if ref.key == key:
            found = &ref.transport.tuples[ref.index]
            if found.used and found.socket == socket and same_address(&found.address, address):
                return ref
        at = (at + 1) & mask


cdef void tuple_place(Core* core, uint64_t key, Transport* transport, int index) noexcept nogil:
    cdef int mask = core.tuple_capacity - 1
    cdef int at = <int>(key & <uint64_t>mask)
    while core.tuples[at].key > 1:
        at = (at + 1) & mask
    if core.tuples[at].key == 0:
        core.tuple_used += 1
    core.tuples[at].key = key
    core.tuples[at].transport = transport
    core.tuples[at].index = index


cdef int tuple_grow(Core* core) noexcept nogil:
    cdef TupleRef* old = core.tuples
    cdef int old_capacity = core.tuple_capacity, i, live = 0
    for i in range(old_capacity):
        if old[i].key > 1:
            live += 1
    core.tuple_capacity = 1024
    while core.tuple_capacity < live * 4:
        core.tuple_capacity *= 2
    core.tuples = <TupleRef*>calloc(core.tuple_capacity, sizeof(TupleRef))
    if core.tuples == NULL:
        core.tuples = old
        core.tuple_capacity = old_capacity
        return -1
    core.tuple_used = 0
    for i in range(old_capacity):
        if old[i].key > 1:
            tuple_place(core, old[i].key, old[i].transport, old[i].index)
    free(old)
    return 0


cdef void tuple_forget(Core* core, Transport* transport, int index) noexcept nogil:
    """Takes one address pair of a transport out of the table."""
    cdef Tuple* entry = &transport.tuples[index]
    cdef TupleRef* ref
    if not entry.used:
        return
    ref = tuple_find(core, entry.socket, &entry.address)
    if ref != NULL and ref.transport == transport:
        ref.key = 1
        ref.transport = NULL
    entry.used = 0
    if entry.socket >= MAX_SOCKETS:
        disown(core, entry.socket)
    if transport.selected == index:
        transport.selected = -1


cdef inline uint64_t user_key(const char* user, int length) noexcept nogil:
    """FNV-1a, mixed; never 0, which marks an empty place."""
    cdef uint64_t key = 0xCBF29CE484222325ULL
    cdef int i
    for i in range(length):
        key = (key ^ <uint8_t>user[i]) * 0x100000001B3ULL
    return mix(key) | 1


cdef void user_place(Core* core, Transport* transport, int which) noexcept nogil:
    cdef Credentials* own = &transport.credentials[which]
    cdef uint64_t key = user_key(own.ufrag, own.ufrag_length)
    cdef int mask = core.user_capacity - 1
    cdef int at = <int>(key & <uint64_t>mask)
    while core.users[at].key:
        at = (at + 1) & mask
    core.users[at].key = key
    core.users[at].transport = transport
    core.users[at].index = which
    core.user_used += 1


cdef int user_rebuild(Core* core) noexcept nogil:
    """Lists the current and previous user fragments of all transports anew; joins and leaves are rare beside checks."""
    cdef int capacity = 256, slot, which
    cdef TupleRef* users
    cdef Transport* transport
    while capacity < core.transports.count * 8:
        capacity *= 2
    users = <TupleRef*>calloc(capacity, sizeof(TupleRef))
    if users == NULL:
        return -1
    free(core.users)
    core.users = users
    core.user_capacity = capacity
    core.user_used = 0
    for slot in range(core.transports.capacity):
        transport = <Transport*>core.transports.items[slot]
        if transport != NULL:
            for which in range(transport.credential_count):
                user_place(core, transport, which)
    return 0


cdef int user_add(Core* core, Transport* transport) noexcept nogil:
    """Lists a new transport's user fragment, in place while there is room: joins come by the hundred."""
    if (core.user_used + 1) * 4 > core.user_capacity:
        return user_rebuild(core)
    user_place(core, transport, 0)
    return 0


cdef Transport* transport_of_user(Core* core, const char* user, int length, int* which) noexcept nogil:
    """The transport one of whose current or previous user fragments is `user`; `which` is the credential's index."""
    cdef uint64_t key = user_key(user, length)
    cdef int mask = core.user_capacity - 1
    cdef int at = <int>(key & <uint64_t>mask)
    cdef Credentials* own
    while core.users[at].key:
        if core.users[at].key == key and core.users[at].index < core.users[at].transport.credential_count:
            own = &core.users[at].transport.credentials[core.users[at].index]
            if own.ufrag_length == length and memcmp(own.ufrag, user, length) == 0:
                which[0] = core.users[at].index
                return core.users[at].transport
        at = (at + 1) & mask
    return NULL
