# FFmpeg's AAC encoder, as PyAV's wheel brings it: PyAV leads each turn's sound through a filter graph, and makes a frame,
# a packet and an exception or two of each 21 ms of it, which cost half as much as encoding does.
#
# Its functions are looked up in the libraries that PyAV has loaded; nothing of them is linked. Settings are told by name
# (AVOption). What has no name are the first fields of three structures, whose places are the same within a major version of
# the libraries and have long been; `load` does not take that on trust but looks for what it knows must be there. Where
# something else is, it says so, and the encoder is to be called through PyAV.

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.errno cimport EINVAL, EIO
from libc.stdint cimport int32_t, int64_t, uint8_t

cdef extern from *:
    """
    #include <dlfcn.h>
    #include <stddef.h>
    #include <string.h>
    #define VTP_AAC_TICKS 1024
    typedef struct {  /* AVFrame's first fields, of sound */
        float *data[8];
        int linesize[8];
        float **extended_data;
        int width, height, ticks, format;
        char between[16];
        int64_t pts;
    } vtp_frame;
    typedef struct {  /* AVPacket's */
        void *buf;
        int64_t pts, dts;
        const uint8_t *data;
        int size;
    } vtp_packet;
    typedef struct {  /* AVOption's */
        const char *name, *help;
        int offset;
    } vtp_option;
    typedef struct {
        void *context;
        vtp_frame *frame;
        vtp_packet *packet;
    } vtp_aac_encoder;
    static struct {
        int (*opt_set)(void *, const char *, const char *, int);
        int (*opt_set_int)(void *, const char *, int64_t, int);
        const vtp_option *(*opt_find)(void *, const char *, const char *, int, int);
        int (*get_sample_fmt)(const char *);
        void (*frame_free)(vtp_frame **);
        vtp_frame *(*frame_alloc)(void);
        int (*frame_make_writable)(vtp_frame *);
        void *(*find_encoder_by_name)(const char *);
        void *(*alloc_context)(void *);
        void (*free_context)(void **);
        int (*open)(void *, void *, void **);
        int (*send_frame)(void *, vtp_frame *);
        int (*receive_packet)(void *, vtp_packet *);
        vtp_packet *(*packet_alloc)(void);
        void (*packet_free)(vtp_packet **);
        int (*new_packet)(vtp_packet *, int);
        void *(*graph_alloc)(void);
        void (*graph_free)(void **);
        int (*graph_parse)(void *, const char *, void **, void **);
        void *(*graph_filter)(void *, const char *);
        int (*graph_config)(void *, void *);
        int (*sink_frame)(void *, vtp_frame *);
    } vtp_av;
    #define VTP_LOOK_UP(library, field, name) \\
        ((*(void **)&vtp_av.field = dlsym(library, name)) == NULL)
    static int vtp_av_look_up(const char *avutil, const char *avcodec, const char *avfilter) {
        void *util = dlopen(avutil, RTLD_NOW | RTLD_LOCAL);
        void *codec = dlopen(avcodec, RTLD_NOW | RTLD_LOCAL);
        void *filter = dlopen(avfilter, RTLD_NOW | RTLD_LOCAL);
        if (util == NULL || codec == NULL || filter == NULL) return -1;
        return -(VTP_LOOK_UP(util, opt_set, "av_opt_set") || VTP_LOOK_UP(util, opt_set_int, "av_opt_set_int")
            || VTP_LOOK_UP(util, opt_find, "av_opt_find") || VTP_LOOK_UP(util, get_sample_fmt, "av_get_sample_fmt")
            || VTP_LOOK_UP(util, frame_alloc, "av_frame_alloc") || VTP_LOOK_UP(util, frame_free, "av_frame_free")
            || VTP_LOOK_UP(util, frame_make_writable, "av_frame_make_writable")
            || VTP_LOOK_UP(codec, find_encoder_by_name, "avcodec_find_encoder_by_name")
            || VTP_LOOK_UP(codec, alloc_context, "avcodec_alloc_context3")
            || VTP_LOOK_UP(codec, free_context, "avcodec_free_context") || VTP_LOOK_UP(codec, open, "avcodec_open2")
            || VTP_LOOK_UP(codec, send_frame, "avcodec_send_frame")
            || VTP_LOOK_UP(codec, receive_packet, "avcodec_receive_packet")
            || VTP_LOOK_UP(codec, packet_alloc, "av_packet_alloc") || VTP_LOOK_UP(codec, packet_free, "av_packet_free")
            || VTP_LOOK_UP(codec, new_packet, "av_new_packet")
            || VTP_LOOK_UP(filter, graph_alloc, "avfilter_graph_alloc")
            || VTP_LOOK_UP(filter, graph_free, "avfilter_graph_free")
            || VTP_LOOK_UP(filter, graph_parse, "avfilter_graph_parse2")
            || VTP_LOOK_UP(filter, graph_filter, "avfilter_graph_get_filter")
            || VTP_LOOK_UP(filter, graph_config, "avfilter_graph_config")
            || VTP_LOOK_UP(filter, sink_frame, "av_buffersink_get_frame"));
    }
    /* A frame of silence, whole in all its fields: FFmpeg's source of silence makes it. The second: its time is known. */
    static vtp_frame *vtp_av_frame(const char *source) {
        void *graph = vtp_av.graph_alloc(), *sink, *inputs = NULL, *outputs = NULL;
        vtp_frame *first = vtp_av.frame_alloc(), *second = vtp_av.frame_alloc();
        int failed = graph == NULL || first == NULL || second == NULL
            || vtp_av.opt_set_int(graph, "threads", 1, 0) < 0
            || vtp_av.graph_parse(graph, source, &inputs, &outputs) < 0
            || (sink = vtp_av.graph_filter(graph, "abuffersink@end")) == NULL || vtp_av.graph_config(graph, NULL) < 0
            || vtp_av.sink_frame(sink, first) < 0 || vtp_av.sink_frame(sink, second) < 0;
        vtp_av.frame_free(&first);
        vtp_av.graph_free(&graph);
        if (failed) vtp_av.frame_free(&second);
        return failed ? NULL : second;
    }
    static int vtp_av_is_known_frame(const vtp_frame *frame, int channels) {
        return frame->ticks == VTP_AAC_TICKS && frame->pts == VTP_AAC_TICKS
            && frame->format == vtp_av.get_sample_fmt("fltp") && frame->linesize[0] >= 4 * VTP_AAC_TICKS
            && frame->width == 0 && frame->height == 0 && frame->extended_data == (float **)frame->data
            && frame->data[0] != NULL && (channels == 1) == (frame->data[1] == NULL);
    }
    static int vtp_av_is_known_packet(void) {
        vtp_packet *packet = vtp_av.packet_alloc();
        int known = packet != NULL && vtp_av.new_packet(packet, 4321) == 0 && packet->size == 4321
            && packet->data != NULL && packet->pts == INT64_MIN && packet->dts == INT64_MIN;
        vtp_av.packet_free(&packet);
        return known;
    }
    /* Where a context has the format of its samples: it has no name, and stands alone between two that have one. */
    static int *vtp_av_format(void *context) {
        const vtp_option *rate = vtp_av.opt_find(context, "ar", NULL, 0, 0);
        const vtp_option *layout = vtp_av.opt_find(context, "ch_layout", NULL, 0, 0);
        int *format;
        if (rate == NULL || layout == NULL || layout->offset != rate->offset + 2 * (int)sizeof(int)) return NULL;
        format = (int *)((char *)context + rate->offset) + 1;
        return *format == -1 ? format : NULL;
    }
    static void vtp_aac_close(vtp_aac_encoder *encoder) {
        if (encoder->context != NULL) vtp_av.free_context(&encoder->context);
        if (encoder->frame != NULL) vtp_av.frame_free(&encoder->frame);
        if (encoder->packet != NULL) vtp_av.packet_free(&encoder->packet);
    }
    static int vtp_aac_open(vtp_aac_encoder *encoder, int channels, int64_t bitrate_bps, int is_plain) {
        void *codec = vtp_av.find_encoder_by_name("aac");
        int *format;
        memset(encoder, 0, sizeof *encoder);
        if (codec == NULL || (encoder->context = vtp_av.alloc_context(codec)) == NULL) return -1;
        if ((format = vtp_av_format(encoder->context)) == NULL) return -1;
        *format = vtp_av.get_sample_fmt("fltp");
        encoder->packet = vtp_av.packet_alloc();
        encoder->frame = vtp_av_frame(channels == 1
            ? "anullsrc=r=48000:cl=mono:n=1024,aformat=sample_fmts=fltp,abuffersink@end"
            : "anullsrc=r=48000:cl=stereo:n=1024,aformat=sample_fmts=fltp,abuffersink@end");
        return -(encoder->packet == NULL || encoder->frame == NULL
            || !vtp_av_is_known_frame(encoder->frame, channels) || !vtp_av_is_known_packet()
            || vtp_av.opt_set_int(encoder->context, "ar", 48000, 0) < 0
            || vtp_av.opt_set_int(encoder->context, "b", bitrate_bps, 0) < 0
            || vtp_av.opt_set(encoder->context, "ch_layout", channels == 1 ? "mono" : "stereo", 0) < 0
            || vtp_av.opt_set(encoder->context, "time_base", "1/48000", 0) < 0
            || vtp_av.opt_set(encoder->context, "threads", "1", 0) < 0
            || vtp_av.opt_set(encoder->context, "aac_coder", "fast", 1) < 0
            || (is_plain && vtp_av.opt_set(encoder->context, "aac_pns", "0", 1) < 0)
            || (is_plain && vtp_av.opt_set(encoder->context, "aac_tns", "0", 1) < 0)
            || vtp_av.open(encoder->context, codec, NULL) < 0);
    }
    /* 1024 ticks of two channels side by side; of one channel the first is taken. */
    static int vtp_aac_send(vtp_aac_encoder *encoder, int channels, const float *pcm, int64_t at, float scale) {
        int channel, tick, failed = vtp_av.frame_make_writable(encoder->frame);
        if (failed < 0) return failed;
        for (channel = 0; channel < channels; channel++) {
            float *plane = encoder->frame->data[channel];
            for (tick = 0; tick < VTP_AAC_TICKS; tick++) plane[tick] = pcm[2 * tick + channel] * scale;
        }
        encoder->frame->pts = at;
        return vtp_av.send_frame(encoder->context, encoder->frame);
    }
    static int vtp_aac_end(vtp_aac_encoder *encoder) { return vtp_av.send_frame(encoder->context, NULL); }
    static int vtp_aac_receive(vtp_aac_encoder *encoder) {
        return vtp_av.receive_packet(encoder->context, encoder->packet);
    }
    """
    ctypedef struct vtp_packet:
        int64_t pts
        const uint8_t* data
        int size
    ctypedef struct vtp_aac_encoder:
        void* context
        vtp_packet* packet
    int vtp_av_look_up(const char* avutil, const char* avcodec, const char* avfilter) noexcept nogil
    int vtp_aac_open(vtp_aac_encoder* encoder, int channels, int64_t bitrate_bps, int is_plain) noexcept nogil
    int vtp_aac_send(vtp_aac_encoder* encoder, int channels, const float* pcm, int64_t at, float scale) noexcept nogil
    int vtp_aac_end(vtp_aac_encoder* encoder) noexcept nogil
    int vtp_aac_receive(vtp_aac_encoder* encoder) noexcept nogil
    void vtp_aac_close(vtp_aac_encoder* encoder) noexcept nogil

