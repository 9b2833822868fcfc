"""The codecs of pictures that a recorder takes: how each is read from RTP and written to MP4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp import _rtp_fast
from vtp.recording.av1 import Av1Reader
from vtp.recording.h264 import H264Reader
from vtp.recording.picture import PictureReader
from vtp.recording.transcoder import Vp8Transcoder
from vtp.recording.vp9 import Vp9Reader


@dataclass(frozen=True, slots=True)
class PictureCodec:
    """`rtp` is the depacketizer's number; `open_reader` makes a reader of one source."""

    rtp: int
    open_reader: Callable[[], PictureReader]
    is_transcoded: bool = False


PICTURE_CODECS = {
    "video/h264": PictureCodec(_rtp_fast.CODEC_H264, H264Reader),
    "video/vp9": PictureCodec(_rtp_fast.CODEC_VP9, Vp9Reader),
    "video/av1": PictureCodec(_rtp_fast.CODEC_AV1, Av1Reader),
    "video/vp8": PictureCodec(_rtp_fast.CODEC_VP8, Vp8Transcoder, is_transcoded=True),
}
