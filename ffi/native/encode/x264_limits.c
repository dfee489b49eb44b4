/*
 * Limits of x264: see the header.
 */
#include "x264_limits.h"

#include "kept_frames.h"
#include "x264_library.h"

#define DPB_MACROBLOCKS_MAX 184320 /* of level 5.2, the highest that hardware commonly decodes */
/* Measured. */
#define MACROBLOCK_BYTES 104u
#define FIXED_BYTES (2u << 20)

/* Most frames that a decoder of level 5.2 keeps at this size. */
static int frames_kept_max(int macroblocks)
{
    int frames = DPB_MACROBLOCKS_MAX / macroblocks;
    if (frames < 1) return 1;
    return frames > WV_KEPT_FRAMES_MAX ? WV_KEPT_FRAMES_MAX : frames;
}

int wv_x264_frames_kept(const wv_encode_config *config)
{
    int columns = (config->width + 15) / 16, rows = (config->height + 15) / 16;
    int most = frames_kept_max(columns * rows), wanted = (int)config->frames_kept;
    return wanted > 0 && wanted < most ? wanted : most;
}

#ifdef WV_HAS_X264
int wv_x264_lowest_level(const wv_encode_config *config)
{
    int columns = (config->width + 15) / 16, rows = (config->height + 15) / 16;
    int frame = columns * rows, kept = frame * frames_kept_max(frame);
    for (const x264_level_t *level = wv_x264.levels; level->level_idc != 0; level++) {
        if (level->frame_size >= frame && level->dpb >= kept &&
            level->mbps >= frame * (int)config->fps_max &&
            level->frame_size * 8 >= columns * columns && level->frame_size * 8 >= rows * rows) {
            return level->level_idc;
        }
    }
    return -1;
}
#endif

/*
 * Kept frames, the one being made and two of the input, each with a border; vectors and types of
 * each macroblock; tables, and bitstreams of half a byte a pixel.
 */
size_t wv_x264_library_bytes(const wv_encode_config *config)
{
    size_t columns = ((size_t)config->width + 15) / 16, rows = ((size_t)config->height + 15) / 16;
    size_t plane = (columns * 16 + 64) * (rows * 16 + 64);
    size_t picture = plane + plane / 2;
    size_t made = (size_t)wv_x264_frames_kept(config) + 1;
    return made * (picture + columns * rows * MACROBLOCK_BYTES) + 2 * picture + plane / 2 +
           FIXED_BYTES;
}
