/*
 * Encoders: the candidate list, and the codec string that all of them share.
 */
#include "encode.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

const wv_encode_ops *const WV_ENCODER_CANDIDATES[WV_ENCODERS] = {&wv_encode_x264,
                                                                 &wv_encode_openh264};

void wv_error_append(wv_error *all, const wv_error *error)
{
    size_t used = strlen(all->text);
    snprintf(all->text + used, sizeof all->text - used, "%s%.100s", used > 0 ? "; " : "",
             error->text);
}

/* Books what the library allocates by itself, so that the ledger has an owner for it. */
static void note_config(wv_encoder *encoder, const wv_encode_config *config)
{
    if (encoder->library_bytes > 0) {
        wv_memory_count(WV_MEMORY_ENCODER_LIBRARY, encoder->library_bytes, false);
    }
    encoder->config = *config;
    encoder->library_bytes = encoder->ops->library_bytes(config);
    wv_memory_count(WV_MEMORY_ENCODER_LIBRARY, encoder->library_bytes, true);
}

int32_t wv_encoder_open(int32_t index, const wv_encode_config *config, wv_encoder **encoder,
                        wv_error *error)
{
    if (index >= WV_ENCODERS) {
        return wv_fail(error, WV_STATUS_INVALID, "there is no encoder %d", index);
    }
    wv_error all = {.status = WV_STATUS_UNAVAILABLE, .text = ""};
    for (int32_t i = index < 0 ? 0 : index; i < WV_ENCODERS; i++) {
        if (WV_ENCODER_CANDIDATES[i]->open(config, encoder, error) == WV_STATUS_OK) {
            (*encoder)->index = i;
            note_config(*encoder, config);
            return i;
        }
        if (index >= 0) return error->status;
        wv_error_append(&all, error);
    }
    *error = all;
    return error->status;
}

int32_t wv_encoder_reconfigure(wv_encoder *encoder, const wv_encode_config *config,
                               wv_error *error)
{
    int32_t status = encoder->ops->reconfigure(encoder, config, error);
    if (status == WV_STATUS_OK) note_config(encoder, config);
    return status;
}

void wv_encoder_close(wv_encoder *encoder)
{
    if (encoder == NULL) return;
    wv_memory_count(WV_MEMORY_ENCODER_LIBRARY, encoder->library_bytes, false);
    encoder->ops->close(encoder);
}

uint32_t wv_codec_level(const char codec[16])
{
    return strlen(codec) == 11 ? (uint32_t)strtoul(codec + 9, NULL, 16) : 0;
}

bool wv_codec_from_parameter_sets(const uint8_t *bytes, size_t count, char codec[16])
{
    for (size_t i = 0; i + 6 < count; i++) {
        if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1 && (bytes[i + 3] & 31) == 7) {
            snprintf(codec, 16, "avc1.%02x%02x%02x", bytes[i + 4], bytes[i + 5], bytes[i + 6]);
            return true;
        }
    }
    return false;
}
