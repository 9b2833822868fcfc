# libopus itself, as PyAV's wheel brings it: a call of PyAV's costs as much as a packet's sound.
#
# Its functions take and give plain numbers, and have been the same since version 1.0, so they are looked up in the
# library that PyAV has loaded; nothing of it is linked. The settings are those of FFmpeg's wrapper, and so are the bytes.
# Everything of a call is done without the interpreter's lock.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int16_t, int32_t, uint8_t

cdef extern from *:
    """
    #include <dlfcn.h>
    static struct {
        void *(*encoder_create)(int32_t, int, int, int, const unsigned char *, int, int *);
        int (*encoder_ctl)(void *, int, ...);
        int32_t (*encode)(void *, const int16_t *, int, unsigned char *, int32_t);
        void (*encoder_destroy)(void *);
        void *(*decoder_create)(int32_t, int, int, int, const unsigned char *, int *);
        int (*decode)(void *, const unsigned char *, int32_t, int16_t *, int, int);
        void (*decoder_destroy)(void *);
    } vtp_opus;
    static const unsigned char vtp_opus_mapping[2] = {0, 1};
    static int vtp_opus_load(const char *path) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) return -1;
        *(void **)&vtp_opus.encoder_create = dlsym(library, "opus_multistream_encoder_create");
        *(void **)&vtp_opus.encoder_ctl = dlsym(library, "opus_multistream_encoder_ctl");
        *(void **)&vtp_opus.encode = dlsym(library, "opus_multistream_encode");
        *(void **)&vtp_opus.encoder_destroy = dlsym(library, "opus_multistream_encoder_destroy");
        *(void **)&vtp_opus.decoder_create = dlsym(library, "opus_multistream_decoder_create");
        *(void **)&vtp_opus.decode = dlsym(library, "opus_multistream_decode");
        *(void **)&vtp_opus.decoder_destroy = dlsym(library, "opus_multistream_decoder_destroy");
        return vtp_opus.encoder_create && vtp_opus.encoder_ctl && vtp_opus.encode && vtp_opus.encoder_destroy
            && vtp_opus.decoder_create && vtp_opus.decode && vtp_opus.decoder_destroy ? 0 : -1;
    }
    static void *vtp_opus_encoder(int channels, int *error) {
        return vtp_opus.encoder_create(48000, channels, 1, channels - 1, vtp_opus_mapping, 2049, error);
    }
    static void *vtp_opus_decoder(int channels, int *error) {
        return vtp_opus.decoder_create(48000, channels, 1, channels - 1, vtp_opus_mapping, error);
    }
    static int vtp_opus_set(void *encoder, int request, int32_t value) {
        return vtp_opus.encoder_ctl(encoder, request, value);
    }
    /* To the nearest, to the even one between two, as rintf does; of what is far below 2^22. */
    static inline int16_t vtp_opus_sample(float value) {
        return (int16_t)((value + 12582912.0f) - 12582912.0f);
    }
    #define vtp_opus_encode vtp_opus.encode
    #define vtp_opus_decode vtp_opus.decode
    #define vtp_opus_encoder_destroy vtp_opus.encoder_destroy
    #define vtp_opus_decoder_destroy vtp_opus.decoder_destroy
    """
    int vtp_opus_load(const char* path) noexcept nogil
    void* vtp_opus_encoder(int channels, int* error) noexcept nogil
    void* vtp_opus_decoder(int channels, int* error) noexcept nogil
    int vtp_opus_set(void* encoder, int request, int32_t value) noexcept nogil
    int32_t vtp_opus_encode(void* encoder, const int16_t* pcm, int ticks, uint8_t* data, int32_t room) noexcept nogil
    int vtp_opus_decode(void* decoder, const uint8_t* data, int32_t length, int16_t* pcm, int ticks, int fec) noexcept nogil
    int16_t vtp_opus_sample(float value) noexcept nogil
    void vtp_opus_encoder_destroy(void* encoder) noexcept nogil
    void vtp_opus_decoder_destroy(void* decoder) noexcept nogil

cdef enum:
    SET_BITRATE = 4002           # opus_defines.h
    SET_VBR = 4006
    SET_COMPLEXITY = 4010
    SET_VBR_CONSTRAINT = 4020
    CHANNELS = 2
    FRAME_TICKS = 960            # 20 ms of 48 kHz
    LONGEST_TICKS = 5760         # 120 ms, the longest packet
    STEREO = 4                   # of a packet's first byte (RFC 6716 section 3.1)
    KEPT = 8                     # packets: 160 ms of single frames of 20, more where they came together
    MOST_BYTES = 1275 * 3 + 7    # of a packet of 20 ms

cdef bint loaded = False


def load(paths) -> bool:
    """Looks libopus up in the first of some files that is it; tells whether one was. Once is enough."""
    global loaded
    for path in paths:
        if loaded:
            break
        loaded = vtp_opus_load(path.encode()) == 0
    return loaded


