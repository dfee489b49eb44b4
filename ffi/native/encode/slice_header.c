/*
 * Slice headers written anew: frame number, reference and reference marking change their lengths,
 * so all bits behind them move. Only with two layers, and behind a frame that was encoded twice.
 */
#include "slice_header.h"

#include <string.h>

#include "bits.h"

#define X264_NUMBER_BITS 4u /* log2_max_frame_num of x264 with eight reference frames */
#define NUMBER_BITS 12u
#define HEADER_BYTES_MAX 32u
#define SLICE_TYPE_P 0u
#define SLICE_TYPE_ALL_P 5u /* the same, and all slices of the picture are P */
#define OPERATION_SUBTRACT 0u
#define OPERATION_END 3u

/* Reads what x264 wrote about references; false when it is not what is expected. */
static bool read_reference(wv_bit_reader *reader, const wv_slice_numbers *numbers)
{
    uint32_t distance = 1; /* the newest frame, where nothing else is said */
    if (wv_read_bit(reader)) {
        if (wv_read_number(reader) != OPERATION_SUBTRACT) return false;
        distance = wv_read_number(reader) + 1;
        if (wv_read_number(reader) != OPERATION_END) return false;
    }
    return distance == numbers->x264_distance;
}

/* Reads the header up to what stays as it is, and writes the new one; 0 when it is another. */
static size_t rewrite_start(wv_bit_reader *reader, const wv_slice_numbers *numbers,
                            uint8_t header[HEADER_BYTES_MAX])
{
    uint32_t kind = wv_read_bits(reader, 8);
    uint32_t first = wv_read_number(reader), type = wv_read_number(reader);
    uint32_t set = wv_read_number(reader);
    uint32_t mask = (1u << X264_NUMBER_BITS) - 1;
    if (type != SLICE_TYPE_P && type != SLICE_TYPE_ALL_P) return 0;
    if (wv_read_bits(reader, X264_NUMBER_BITS) != (numbers->x264_number & mask)) return 0;
    if (wv_read_bit(reader)) return 0; /* one reference, as the parameter set has it */
    if (!read_reference(reader, numbers)) return 0;
    if (kind >> 5 != 0 && wv_read_bit(reader)) return 0; /* no adaptive reference marking */
    if (first == UINT32_MAX || set == UINT32_MAX || reader->at >= reader->bits) return 0;
    size_t at = 0;
    wv_write_bits(header, &at, numbers->disposable ? kind & 0x1f : kind, 8);
    wv_write_number(header, &at, first);
    wv_write_number(header, &at, type);
    wv_write_number(header, &at, set);
    wv_write_bits(header, &at, numbers->number & ((1u << NUMBER_BITS) - 1), NUMBER_BITS);
    wv_write_bit(header, &at, 0);
    wv_write_bit(header, &at, numbers->distance > 1);
    if (numbers->distance > 1) {
        wv_write_number(header, &at, OPERATION_SUBTRACT);
        wv_write_number(header, &at, numbers->distance - 1);
        wv_write_number(header, &at, OPERATION_END);
    }
    if (!numbers->disposable) wv_write_bit(header, &at, 0);
    return at;
}

/* Bytes on their way out, with emulation prevention. */
typedef struct {
    uint8_t *out;
    size_t written;
    unsigned zeros;
} unit_writer;

static inline void put_byte(unit_writer *writer, uint8_t byte)
{
    if (writer->zeros == 2 && byte <= 3) {
        writer->out[writer->written++] = 3;
        writer->zeros = 0;
    }
    writer->out[writer->written++] = byte;
    writer->zeros = byte == 0 ? writer->zeros + 1 : 0;
}

/* The header, and the bits of plain from `from` to `end` right behind it. */
static size_t join(const uint8_t *header, size_t header_bits, const uint8_t *plain, size_t from,
                   size_t end, uint8_t *out)
{
    unit_writer writer = {.out = out};
    size_t whole = header_bits / 8;
    for (size_t i = 0; i < whole; i++) put_byte(&writer, header[i]);
    /* The last part of the header takes its first bits; from there on bytes are read shifted. */
    unsigned held = (unsigned)(header_bits % 8);
    uint32_t window = header[whole] >> (8 - held); /* the newest `held` bits of what is written */
    size_t at = from;
    for (; at < end && at % 8 != 0; at++) {
        window = window << 1 | (plain[at / 8] >> (7 - at % 8) & 1);
        if (++held == 8) {
            put_byte(&writer, (uint8_t)window);
            held = 0;
        }
    }
    size_t last = end / 8;
    for (size_t i = at / 8; i < last; i++) {
        window = window << 8 | plain[i];
        put_byte(&writer, (uint8_t)(window >> held));
    }
    if (at < last * 8) at = last * 8;
    for (; at < end; at++) {
        window = window << 1 | (plain[at / 8] >> (7 - at % 8) & 1);
        if (++held == 8) {
            put_byte(&writer, (uint8_t)window);
            held = 0;
        }
    }
    if (held > 0) put_byte(&writer, (uint8_t)(window << (8 - held)));
    return writer.written;
}

size_t wv_slice_header_rewrite(const uint8_t *in, size_t count, const wv_slice_numbers *numbers,
                               uint8_t *plain, uint8_t *out)
{
    size_t start = count > 4 && in[2] == 0 ? 4 : 3, used;
    if (count < start + 2) return 0;
    size_t bytes = wv_unescape_start(in + start, count - start, count, plain, count, &used);
    while (bytes > 0 && plain[bytes - 1] == 0) bytes--;
    if (used != count - start || bytes < 2) return 0;
    unsigned unused = 0; /* zeros behind the stop bit */
    while ((plain[bytes - 1] >> unused & 1) == 0) unused++;
    wv_bit_reader reader = {.bytes = plain, .bits = bytes * 8 - unused, .at = 0};
    uint8_t header[HEADER_BYTES_MAX] = {0};
    size_t header_bits = rewrite_start(&reader, numbers, header);
    if (header_bits == 0) return 0;
    memcpy(out, in, start);
    return start + join(header, header_bits, plain, reader.at, reader.bits, out + start);
}
