/*
 * Frame marker: magic, frame number, draw time, input count and CRC-16/CCITT-FALSE as big blocks,
 * which survive any quantiser. Bits go row by row, most significant first.
 */
#include "marker.h"

#include <string.h>

#define MAGIC 0xA5u

static uint16_t crc16(const uint8_t *bytes, int count)
{
    uint16_t crc = 0xffff;
    for (int i = 0; i < count; i++) {
        crc ^= (uint16_t)(bytes[i] << 8);
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
        }
    }
    return crc;
}

void wv_marker_encode(uint8_t out[WV_MARKER_BYTES], uint32_t frame, uint32_t time_us,
                      uint16_t input_count)
{
    out[0] = MAGIC;
    out[1] = (uint8_t)(frame >> 16);
    out[2] = (uint8_t)(frame >> 8);
    out[3] = (uint8_t)frame;
    out[4] = (uint8_t)(time_us >> 24);
    out[5] = (uint8_t)(time_us >> 16);
    out[6] = (uint8_t)(time_us >> 8);
    out[7] = (uint8_t)time_us;
    out[8] = (uint8_t)(input_count >> 8);
    out[9] = (uint8_t)input_count;
    uint16_t crc = crc16(out, 10);
    out[10] = (uint8_t)(crc >> 8);
    out[11] = (uint8_t)crc;
}

void wv_marker_draw(uint8_t *bgrx, int stride, const uint8_t marker[WV_MARKER_BYTES])
{
    for (int row = 0; row < WV_MARKER_ROWS; row++) {
        uint8_t *top = bgrx + (long)row * WV_MARKER_BLOCK * stride;
        for (int column = 0; column < WV_MARKER_COLUMNS; column++) {
            int bit = row * WV_MARKER_COLUMNS + column;
            int white = marker[bit / 8] >> (7 - bit % 8) & 1;
            memset(top + column * WV_MARKER_BLOCK * 4, white ? 255 : 0, WV_MARKER_BLOCK * 4);
        }
        for (int line = 1; line < WV_MARKER_BLOCK; line++) {
            memcpy(top + (long)line * stride, top, WV_MARKER_WIDTH * 4);
        }
    }
}