cdef class Encoder:
    """Music and speech of 48 kHz, one or two channels, to packets of 20 ms of varying size.

    bitrate_bps: in the mean; complexity: 0 to 10. RuntimeError before `load` has found libopus; ValueError for what it
    refuses.
    """

    cdef void* encoder
    cdef int channels

    def __cinit__(self, int channels, int bitrate_bps, int complexity):
        cdef int error = 0
        if not loaded:
            raise RuntimeError("libopus has not been loaded")
        if channels not in (1, CHANNELS):
            raise ValueError("there are one or two channels")
        self.channels = channels
        self.encoder = vtp_opus_encoder(channels, &error)
        if self.encoder == NULL:
            raise MemoryError
        if (vtp_opus_set(self.encoder, SET_BITRATE, bitrate_bps) or vtp_opus_set(self.encoder, SET_COMPLEXITY, complexity)
                or vtp_opus_set(self.encoder, SET_VBR, 1) or vtp_opus_set(self.encoder, SET_VBR_CONSTRAINT, 0)):
            raise ValueError("libopus does not take these settings")

    def __dealloc__(self):
        if self.encoder != NULL:
            vtp_opus_encoder_destroy(self.encoder)

    def encode(self, const float[:, ::1] frames not None) -> list:
        """A packet for each row: 20 ms of both channels side by side, in units of a 16-bit sample, within its range.

        Of one channel the first is taken. ValueError for rows of another length; RuntimeError should libopus fail.
        """
        cdef Py_ssize_t count = frames.shape[0]
        cdef Py_ssize_t number, at
        cdef int step = CHANNELS // self.channels
        cdef int16_t pcm[FRAME_TICKS * CHANNELS]
        cdef int32_t* lengths = NULL
        cdef uint8_t* data = NULL
        cdef uint8_t* end
        cdef int32_t length = 0
        if frames.shape[1] != FRAME_TICKS * CHANNELS:
            raise ValueError("a frame has 20 ms of two channels")
        data = <uint8_t*>PyMem_Malloc(count * (MOST_BYTES + sizeof(int32_t)) + sizeof(int32_t))
        if data == NULL:
            raise MemoryError
        lengths = <int32_t*>data
        try:
            with nogil:
                end = data + count * sizeof(int32_t)
                for number in range(count):
                    for at in range(FRAME_TICKS * self.channels):
                        pcm[at] = vtp_opus_sample(frames[number, at * step])
                    length = vtp_opus_encode(self.encoder, pcm, FRAME_TICKS, end, MOST_BYTES)
                    if length < 0:
                        break
                    lengths[number] = length
                    end += length
            if length < 0:
                raise RuntimeError(f"libopus failed: {length}")
            packets = []
            end = data + count * sizeof(int32_t)
            for number in range(count):
                packets.append(PyBytes_FromStringAndSize(<const char*>end, lengths[number]))
                end += lengths[number]
            return packets
        finally:
            PyMem_Free(data)


cdef class Decoder:
    """One sender's packets to two channels of 48 kHz. RuntimeError before `load` has found libopus.

    One channel is decoded while all packets have one: libopus would do the same again for the other. With the first of
    two another decoder goes on for good, which is given the packets before that one: a packet is told by how it differs
    from them.
    """

    cdef void* decoder
    cdef int channels
    cdef list kept

    def __cinit__(self):
        if not loaded:
            raise RuntimeError("libopus has not been loaded")
        self.decoder = NULL
        self.kept = []
        self.open(1)

    def __dealloc__(self):
        if self.decoder != NULL:
            vtp_opus_decoder_destroy(self.decoder)

    cdef int open(self, int channels) except -1:
        cdef int error = 0
        cdef void* decoder = vtp_opus_decoder(channels, &error)
        if decoder == NULL:
            raise MemoryError
        if self.decoder != NULL:
            vtp_opus_decoder_destroy(self.decoder)
        self.decoder, self.channels = decoder, channels
        return 0

    def decode(self, bytes packet not None, int16_t[:, ::1] pcm not None) -> int:
        """Puts a packet's sound into the first rows of `pcm`, a tick each; gives how many. 0: it is damaged.

        ValueError without room for the longest packet, 5760 rows of two.
        """
        if pcm.shape[0] < LONGEST_TICKS or pcm.shape[1] != CHANNELS:
            raise ValueError("there is no room for the longest packet")
        if not packet:               # to libopus it would be a lost one
            return 0
        if self.channels == 1:
            if PyBytes_AS_STRING(packet)[0] & STEREO:
                self.open(CHANNELS)
                for before in self.kept:
                    self.decode_into(before, &pcm[0, 0])
                self.kept = []
            else:
                self.kept.append(packet)
                del self.kept[:-KEPT]
        return self.decode_into(packet, &pcm[0, 0])

    cdef int decode_into(self, bytes packet, int16_t* pcm):
        cdef int ticks, at
        cdef int16_t single[LONGEST_TICKS]
        cdef const uint8_t* data = <const uint8_t*>PyBytes_AS_STRING(packet)
        cdef int32_t length = <int32_t>len(packet)
        with nogil:
            if self.channels == CHANNELS:
                ticks = vtp_opus_decode(self.decoder, data, length, pcm, LONGEST_TICKS, 0)
            else:
                ticks = vtp_opus_decode(self.decoder, data, length, single, LONGEST_TICKS, 0)
                for at in range(ticks):
                    pcm[2 * at] = pcm[2 * at + 1] = single[at]
        return ticks if ticks > 0 else 0
