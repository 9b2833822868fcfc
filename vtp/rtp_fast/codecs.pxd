# cython: language_level=3
"""What one RTP payload tells about its frame: key frame, layers, picture id, size. One look, no state.

Sources: RFC 7741 (VP8), RFC 9628 (VP9), RFC 6184 (H.264), the AV1 RTP specification 1.0, sections 4.3 to 4.5 (AV1).
Every function is total: it never reads past the length it is given.
"""
from libc.stdint cimport int8_t, int16_t, int32_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memset

from vtp.rtp_fast.header cimport read16


cdef enum:
    CODEC_OPUS = 1
    CODEC_PCMU = 2
    CODEC_PCMA = 3
    CODEC_VP8 = 4
    CODEC_VP9 = 5
    CODEC_H264 = 6
    CODEC_AV1 = 7

cdef enum:  # what codec_inspect says no with
    CODEC_ERROR_UNKNOWN = -1  # not one of the codecs above
    CODEC_ERROR_TRUNCATED = -2  # the descriptor runs past the end, or there is no payload behind it
    CODEC_ERROR_MALFORMED = -3  # impossible values


cdef struct PayloadInfo:
    uint8_t key_frame  # a decoder can start with this packet's frame, and this packet is at its start (see codec_inspect)
    uint8_t start_of_frame  # VP8, VP9: certain; H.264: may begin an access unit; AV1: does not continue an OBU
    uint8_t end_of_frame  # the marker bit
    uint8_t end_of_layer  # VP9: the E bit; others as end_of_frame
    uint8_t discardable  # no other frame refers to it (VP8 N; VP9 never set; H.264 nal_ref_idc 0)
    uint8_t switching_point  # VP8 Y, VP9 U: one may switch up to this temporal layer here
    uint8_t inter_predicted  # VP9 P: refers to an earlier picture
    uint8_t inter_layer  # VP9 D: refers to the layer below in the same picture
    uint8_t has_picture_id
    uint8_t picture_id_len  # bits: 7 or 15
    uint16_t picture_id
    uint16_t picture_id_offset  # in the payload, of the byte that holds M and the upper bits
    uint8_t has_tl0
    uint8_t tl0picidx
    uint16_t tl0_offset  # in the payload
    int8_t temporal_id  # -1: unknown
    int8_t spatial_id  # -1: unknown
    uint8_t nal_type  # H.264: of the (first or fragmented) NAL unit
    uint16_t descriptor_len  # bytes before the codec's own data (VP8, VP9: descriptor; AV1: aggregation header)
    uint16_t width  # of a key frame, 0 when this packet does not tell
    uint16_t height
