# Does a viewer's queue grow? A line through how late the last groups of packets came, against a threshold that adapts.
#
# Google Congestion Control (draft-ietf-rmcat-gcc-02 section 5), with libwebrtc's trendline in place of the Kalman filter.

cdef enum:
    TREND_POINTS = 20            # groups that the line goes through
    TREND_COUNT = 60             # more groups than this add nothing to the trend's weight
    SIGNAL_NORMAL = 0
    SIGNAL_OVER = 1              # the queue grows
    SIGNAL_UNDER = 2             # it empties

cdef float TREND_GAIN = 4.0
cdef float TREND_SMOOTHING = 0.9
cdef float THRESHOLD_START_MS = 12.5
cdef float THRESHOLD_LEAST_MS = 6
cdef float THRESHOLD_MOST_MS = 600
cdef float THRESHOLD_UP = 0.0087                 # per millisecond; draft-ietf-rmcat-gcc-02 section 5.4
cdef float THRESHOLD_DOWN = 0.039
cdef float THRESHOLD_SPIKE_MS = 15               # what is so far out is an accident, not to be adapted to
cdef float OVER_LEAST_MS = 10                    # for so long the trend must stay over the threshold


cdef struct Trend:
    int32_t at[TREND_POINTS]     # arrival in steps of 0.25 ms, low bits
    float late_ms[TREND_POINTS]  # smoothed
    float sum_ms                 # of all gradients since the last reset
    float smoothed_ms
    float threshold_ms
    float slope
    float over_ms
    uint16_t count
    uint8_t overs
    uint8_t signal


cdef void trend_reset(Trend* trend) noexcept nogil:
    """After a pause or a jump of a clock: what was late then says nothing now. What the threshold has learnt stays."""
    cdef float threshold = trend.threshold_ms
    memset(trend, 0, sizeof(Trend))
    trend.threshold_ms = threshold if threshold > 0 else THRESHOLD_START_MS


cdef void trend_add(Trend* trend, float sent_ms, float arrived_ms, int32_t at) noexcept nogil:
    """One group came `arrived_ms` after the one before, and had been sent `sent_ms` after that, at time `at` (0.25 ms)."""
    cdef int place = trend.count % TREND_POINTS
    cdef float before = trend.slope
    trend.sum_ms += arrived_ms - sent_ms
    trend.smoothed_ms = TREND_SMOOTHING * trend.smoothed_ms + (1 - TREND_SMOOTHING) * trend.sum_ms
    trend.at[place] = at
    trend.late_ms[place] = trend.smoothed_ms
    trend.count += 1
    if trend.count == 65520:                     # keeps its place, and is over TREND_COUNT
        trend.count = 60
    if trend.count >= TREND_POINTS:
        trend.slope = trend_slope(trend, at)
    trend_judge(trend, min(<int>trend.count, <int>TREND_COUNT) * trend.slope * TREND_GAIN, before, sent_ms)


cdef float trend_slope(const Trend* trend, int32_t now) noexcept nogil:
    """Least squares: milliseconds of growing delay per millisecond."""
    cdef float x, y, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, spread
    cdef int i
    for i in range(TREND_POINTS):
        x = <float><int32_t>(<uint32_t>trend.at[i] - <uint32_t>now) * <float>0.25
        y = trend.late_ms[i] - trend.smoothed_ms
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_xy += x * y
    spread = sum_xx * TREND_POINTS - sum_x * sum_x
    return (sum_xy * TREND_POINTS - sum_x * sum_y) / spread if spread > 0 else trend.slope


cdef void trend_judge(Trend* trend, float trend_ms, float slope_before, float span_ms) noexcept nogil:
    cdef float size = trend_ms if trend_ms >= 0 else -trend_ms
    if trend_ms > trend.threshold_ms:
        trend.over_ms += span_ms if trend.overs else span_ms / 2
        trend.overs = min(trend.overs + 1, 255)
        if trend.over_ms > OVER_LEAST_MS and trend.overs > 1 and trend.slope >= slope_before:
            trend.signal = SIGNAL_OVER
            trend.over_ms = 0
            trend.overs = 0
    else:
        trend.signal = SIGNAL_UNDER if trend_ms < -trend.threshold_ms else SIGNAL_NORMAL
        trend.over_ms = 0
        trend.overs = 0
    if size <= trend.threshold_ms + THRESHOLD_SPIKE_MS:
        trend.threshold_ms += (size - trend.threshold_ms) * min(
            min(span_ms, <float>100) * (THRESHOLD_DOWN if size < trend.threshold_ms else THRESHOLD_UP), <float>1)
        trend.threshold_ms = max(THRESHOLD_LEAST_MS, min(trend.threshold_ms, THRESHOLD_MOST_MS))
