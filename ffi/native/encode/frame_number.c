/*
 * Frame numbers made wider. Eight bits inserted into a slice move all later ones by a whole byte,
 * so only the start of a unit is parsed and the rest is copied.
 */
#include "frame_number.h"

#include <stdbool.h>
#include <string.h>

#define NARROW_BITS 4u /* log2_max_frame_num of x264 with eight reference frames */
#define ADDED_BITS 8u
#define PARAMETER_SET_MAX 64u /* bytes of a sequence parameter set; x264's has about 30 */

enum { UNIT_SLICE = 1, UNIT_KEYFRAME_SLICE = 5, UNIT_SEQUENCE_PARAMETERS = 7 };

/* Bits of a byte string without emulation prevention. */
typedef struct {
    const uint8_t *bytes;
    size_t bits, at;
} bit_reader;

static uint32_t read_bit(bit_reader *reader)
{
    if (reader->at >= reader->bits) return 0;
    uint32_t bit = reader->bytes[reader->at / 8] >> (7 - reader->at % 8) & 1;
    reader->at++;
    return bit;
}

static uint32_t read_bits(bit_reader *reader, unsigned count)
{
    uint32_t value = 0;
    while (count-- > 0) value = value << 1 | read_bit(reader);
    return value;
}

/* ue(v) of the specification; 32 zeros or more are no number. */
static uint32_t read_number(bit_reader *reader)
{
    unsigned zeros = 0;
    while (zeros < 32 && reader->at < reader->bits && read_bit(reader) == 0) zeros++;
    return zeros < 32 ? (1u << zeros) - 1 + read_bits(reader, zeros) : UINT32_MAX;
}

static void write_bit(uint8_t *bytes, size_t *at, uint32_t bit)
{
    if (bit) bytes[*at / 8] |= (uint8_t)(0x80 >> *at % 8);
    ++*at;
}

/* Writes bytes with emulation prevention; gives how many. */
static size_t escape(const uint8_t *bytes, size_t count, uint8_t *out)
{
    size_t written = 0;
    int zeros = 0;
    for (size_t i = 0; i < count; i++) {
        if (zeros == 2 && bytes[i] <= 3) {
            out[written++] = 3;
            zeros = 0;
        }
        out[written++] = bytes[i];
        zeros = bytes[i] == 0 ? zeros + 1 : 0;
    }
    return written;
}

/*
 * Takes emulation prevention off the start of in: at least `wanted` bytes, and then up to one that
 * is not zero, after which escaping does not depend on what came before. *used counts bytes of in.
 */
static size_t unescape_start(const uint8_t *in, size_t count, size_t wanted, uint8_t *out,
                             size_t capacity, size_t *used)
{
    size_t written = 0, at = 0;
    int zeros = 0;
    while (at < count && written < capacity) {
        if (written >= wanted && out[written - 1] != 0) break;
        if (zeros == 2 && in[at] == 3) {
            zeros = 0;
            at++;
            continue;
        }
        zeros = in[at] == 0 ? zeros + 1 : 0;
        out[written++] = in[at++];
    }
    *used = at;
    return written;
}

/* Declares the new width; everything behind it moves by some bits. */
static size_t widen_parameter_set(const uint8_t *in, size_t count, uint8_t *out)
{
    uint8_t plain[PARAMETER_SET_MAX], wide[PARAMETER_SET_MAX + 8] = {0};
    size_t used, bytes = unescape_start(in, count, count, plain, sizeof plain, &used);
    if (used != count || bytes < 5) return 0;
    size_t last = bytes - 1;
    unsigned unused = 0; /* zeros behind the stop bit */
    while (unused < 8 && (plain[last] >> unused & 1) == 0) unused++;
    bit_reader reader = {.bytes = plain, .bits = bytes * 8 - unused, .at = 8 * 4};
    read_number(&reader); /* seq_parameter_set_id */
    size_t at = 0;
    size_t width_at = reader.at;
    if (plain[1] != 66 || read_number(&reader) != NARROW_BITS - 4) return 0;
    size_t behind = reader.at;
    for (reader.at = 0; reader.at < width_at;) write_bit(wide, &at, read_bit(&reader));
    /* ue(v) of 8 is 0001001. */
    for (int bit = 6; bit >= 0; bit--) write_bit(wide, &at, 9u >> bit & 1);
    for (reader.at = behind; reader.at < reader.bits;) write_bit(wide, &at, read_bit(&reader));
    return escape(wide, (at + 7) / 8, out);
}

/* Puts the high bits of the number in front of the low ones. */
static size_t widen_slice(const uint8_t *in, size_t count, uint32_t frame_number, uint8_t *out)
{
    enum { HEADER = 16, LONGEST = HEADER + 512 };
    uint8_t plain[LONGEST], wide[LONGEST + 1];
    size_t used, bytes = unescape_start(in, count, HEADER, plain, sizeof plain, &used);
    bit_reader reader = {.bytes = plain, .bits = bytes * 8, .at = 8};
    read_number(&reader); /* first_mb_in_slice */
    read_number(&reader); /* slice_type */
    read_number(&reader); /* pic_parameter_set_id */
    size_t byte = reader.at / 8, shift = reader.at % 8;
    if (reader.at + NARROW_BITS > reader.bits ||
        read_bits(&reader, NARROW_BITS) != (frame_number & ((1u << NARROW_BITS) - 1))) {
        return 0;
    }
    uint32_t high = frame_number >> NARROW_BITS & ((1u << ADDED_BITS) - 1);
    memcpy(wide, plain, byte);
    wide[byte] = (uint8_t)((plain[byte] & ~(0xffu >> shift)) | high >> shift);
    wide[byte + 1] = (uint8_t)(high << (8 - shift) | (plain[byte] & 0xffu >> shift));
    memcpy(wide + byte + 2, plain + byte + 1, bytes - byte - 1);
    if (used < count && wide[bytes] == 0) return 0; /* a run of zeros that no slice has */
    size_t written = escape(wide, bytes + 1, out);
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
