/*
 * slice_headers: slices written anew for two layers against slices written bit by bit, with every
 * alignment, with runs of zeros, and with headers that must be refused.
 */
#include <stdlib.h>
#include <string.h>

#include "../encode/bits.h"
#include "../encode/slice_header.h"
#include "check.h"

#define BYTES_MAX 2000
#define DATA_BYTES 300

/* What a slice says. */
typedef struct {
    uint32_t kind, first, type, set, number;
    unsigned number_bits;
    uint32_t distance;
    unsigned seed;
} slice;

static size_t make_unit(const slice *said, uint8_t *out)
{
    uint8_t bytes[BYTES_MAX] = {0};
    size_t at = 0;
    wv_write_bits(bytes, &at, said->kind, 8);
    wv_write_number(bytes, &at, said->first);
    wv_write_number(bytes, &at, said->type);
    wv_write_number(bytes, &at, said->set);
    wv_write_bits(bytes, &at, said->number & ((1u << said->number_bits) - 1), said->number_bits);
    wv_write_bit(bytes, &at, 0);
    wv_write_bit(bytes, &at, said->distance > 1);
    if (said->distance > 1) {
        wv_write_number(bytes, &at, 0);
        wv_write_number(bytes, &at, said->distance - 1);
        wv_write_number(bytes, &at, 3);
    }
    if (said->kind >> 5) wv_write_bit(bytes, &at, 0);
    srand(said->seed);
    int zeros = said->seed % 3 == 0 ? 95 : 20; /* percent of bytes that are zero */
    int data = (int)(said->seed % DATA_BYTES);
    for (int i = 0; i < data; i++) {
        uint32_t byte = (uint32_t)rand() & (said->seed % 2 ? 255 : 3);
        wv_write_bits(bytes, &at, rand() % 100 < zeros ? 0 : byte, 8);
    }
    wv_write_bits(bytes, &at, 1, 1 + said->seed % 8); /* some zeros, and the stop bit */
    memcpy(out, (uint8_t[]){0, 0, 0, 1}, 4);
    size_t start = said->seed % 5 == 0 ? 3 : 4;
    if (start == 3) memcpy(out, (uint8_t[]){0, 0, 1}, 3);
    return start + wv_escape(bytes, (at + 7) / 8, out + start);
}

static int rewritten_equals(const slice *given, const slice *wanted, bool disposable)
{
    uint8_t in[BYTES_MAX * 2], out[BYTES_MAX * 4], expected[BYTES_MAX * 2], plain[BYTES_MAX * 2];
    size_t count = make_unit(given, in), expected_bytes = make_unit(wanted, expected);
    wv_slice_numbers numbers = {.x264_number = given->number,
                                .x264_distance = given->distance,
                                .number = wanted->number,
                                .distance = wanted->distance,
                                .disposable = disposable};
    size_t bytes = wv_slice_header_rewrite(in, count, &numbers, plain, out);
    return bytes == expected_bytes && bytes <= wv_slice_header_room(count) &&
           memcmp(out, expected, bytes) == 0;
}

static void check_slices(void)
{
    int good = 1, made = 0;
    for (uint32_t first = 0; first < 9000; first = first * 2 + 1) {
        for (uint32_t number = 1; number < 9000; number += 41, made++) {
            uint32_t distance = (uint32_t)made % 8 + 1, wanted_distance = (uint32_t)made % 5 + 1;
            bool disposable = made % 2 == 0;
            slice given = {.kind = 0x41, .first = first, .type = made % 3 ? 5 : 0, .number = number,
                           .set = (uint32_t)made % 7, .number_bits = 4, .distance = distance,
                           .seed = (unsigned)made};
            slice wanted = given;
            wanted.kind = disposable ? 0x01 : 0x41;
            wanted.number = number / 2 + 1;
            wanted.number_bits = 12;
            wanted.distance = wanted_distance;
            good &= rewritten_equals(&given, &wanted, disposable);
        }
    }
    CHECK(good, "%d slices are as if written so at once", made);
}

static size_t rewrite_bytes(const slice *given, wv_slice_numbers numbers)
{
    uint8_t in[BYTES_MAX * 2], out[BYTES_MAX * 4], plain[BYTES_MAX * 2];
    return wv_slice_header_rewrite(in, make_unit(given, in), &numbers, plain, out);
}

static void check_refusals(void)
{
    slice given = {
        .kind = 0x41, .type = 5, .number = 5, .number_bits = 4, .distance = 2, .seed = 7};
    wv_slice_numbers numbers = {
        .x264_number = 5, .x264_distance = 2, .number = 3, .distance = 1};
    CHECK(rewrite_bytes(&given, numbers) > 0, "the slice that was said is taken");
    numbers.x264_number = 6;
    CHECK(rewrite_bytes(&given, numbers) == 0, "another number is refused");
    numbers.x264_number = 5;
    numbers.x264_distance = 3;
    CHECK(rewrite_bytes(&given, numbers) == 0, "another reference is refused");
    numbers.x264_distance = 2;
    given.type = 7;
    CHECK(rewrite_bytes(&given, numbers) == 0, "an I slice is refused");
    uint8_t zeros[64] = {0, 0, 1}, plain[64], out[160];
    for (size_t count = 0; count < sizeof zeros; count++) {
        if (wv_slice_header_rewrite(zeros, count, &numbers, plain, out) != 0) {
            CHECK(0, "%zu zeros are refused", count);
        }
    }
    int survived = 1;
    for (unsigned seed = 0; seed < 20000; seed++) {
        uint8_t noise[64] = {0, 0, 1, 0x41};
        srand(seed);
        for (size_t i = 4; i < sizeof noise; i++) noise[i] = (uint8_t)rand();
        numbers.x264_number = seed % 16;
        survived &= wv_slice_header_rewrite(noise, 5 + seed % 60, &numbers, plain, out) <=
                    wv_slice_header_room(64);
    }
    CHECK(survived, "noise stays within its room");
}

int main(void)
{
    check_slices();
    check_refusals();
    return checks_end();
}
