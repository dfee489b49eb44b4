/*
 * frame_numbers: widening of frame numbers against slices written bit by bit, with every alignment
 * of the number and with runs of zeros that need emulation prevention.
 */
#include <stdlib.h>
#include <string.h>

#include "../encode/frame_number.h"
#include "check.h"

#define BYTES_MAX 400

typedef struct {
    uint8_t bytes[BYTES_MAX];
    size_t bits;
} bit_writer;

static void put(bit_writer *writer, uint32_t value, unsigned count)
{
    while (count-- > 0) {
        uint8_t *byte = &writer->bytes[writer->bits / 8];
        if (value >> count & 1) *byte |= (uint8_t)(0x80 >> writer->bits % 8);
        writer->bits++;
    }
}

static void put_number(bit_writer *writer, uint32_t value)
{
    unsigned length = 0;
    while ((value + 1) >> (length + 1)) length++;
    put(writer, 0, length);
    put(writer, value + 1, length + 1);
}

/* NAL unit with a start code and emulation prevention. */
static size_t to_unit(const bit_writer *writer, uint8_t *out)
{
    size_t written = 3, zeros = 0;
    memcpy(out, (uint8_t[]){0, 0, 1}, 3);
    for (size_t i = 0; i < (writer->bits + 7) / 8; i++) {
        if (zeros == 2 && writer->bytes[i] <= 3) {
            out[written++] = 3;
            zeros = 0;
        }
        out[written++] = writer->bytes[i];
        zeros = writer->bytes[i] == 0 ? zeros + 1 : 0;
    }
    return written;
}

/* A slice with the given numbers; seed decides the data behind the header. */
static size_t make_slice(uint8_t *out, uint32_t first, uint32_t set, uint32_t number,
                         unsigned number_bits, unsigned seed)
{
    bit_writer writer = {.bits = 0};
    put(&writer, 0x41, 8);
    put_number(&writer, first);
    put_number(&writer, 5);
    put_number(&writer, set);
    put(&writer, number & ((1u << number_bits) - 1), number_bits);
    srand(seed);
    int zeros = seed % 3 == 0 ? 90 : 20; /* percent of bytes that are zero */
    for (int i = 0; i < 200; i++) {
        put(&writer, rand() % 100 < zeros ? 0 : (uint32_t)rand() & (seed % 2 ? 255 : 3), 8);
    }
    put(&writer, 1, 1); /* stop bit */
    return to_unit(&writer, out);
}

static int slices_equal(uint32_t first, uint32_t set, uint32_t number, unsigned seed)
{
    uint8_t narrow[BYTES_MAX * 2], wide[BYTES_MAX * 2], expected[BYTES_MAX * 2];
    size_t narrow_bytes = make_slice(narrow, first, set, number, 4, seed);
    size_t wide_bytes = wv_frame_number_widen(narrow, narrow_bytes, number, wide);
    size_t expected_bytes = make_slice(expected, first, set, number, 12, seed);
    /* A long run of zeros right behind the header is refused: no slice of x264 has one. */
    if (wide_bytes == 0) return seed % 3 == 0;
    return wide_bytes == expected_bytes && memcmp(wide, expected, wide_bytes) == 0;
}

static void check_slices(void)
{
    int good = 1, made = 0;
    for (uint32_t first = 0; first < 9000; first = first * 2 + 1) {
        for (uint32_t set = 0; set < 9; set++) {
            for (uint32_t number = 0; number < 5000; number += 37) {
                good &= slices_equal(first, set, number, made++ % 97u);
            }
        }
    }
    CHECK(good, "%d slices are as if written with 12 bits at once", made);
    uint8_t unit[BYTES_MAX * 2], out[BYTES_MAX * 2];
    size_t bytes = make_slice(unit, 0, 0, 5, 4, 1);
    CHECK(wv_frame_number_widen(unit, bytes, 6, out) == 0, "another number than said is refused");
}

static void check_others(void)
{
    uint8_t out[64];
    const uint8_t picture[] = {0, 0, 0, 1, 0x68, 0xce, 0x38, 0x80};
    CHECK(wv_frame_number_widen(picture, sizeof picture, 9, out) == sizeof picture &&
              memcmp(out, picture, sizeof picture) == 0,
          "a picture parameter set stays as it is");
    bit_writer narrow = {.bits = 0}, wide = {.bits = 0};
    for (int i = 0; i < 2; i++) {
        bit_writer *writer = i == 0 ? &narrow : &wide;
        put(writer, 0x67, 8);
        put(writer, 0x42c01e, 24);
        put_number(writer, 0);
        put_number(writer, i == 0 ? 0 : 8);
        put_number(writer, 2);
        put(writer, 0x12345, 20);
        put(writer, 1, 1);
    }
    uint8_t unit[64], expected[64];
    size_t bytes = to_unit(&narrow, unit), expected_bytes = to_unit(&wide, expected);
    CHECK(wv_frame_number_widen(unit, bytes, 0, out) == expected_bytes &&
              memcmp(out, expected, expected_bytes) == 0,
          "a sequence parameter set declares 12 bits");
    CHECK(wv_frame_number_widen(expected, expected_bytes, 0, out) == 0,
          "one that declares another width than 4 is refused");
    CHECK(wv_frame_number_widen(unit, 4, 0, out) == 0, "a cut unit is refused");
}

int main(void)
{
    check_slices();
    check_others();
    return checks_end();
}
