# cython: language_level=3
"""The packet path: one Worker is one UDP port and one thread that forwards media without the GIL.

The parts are in `vtp/rtp_fast/`: `.pxd` files of inline functions, shared with the load client, and the `.pxi`
files included here. `state.pxi` says what there is and who owns it; read it first. Only `batch_io`, `tcp_io` and
`worker` make system calls; everything else is a function of (state, packet, now).
"""

cimport cython
from libc.math cimport sqrt
from libc.stddef cimport size_t
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

from vtp.rtp_fast.codecs cimport *
from vtp.rtp_fast.dependency cimport *
from vtp.rtp_fast.header cimport *
from vtp.rtp_fast.srtp cimport *
from vtp.rtp_fast.stun cimport *

cdef extern from "Python.h":
    bint PyGC_Disable()
    bint PyGC_Enable()

import errno
import os
import socket
import threading
import time

cdef extern from "sys/socket.h" nogil:
    ctypedef unsigned int socklen_t
    cdef struct iovec:
        void* iov_base
        size_t iov_len
    cdef struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
        int msg_flags
    cdef struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, void* timeout)
    int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags)
    int64_t sendmsg(int fd, msghdr* message, int flags)
    int AF_INET, AF_INET6, MSG_DONTWAIT, MSG_TRUNC

cdef extern from "netinet/in.h" nogil:
    cdef struct in_addr:
        uint32_t s_addr
    cdef struct in6_addr:
        pass
    cdef struct sockaddr_in:
        unsigned short sin_family
        uint16_t sin_port
        in_addr sin_addr
    cdef struct sockaddr_in6:
        unsigned short sin6_family
        uint16_t sin6_port
        in6_addr sin6_addr
    uint16_t htons(uint16_t value)

cdef extern from "errno.h" nogil:
    int EAGAIN, ENOBUFS, EINTR, EINVAL, EMSGSIZE, EIO, ENETUNREACH, EHOSTUNREACH, EPERM, EACCES

cdef extern from "unistd.h" nogil:
    int os_close "close"(int fd)

cdef extern from "openssl/crypto.h" nogil:
    void OPENSSL_cleanse(void* data, size_t length)

include "rtp_fast/state.pxi"
include "rtp_fast/events.pxi"
include "rtp_fast/tables.pxi"
include "rtp_fast/batch_io.pxi"
include "rtp_fast/byte_ring.pxi"
include "rtp_fast/tap.pxi"
include "rtp_fast/door.pxi"
include "rtp_fast/pipe.pxi"
include "rtp_fast/depacketize.pxi"
include "rtp_fast/budget.pxi"
include "rtp_fast/retransmit.pxi"
include "rtp_fast/resend.pxi"
include "rtp_fast/keyframes.pxi"
include "rtp_fast/congestion.pxi"
include "rtp_fast/trend.pxi"
include "rtp_fast/estimator.pxi"
include "rtp_fast/probe.pxi"
include "rtp_fast/outbound.pxi"
include "rtp_fast/send_history.pxi"
include "rtp_fast/pacer.pxi"
include "rtp_fast/viewer_feedback.pxi"
include "rtp_fast/viewer_loss.pxi"
include "rtp_fast/rtcp.pxi"
include "rtp_fast/ice.pxi"
include "rtp_fast/levels.pxi"
include "rtp_fast/red.pxi"
include "rtp_fast/floor.pxi"
include "rtp_fast/ingress.pxi"
include "rtp_fast/rewrite.pxi"
include "rtp_fast/runs.pxi"
include "rtp_fast/overload.pxi"
include "rtp_fast/tcp_table.pxi"
include "rtp_fast/tcp.pxi"
include "rtp_fast/tcp_io.pxi"
include "rtp_fast/egress.pxi"
include "rtp_fast/layers.pxi"
include "rtp_fast/selection.pxi"
include "rtp_fast/picture_end.pxi"
include "rtp_fast/plain.pxi"
include "rtp_fast/timers.pxi"
include "rtp_fast/objects.pxi"
include "rtp_fast/arguments.pxi"
include "rtp_fast/outlet.pxi"
include "rtp_fast/worker.pxi"
include "rtp_fast/scheduling.pxi"
include "rtp_fast/bindings.pxi"
include "rtp_fast/bindings_estimator.pxi"
include "rtp_fast/measure.pxi"

globals().update(  # the C constants under their Python names; vtp/_rtp_fast.pyi declares them
    EXT_MID=MID, EXT_RID=RID, EXT_REPAIRED_RID=REPAIRED_RID, EXT_ABS_SEND_TIME=ABS_SEND_TIME,
    EXT_TRANSPORT_CC=TRANSPORT_CC, EXT_AUDIO_LEVEL=AUDIO_LEVEL, EXT_VIDEO_ORIENTATION=VIDEO_ORIENTATION,
    EXT_ABS_CAPTURE_TIME=ABS_CAPTURE_TIME, EXT_PLAYOUT_DELAY=PLAYOUT_DELAY, EXT_TOFFSET=TOFFSET,
    EXT_DEPENDENCY_DESCRIPTOR=DEPENDENCY_DESCRIPTOR,
    CODEC_OPUS=CODEC_OPUS, CODEC_PCMU=CODEC_PCMU, CODEC_PCMA=CODEC_PCMA, CODEC_VP8=CODEC_VP8, CODEC_VP9=CODEC_VP9,
    CODEC_H264=CODEC_H264, CODEC_AV1=CODEC_AV1, CODEC_RED=CODEC_RED,
    PROFILE_AES_CM_128_SHA1_80=SRTP_AES_CM_128_SHA1_80, PROFILE_AEAD_AES_128_GCM=SRTP_AEAD_AES_128_GCM,
    PROFILE_AEAD_AES_256_GCM=SRTP_AEAD_AES_256_GCM,
)
