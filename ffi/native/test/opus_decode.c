/*
 * opus_decode CHANNELS FRAME_SAMPLES: decodes Opus packets from standard input, each after its u16
 * length, to interleaved floats on standard output; a packet of length 0 is one that was lost. For
 * tests that ask what a datagram sounds like.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../audio/opus_library.h"

#ifdef WV_HAS_OPUS

/* By channels, as in RFC 7845. */
static const unsigned char MAPPINGS[8][8] = {
    {0}, {0, 1}, {0, 2, 1}, {0, 1, 2, 3}, {0, 4, 1, 2, 3}, {0, 4, 1, 2, 3, 5},
    {0, 4, 1, 2, 3, 5, 6}, {0, 6, 1, 2, 3, 4, 5, 7}};
static const int STREAMS[8] = {1, 1, 2, 2, 3, 4, 4, 5};
static const int COUPLED[8] = {0, 1, 1, 2, 2, 2, 3, 3};

int main(int count, char **words)
{
    int channels = count > 1 ? atoi(words[1]) : 2, samples = count > 2 ? atoi(words[2]) : 480;
    if (channels < 1 || channels > 8 || samples < 1 || samples > 5760) return 2;
    void *library = dlopen("libopus.so.0", RTLD_NOW);
    if (library == NULL) return 3;
    __typeof__(opus_multistream_decoder_create) *create =
        dlsym(library, "opus_multistream_decoder_create");
    __typeof__(opus_multistream_decode_float) *decode =
        dlsym(library, "opus_multistream_decode_float");
    __typeof__(opus_multistream_decoder_destroy) *destroy =
        dlsym(library, "opus_multistream_decoder_destroy");
    int error;
    OpusMSDecoder *decoder = create(48000, channels, STREAMS[channels - 1], COUPLED[channels - 1],
                                    MAPPINGS[channels - 1], &error);
    if (decoder == NULL) return 4;
    static unsigned char packet[65536];
    static float pcm[5760 * 8];
    unsigned char length[2];
    while (fread(length, 1, 2, stdin) == 2) {
        int bytes = length[0] | length[1] << 8;
        if (fread(packet, 1, (size_t)bytes, stdin) != (size_t)bytes) return 5;
        int made = decode(decoder, bytes > 0 ? packet : NULL, bytes, pcm, samples, 0);
        if (made < 0) return 6;
        fwrite(pcm, sizeof(float), (size_t)(made * channels), stdout);
    }
    destroy(decoder);
    return 0;
}

#else

int main(void)
{
    return 3;
}

#endif
