/*
 * Scale: the candidate list.
 */
#include "scale.h"

const wv_scale_ops *const WV_SCALE_CANDIDATES[WV_SCALERS] = {&wv_scale_libyuv, &wv_scale_portable};

void wv_scale_run(const wv_frame *from, const wv_frame *to)
{
    wv_error error;
    for (size_t i = 0; i < WV_SCALERS; i++) {
        const wv_scale_ops *ops = WV_SCALE_CANDIDATES[i];
        if (ops->probe(&error) != WV_STATUS_OK) continue;
        ops->run(from, to);
        return;
    }
}