from libc.string cimport memcpy

cdef enum:
    CHANNELS = 2
    FRAME_TICKS = 1024
    NOTHING_YET = -11            # AVERROR(EAGAIN)
    ALL_GIVEN = -541478725       # AVERROR_EOF
    NO_ERRNO = -4096             # what is further below zero are FFmpeg's own
    MOST_BYTES = 8192            # of a packet: libavcodec's own room for one channel, five times what AAC allows for two

cdef struct Head:                # of a packet, which is behind it
    int64_t at
    int32_t size

cdef bint loaded = False


def load(str avutil, str avcodec, str avfilter) -> bool:
    """Looks the encoder up in these files; tells whether it is there, and all of it where it should be. Once is enough."""
    global loaded
    if not loaded and vtp_av_look_up(avutil.encode(), avcodec.encode(), avfilter.encode()) == 0:
        loaded = is_usable(1) and is_usable(CHANNELS)
    return loaded


cdef bint is_usable(int channels):
    cdef vtp_aac_encoder encoder
    cdef bint opened = vtp_aac_open(&encoder, channels, 64_000, 1) == 0
    vtp_aac_close(&encoder)
    return opened


cdef class Encoder:
    """Sound of 48 kHz, one or two channels, to frames of AAC-LC of 1024 ticks.

    bitrate_bps: in the mean. `is_plain`: without noise substitution and temporal noise shaping. RuntimeError before `load`
    has found the encoder; OSError for settings that it refuses.
    """

    cdef vtp_aac_encoder encoder
    cdef int channels

    def __cinit__(self, int channels, int bitrate_bps, bint is_plain):
        self.encoder.context = NULL
        if not loaded:
            raise RuntimeError("FFmpeg's AAC encoder has not been loaded")
        if channels not in (1, CHANNELS):
            raise ValueError("there are one or two channels")
        self.channels = channels
        if vtp_aac_open(&self.encoder, channels, bitrate_bps, is_plain):
            raise OSError(EINVAL, "FFmpeg's AAC encoder does not take these settings")

    def __dealloc__(self):
        if loaded:
            vtp_aac_close(&self.encoder)

    def encode(self, const float[:, ::1] pcm not None, int64_t at, float full_scale) -> list:
        """Takes whole frames, a row for each tick and both channels side by side; of one channel the first is taken.

        `at`: the first row's tick, counted as the caller likes; `full_scale`: a power of two, what is loudest. Gives what
        is finished: (tick, packet) of each frame. The encoder is a frame behind, so what it gives first is from a frame
        before `at`. ValueError for rows of another length; OSError should FFmpeg fail.
        """
        if pcm.shape[1] != CHANNELS or pcm.shape[0] % FRAME_TICKS:
            raise ValueError("a frame has 1024 ticks of two channels")
        cdef Py_ssize_t count = pcm.shape[0] // FRAME_TICKS
        return self.run(&pcm[0, 0], count, at, 1.0 / full_scale) if count else []

    def finish(self) -> list:
        """The packets of what is left; the encoder is of no more use."""
        return self.run(NULL, 0, 0, 1.0)

    cdef list run(self, const float* pcm, Py_ssize_t count, int64_t at, float scale):
        """What comes of `count` frames; with none the encoder is told that no more will come."""
        cdef Py_ssize_t room = (count + 4) * (MOST_BYTES + <Py_ssize_t>sizeof(Head))
        cdef Py_ssize_t number, used = 0, found = 0
        cdef int failed = 0
        cdef Head head
        cdef uint8_t* data = <uint8_t*>PyMem_Malloc(<size_t>room)
        if data == NULL:
            raise MemoryError
        try:
            with nogil:
                if not count:
                    failed = vtp_aac_end(&self.encoder)
                for number in range(count):
                    failed = vtp_aac_send(&self.encoder, self.channels, pcm + number * FRAME_TICKS * CHANNELS,
                                          at + number * FRAME_TICKS, scale)
                    if failed == 0:
                        failed = self.take(data, room, &used, &found)
                    if failed:
                        break
                if not count and failed == 0:
                    failed = self.take(data, room, &used, &found)
            if failed:
                raise OSError(-failed if failed > NO_ERRNO else EIO, f"FFmpeg's AAC encoder failed: {failed}")
            packets = []
            used = 0
            for number in range(found):
                memcpy(&head, data + used, sizeof(Head))
                used += sizeof(Head)
                packets.append((head.at, PyBytes_FromStringAndSize(<const char*>data + used, head.size)))
                used += head.size
            return packets
        finally:
            PyMem_Free(data)

    cdef int take(self, uint8_t* data, Py_ssize_t room, Py_ssize_t* used, Py_ssize_t* found) noexcept nogil:
        """Takes all packets that there are now; 0, or what failed."""
        cdef Head head
        cdef int result = vtp_aac_receive(&self.encoder)
        while result == 0:
            head.at, head.size = self.encoder.packet.pts, self.encoder.packet.size
            if used[0] + <Py_ssize_t>sizeof(Head) + head.size > room:
                return -1
            memcpy(data + used[0], &head, sizeof(Head))
            used[0] += sizeof(Head)
            memcpy(data + used[0], self.encoder.packet.data, <size_t>head.size)
            used[0] += head.size
            found[0] += 1
            result = vtp_aac_receive(&self.encoder)
        return 0 if result in (NOTHING_YET, ALL_GIVEN) else result
