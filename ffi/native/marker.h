/*
 * Frame marker: 12 bytes drawn as 96 black or white blocks of 16x16 pixels in the top left corner,
 * so that a viewer can tell which drawing it shows. The pattern source and the test scene share it.
 */
#ifndef WV_MARKER_H
#define WV_MARKER_H

#include <stdint.h>

#define WV_MARKER_BYTES 12
#define WV_MARKER_BLOCK 16    /* pixels */
#define WV_MARKER_COLUMNS 32
#define WV_MARKER_ROWS 3
#define WV_MARKER_WIDTH (WV_MARKER_BLOCK * WV_MARKER_COLUMNS)
#define WV_MARKER_HEIGHT (WV_MARKER_BLOCK * WV_MARKER_ROWS)

/* frame wraps at 2^24; time_us is the low half of CLOCK_MONOTONIC just before drawing. */
void wv_marker_encode(uint8_t out[WV_MARKER_BYTES], uint32_t frame, uint32_t time_us,
                      uint16_t input_count);
/* Draws into 4-byte pixels at bgrx, which holds at least WV_MARKER_WIDTH x WV_MARKER_HEIGHT. */
void wv_marker_draw(uint8_t *bgrx, int stride, const uint8_t marker[WV_MARKER_BYTES]);

#endif
