/*
 * Bits of H.264 units: reading and writing numbers, and emulation prevention on and off. Used by
 * what changes headers of encoded slices.
 */
#ifndef WV_BITS_H
#define WV_BITS_H

#include <stddef.h>
#include <stdint.h>

/* Bits of a byte string without emulation prevention. */
typedef struct {
    const uint8_t *bytes;
    size_t bits, at;
} wv_bit_reader;

static inline uint32_t wv_read_bit(wv_bit_reader *reader)
{
    if (reader->at >= reader->bits) return 0;
    uint32_t bit = reader->bytes[reader->at / 8] >> (7 - reader->at % 8) & 1;
    reader->at++;
    return bit;
}

static inline uint32_t wv_read_bits(wv_bit_reader *reader, unsigned count)
{
    uint32_t value = 0;
    while (count-- > 0) value = value << 1 | wv_read_bit(reader);
    return value;
}

/* ue(v) of the specification; 32 zeros or more are no number. */
static inline uint32_t wv_read_number(wv_bit_reader *reader)
{
    unsigned zeros = 0;
    while (zeros < 32 && reader->at < reader->bits && wv_read_bit(reader) == 0) zeros++;
    return zeros < 32 ? (1u << zeros) - 1 + wv_read_bits(reader, zeros) : UINT32_MAX;
}

/* Sets bit *at of bytes, which begin as zeros, and moves on. */
static inline void wv_write_bit(uint8_t *bytes, size_t *at, uint32_t bit)
{
    if (bit) bytes[*at / 8] |= (uint8_t)(0x80 >> *at % 8);
    ++*at;
}

static inline void wv_write_bits(uint8_t *bytes, size_t *at, uint32_t value, unsigned count)
{
    while (count-- > 0) wv_write_bit(bytes, at, value >> count & 1);
}

/* ue(v) of the specification, below 2^31. */
static inline void wv_write_number(uint8_t *bytes, size_t *at, uint32_t value)
{
    unsigned zeros = 0;
    while ((value + 1) >> (zeros + 1)) zeros++;
    wv_write_bits(bytes, at, 0, zeros);
    wv_write_bits(bytes, at, value + 1, zeros + 1);
}

/* Writes bytes with emulation prevention, at most half as many more; gives how many. */
static inline size_t wv_escape(const uint8_t *bytes, size_t count, uint8_t *out)
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
static inline size_t wv_unescape_start(const uint8_t *in, size_t count, size_t wanted,
                                       uint8_t *out, size_t capacity, size_t *used)
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

#endif
