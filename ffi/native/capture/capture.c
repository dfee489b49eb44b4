/*
 * Capture: the candidate list. The framebuffer of an Xvfb comes first because it needs no copy.
 */
#include "capture.h"

const wv_capture_ops *const WV_CAPTURE_CANDIDATES[WV_CAPTURES] = {
    &wv_capture_framebuffer, &wv_capture_shm, &wv_capture_pattern};

int32_t wv_capture_open(const wv_stream_config *config, wv_capture **capture, wv_error *error)
{
    if (config->source_kind == WV_SOURCE_PATTERN) {
        return wv_capture_pattern.open(config, capture, error);
    }
    int32_t status = wv_capture_framebuffer.open(config, capture, error);
    /* A segment that was named and does not fit is an error: falling back would hide it. */
    if (status == WV_STATUS_OK || config->framebuffer_shm_id >= 0) return status;
    return wv_capture_shm.open(config, capture, error);
}
