/*
 * Frame numbers made wider. Eight bits inserted into a slice move all later ones by a whole byte,
 * so only the start of a unit is parsed and the rest is copied.
 */
#include "frame_number.h"

#include <string.h>

#include "bits.h"

#define NARROW_BITS 4u /* log2_max_frame_num of x264 with eight reference frames */
#define ADDED_BITS 8u
#define PARAMETER_SET_MAX 64u /* bytes of a sequence parameter set; x264's has about 30 */

enum { UNIT_SLICE = 1, UNIT_KEYFRAME_SLICE = 5, UNIT_SEQUENCE_PARAMETERS = 7 };

/* Declares the new width; everything behind it moves by some bits. */
static size_t widen_parameter_set(const uint8_t *in, size_t count, uint8_t *out)
{
    uint8_t plain[PARAMETER_SET_MAX], wide[PARAMETER_SET_MAX + 8] = {0};
    size_t used, bytes = wv_unescape_start(in, count, count, plain, sizeof plain, &used);
    if (used != count || bytes < 5) return 0;
    size_t last = bytes - 1;
    unsigned unused = 0; /* zeros behind the stop bit */
    while (unused < 8 && (plain[last] >> unused & 1) == 0) unused++;
    wv_bit_reader reader = {.bytes = plain, .bits = bytes * 8 - unused, .at = 8 * 4};
    wv_read_number(&reader); /* seq_parameter_set_id */
    size_t at = 0;
    size_t width_at = reader.at;
    if (plain[1] != 66 || wv_read_number(&reader) != NARROW_BITS - 4) return 0;
    size_t behind = reader.at;
    for (reader.at = 0; reader.at < width_at;) wv_write_bit(wide, &at, wv_read_bit(&reader));
    /* ue(v) of 8 is 0001001. */
    for (int bit = 6; bit >= 0; bit--) wv_write_bit(wide, &at, 9u >> bit & 1);
    reader.at = behind;
    while (reader.at < reader.bits) wv_write_bit(wide, &at, wv_read_bit(&reader));
    return wv_escape(wide, (at + 7) / 8, out);
}

/* Puts the high bits of the number in front of the low ones. */
static size_t widen_slice(const uint8_t *in, size_t count, uint32_t frame_number, uint8_t *out)
{
    enum { HEADER = 16, LONGEST = HEADER + 512 };
    uint8_t plain[LONGEST], wide[LONGEST + 1];
    size_t used, bytes = wv_unescape_start(in, count, HEADER, plain, sizeof plain, &used);
    wv_bit_reader reader = {.bytes = plain, .bits = bytes * 8, .at = 8};
    wv_read_number(&reader); /* first_mb_in_slice */
    wv_read_number(&reader); /* slice_type */
    wv_read_number(&reader); /* pic_parameter_set_id */
    size_t byte = reader.at / 8, shift = reader.at % 8;
    if (reader.at + NARROW_BITS > reader.bits ||
        wv_read_bits(&reader, NARROW_BITS) != (frame_number & ((1u << NARROW_BITS) - 1))) {
        return 0;
    }
    uint32_t high = frame_number >> NARROW_BITS & ((1u << ADDED_BITS) - 1);
    memcpy(wide, plain, byte);
    wide[byte] = (uint8_t)((plain[byte] & ~(0xffu >> shift)) | high >> shift);
    wide[byte + 1] = (uint8_t)(high << (8 - shift) | (plain[byte] & 0xffu >> shift));
    memcpy(wide + byte + 2, plain + byte + 1, bytes - byte - 1);
    if (used < count && wide[bytes] == 0) return 0; /* a run of zeros that no slice has */
    size_t written = wv_escape(wide, bytes + 1, out);
    memcpy(out + written, in + used, count - used);
    return written + count - used;
}

size_t wv_frame_number_widen(const uint8_t *in, size_t count, uint32_t frame_number, uint8_t *out)
{
    size_t start = count > 4 && in[2] == 0 ? 4 : 3;
    if (count < start + 2) return 0;
    memcpy(out, in, start);
    size_t written;
    switch (in[start] & 31) {
    case UNIT_SEQUENCE_PARAMETERS:
        written = widen_parameter_set(in + start, count - start, out + start);
        break;
    case UNIT_SLICE:
    case UNIT_KEYFRAME_SLICE:
        written = widen_slice(in + start, count - start, frame_number, out + start);
        break;
    default:
        memcpy(out + start, in + start, count - start);
        return count;
    }
    return written > 0 ? start + written : 0;
}
