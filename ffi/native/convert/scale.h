/*
 * Scale: makes an I420 frame smaller before it is encoded, when the network takes no more. Part of
 * the convert step; a stream at full size never comes here.
 */
#ifndef WV_SCALE_H
#define WV_SCALE_H

#include "../common.h"

/* Sizes are quarters of the captured size: 4 is the whole, 2 the smallest. */
#define WV_SCALE_FULL 4u
#define WV_SCALE_MIN 2u
/* No codec takes less. */
#define WV_SIDE_MIN 16

typedef struct wv_scale_ops {
    const char *name;
    /* Finds the library; the error text says what is missing. */
    int32_t (*probe)(wv_error *error);
    /* Fills `to` with the picture of `from`, which is at least as large in both directions. */
    void (*run)(const wv_frame *from, const wv_frame *to);
} wv_scale_ops;

extern const wv_scale_ops wv_scale_libyuv;
extern const wv_scale_ops wv_scale_portable;

#define WV_SCALERS 2
/* The candidate list, in the order in which it is tried. */
extern const wv_scale_ops *const WV_SCALE_CANDIDATES[WV_SCALERS];

/* The even length of a side at so many quarters. */
static inline int wv_scaled_side(int side, uint32_t quarters)
{
    int scaled = side * (int)quarters / 4 & ~1;
    int least = side < WV_SIDE_MIN ? side : WV_SIDE_MIN;
    return scaled < least ? least : scaled;
}

/* Scales by the first candidate that works. */
void wv_scale_run(const wv_frame *from, const wv_frame *to);

#endif
