/*
 * Encode: one I420 frame in, one access unit out (H.264, Annex B, parameter sets in front of every
 * keyframe, nothing held back). Quantiser, keyframe and lost frames are given per frame; the rate
 * control that picks them is JavaScript's.
 */
#ifndef WV_ENCODE_H
#define WV_ENCODE_H

#include <stdbool.h>

#include "../common.h"

typedef struct wv_encode_config {
    int width, height; /* even */
    uint32_t fps_max;
    uint32_t qp;
    uint32_t threads; /* at least 1 */
    uint32_t level;   /* level_idc to declare, 0 the lowest that fits */
    uint32_t temporal_layers;
    uint32_t frames_kept; /* for repairs, 0 as many as it can; fewer where decoders keep fewer */
} wv_encode_config;

/* What the next frame shall be. */
typedef struct wv_encode_request {
    uint32_t frame_id; /* grows from frame to frame */
    uint32_t qp;       /* 1 to 51 */
    /*
     * A frame that takes more bytes is encoded once more with a coarser quantiser; the first try
     * leaves no trace. 0 for no limit. Encoders that cannot go back ignore it.
     */
    uint32_t bytes_max;
    bool keyframe;
    /* No later frame shall refer to it. Not for a keyframe, nor twice in a row. */
    bool disposable;
} wv_encode_request;

/* One access unit; data is the encoder's until its next call. */
typedef struct wv_encoded {
    const uint8_t *data;
    uint32_t bytes;
    bool keyframe;
    bool disposable;
    bool repeated; /* the first try was too large */
    uint32_t qp;
    uint16_t reference_distance; /* 0 for a keyframe */
} wv_encoded;

typedef struct wv_encoder wv_encoder;

typedef struct wv_encode_ops {
    const char *name;
    uint32_t temporal_layers_max;
    /* Layers are those given at open, in an order of its own; else each request decides. */
    bool layers_at_open;
    /* It can refer to other frames than the newest, and keeps as many as it is told. */
    bool keeps_frames;
    /* Finds the library; on success the error's text is its version. */
    int32_t (*probe)(wv_error *error);
    int32_t (*open)(const wv_encode_config *config, wv_encoder **encoder, wv_error *error);
    int32_t (*encode)(wv_encoder *encoder, const wv_frame *frame, const wv_encode_request *request,
                      wv_encoded *encoded);
    /*
     * Forgets frame_id and all later frames, so that the next one refers to an older one (or is a
     * keyframe when none is left). Frames before the last keyframe are ignored.
     * WV_STATUS_UNSUPPORTED where only a keyframe can help.
     */
    int32_t (*invalidate)(wv_encoder *encoder, uint32_t frame_id);
    /*
     * Ends one use: buffers that grew are freed, and the next frame is a keyframe that knows nothing
     * of the frames before it, whatever their numbers were.
     */
    void (*reset)(wv_encoder *encoder);
    /*
     * Takes another configuration after a reset. WV_STATUS_UNSUPPORTED changes nothing; after any
     * other failure the encoder can only be closed.
     */
    int32_t (*reconfigure)(wv_encoder *encoder, const wv_encode_config *config, wv_error *error);
    /* Bytes that the library holds for this configuration, computed and checked by measurement. */
    size_t (*library_bytes)(const wv_encode_config *config);
    void (*close)(wv_encoder *encoder);
} wv_encode_ops;

/* Every back-end's struct begins with this; what follows ops and codec belongs to encode.c. */
struct wv_encoder {
    const wv_encode_ops *ops;
    char codec[16]; /* as WebCodecs names it, such as "avc1.42c028" */
    wv_encode_config config;
    int32_t index; /* in the candidate list */
    size_t library_bytes;
};

extern const wv_encode_ops wv_encode_x264;
extern const wv_encode_ops wv_encode_openh264;

#define WV_ENCODERS 2
/* The candidate list, in the order in which it is tried. */
extern const wv_encode_ops *const WV_ENCODER_CANDIDATES[WV_ENCODERS];

/* Opens candidate `index`, or the first that works for -1; gives its index. */
int32_t wv_encoder_open(int32_t index, const wv_encode_config *config, wv_encoder **encoder,
                        wv_error *error);
/* Adds why one candidate refused to why the ones before it did. */
void wv_error_append(wv_error *all, const wv_error *error);
/* Another configuration for an encoder that is not in use; see the back-end's. */
int32_t wv_encoder_reconfigure(wv_encoder *encoder, const wv_encode_config *config,
                               wv_error *error);
void wv_encoder_close(wv_encoder *encoder);
/* level_idc of a codec as WebCodecs names it. */
uint32_t wv_codec_level(const char codec[16]);
/* Names the codec by the first sequence parameter set (NAL type 7) in Annex B bytes. */
bool wv_codec_from_parameter_sets(const uint8_t *bytes, size_t count, char codec[16]);

#endif
