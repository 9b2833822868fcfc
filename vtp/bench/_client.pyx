"""The compiled WebRTC client of `vtp watch`, `vtp publish` and the benchmarks: many clients, one thread, no GIL.

An Engine owns Clients. Each has a socket of its own, is the controlling ICE agent, and once Python has given it the
SRTP keys of its DTLS handshake it receives streams (sequence accounting, NACK and RTX, receiver reports,
transport-wide feedback, frame assembly without decoding, delays, freezes) and sends them (packetizers, a pacer, sender
reports, answers to NACK). Python is called per access unit and per event, never per packet.
"""

from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset, strlen

from vtp.rtp_fast.codecs cimport (
    CODEC_AV1, CODEC_H264, CODEC_VP8, CODEC_VP9, PayloadInfo, codec_inspect, leb128_read,
)
from vtp.rtp_fast.header cimport (
    KIND_DTLS, KIND_OTHER, KIND_RTP, KIND_STUN, RtpExt, RtpPacket, packet_kind, read16, read24, read32, read64,
    rtp_find_ext, rtp_parse_header, write16, write24, write32, write64,
)
from vtp.rtp_fast.srtp cimport (
    SRTP_AEAD_AES_128_GCM, SRTP_ERROR_OLD, SRTP_ERROR_REPLAY, SrtpSession, SrtpStream, srtcp_protect, srtcp_unprotect,
    srtp_close, srtp_open, srtp_protect, srtp_stream, srtp_unprotect,
)
from vtp.rtp_fast.stun cimport (
    STUN_BINDING_ERROR, STUN_BINDING_REQUEST, STUN_BINDING_SUCCESS, StunMessage, stun_check_integrity, stun_parse,
    stun_write_error, stun_write_request, stun_write_success,
)

import contextlib
import ipaddress
import os
import threading

include "client/system.pxi"
include "client/clock.pxi"
include "client/histogram.pxi"
include "client/ssrc_table.pxi"
include "client/structs.pxi"
include "client/events.pxi"
include "client/timers.pxi"
include "client/timetable.pxi"
include "client/send_table.pxi"
include "client/frames.pxi"
include "client/holes.pxi"
include "client/reception.pxi"
include "client/receive.pxi"
include "client/probe.pxi"
include "client/probe_sample.pxi"
include "client/feedback.pxi"
include "client/transport_feedback.pxi"
include "client/packetize.pxi"
include "client/send.pxi"
include "client/source.pxi"
include "client/ice.pxi"
include "client/reports.pxi"
include "client/receive_media.pxi"
include "client/batch.pxi"
include "client/loop.pxi"
include "client/objects.pxi"
include "client/engine.pxi"
include "client/load_face.pxi"
include "client/stats.pxi"
include "client/testing.pxi"
