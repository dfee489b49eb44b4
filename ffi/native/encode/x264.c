/*
 * x264 as an encoder. Constant quantiser set per
 * frame, ultrafast and zerolatency, one reference, no periodic keyframe, up to eight frames kept so
 * that a lost one is repaired from an older one. A disposable frame, and one that turned out too large,
 * is one that x264 is made to forget.
 */
#include <math.h>
#include <string.h>

#include "../memory.h"
#include "encode.h"
#include "frame_number.h"
#include "kept_frames.h"
#include "x264_library.h"
#include "x264_limits.h"

#ifdef WV_HAS_X264

#define UNIT_BYTES_MIN (256u << 10)
#define QP_WORST 51u
#define QP_MIDDLE 31
#define FACTOR_MAX 10.0f
#define QP_PER_OCTAVE 6.0f /* steps in which bytes halve, more or less */

typedef struct {
    wv_encoder base;
    x264_t *x264;
    wv_kept_frames kept;
    uint8_t *unit;        /* the access unit as it leaves */
    size_t unit_bytes;
    uint8_t *plain; /* one slice without emulation prevention; only with layers */
    size_t plain_bytes;
    int64_t first_id;    /* frames of the uses before this one: x264 counts them all */
    uint32_t newest_id;  /* of this use */
    bool begins;         /* this use has had no frame yet */
    wv_error log; /* x264 keeps a pointer to it */
} x264_encoder;

/* Keeps x264's last complaint for the error text. */
static void remember_log(void *error, int level, const char *format, va_list arguments)
{
    wv_error *into = error;
    if (level > X264_LOG_ERROR) return;
    vsnprintf(into->text, sizeof into->text, format, arguments);
    into->text[strcspn(into->text, "\n")] = 0;
}

static void set_parameters(x264_param_t *param, const wv_encode_config *config)
{
    param->i_width = config->width;
    param->i_height = config->height;
    param->i_csp = X264_CSP_I420;
    param->i_fps_num = config->fps_max;
    param->i_fps_den = 1;
    param->i_timebase_num = 1;
    param->i_timebase_den = config->fps_max;
    param->b_vfr_input = 0;
    param->rc.i_rc_method = X264_RC_CQP; /* others take up to twice the time */
    /* x264 keeps every quantiser, also one given with a picture, between those that it derives for I
       and B frames from these factors, of which it takes none above 10: that is 20 steps each way,
       11 to 51. With its defaults QP 40 was encoded as 27. */
    param->rc.i_qp_constant = QP_MIDDLE;
    param->rc.f_ip_factor = FACTOR_MAX;
    param->rc.f_pb_factor = FACTOR_MAX;
    param->i_threads = (int)config->threads;
    param->b_sliced_threads = config->threads > 1;
    param->i_keyint_max = X264_KEYINT_MAX_INFINITE;
    param->i_scenecut_threshold = 0;
    param->i_frame_reference = 1;
    param->i_dpb_size = wv_x264_frames_kept(config);
    param->b_repeat_headers = 1;
    param->b_annexb = 1;
    param->b_aud = 0;
    param->i_level_idc = config->level > 0 ? (int)config->level : wv_x264_lowest_level(config);
    /* What the converter makes: BT.601 in limited range. */
    param->vui.b_fullrange = 0;
    param->vui.i_colorprim = 6;
    param->vui.i_transfer = 6;
    param->vui.i_colmatrix = 6;
}

static void x264_close(wv_encoder *encoder)
{
    x264_encoder *self = (x264_encoder *)encoder;
    if (self->x264 != NULL) wv_x264.encoder_close(self->x264);
    wv_memory_free(WV_MEMORY_ENCODER, self->unit, self->unit_bytes);
    wv_memory_free(WV_MEMORY_ENCODER, self->plain, self->plain_bytes);
    wv_memory_free(WV_MEMORY_ENCODER, self, sizeof *self);
}

static int32_t x264_open(const wv_encode_config *config, wv_encoder **encoder, wv_error *error)
{
    if (wv_x264_probe(error) != WV_STATUS_OK) return error->status;
    x264_param_t param;
    if (wv_x264.param_default_preset(&param, "ultrafast", "zerolatency") != 0) {
        return wv_fail(error, WV_STATUS_FAILED, "x264 does not know its preset");
    }
    set_parameters(&param, config);
    wv_x264.param_apply_profile(&param, "baseline");
    x264_encoder *self = wv_memory_new(WV_MEMORY_ENCODER, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for an encoder");
    self->base.ops = &wv_encode_x264;
    self->kept.max = param.i_dpb_size;
    self->begins = true;
    param.pf_log = remember_log;
    param.p_log_private = &self->log;
    param.i_log_level = X264_LOG_ERROR;
    x264_nal_t *nals;
    int count, bytes = -1;
    self->x264 = wv_x264.encoder_open(&param);
    if (self->x264 != NULL) bytes = wv_x264.encoder_headers(self->x264, &nals, &count);
    if (bytes <= 0 ||
        !wv_codec_from_parameter_sets(nals[0].p_payload, (size_t)bytes, self->base.codec)) {
        wv_fail(error, WV_STATUS_FAILED, "x264 refused %dx%d: %.120s", config->width,
                config->height, self->log.text);
        x264_close(&self->base);
        return error->status;
    }
    *encoder = &self->base;
    return WV_STATUS_OK;
}

/* Makes *buffer hold `bytes`; only a unit larger than all before allocates. */
static int32_t make_room(uint8_t **buffer, size_t *size, size_t bytes)
{
    if (bytes <= *size) return WV_STATUS_OK;
    size_t wanted = *size > 0 ? *size : UNIT_BYTES_MIN;
    while (wanted < bytes) wanted *= 2;
    if (wanted > WV_RECORD_PAYLOAD_MAX) return WV_STATUS_TOO_LARGE;
    uint8_t *larger = wv_memory_new(WV_MEMORY_ENCODER, wanted);
    if (larger == NULL) return WV_STATUS_OUT_OF_MEMORY;
    wv_memory_free(WV_MEMORY_ENCODER, *buffer, *size);
    *buffer = larger;
    *size = wanted;
    return WV_STATUS_OK;
}

/* Copies the NAL units into self->unit with wide frame numbers. */
static int32_t copy_units(x264_encoder *self, const x264_nal_t *nals, int count, size_t bytes,
                          wv_encoded *encoded)
{
    int32_t status = make_room(&self->unit, &self->unit_bytes,
                               bytes + (size_t)count * WV_FRAME_NUMBER_GROWTH);
    if (status != WV_STATUS_OK) return status;
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        size_t written = wv_frame_number_widen(nals[i].p_payload, (size_t)nals[i].i_payload,
                                               self->kept.x264_number, self->unit + at);
        if (written == 0) return WV_STATUS_FAILED;
        at += written;
    }
    encoded->data = self->unit;
    encoded->bytes = (uint32_t)at;
    return WV_STATUS_OK;
}

/* As copy_units, for a frame that is no keyframe, with the numbers of two layers. */
static int32_t copy_layered(x264_encoder *self, const x264_nal_t *nals, int count,
                            const wv_slice_numbers *numbers, wv_encoded *encoded)
{
    size_t room = 0, largest = 0, at = 0;
    for (int i = 0; i < count; i++) {
        size_t bytes = (size_t)nals[i].i_payload;
        room += wv_slice_header_room(bytes);
        if (bytes > largest) largest = bytes;
    }
    int32_t status = make_room(&self->unit, &self->unit_bytes, room);
    if (status == WV_STATUS_OK) status = make_room(&self->plain, &self->plain_bytes, largest);
    if (status != WV_STATUS_OK) return status;
    for (int i = 0; i < count; i++) {
        size_t written =
            wv_slice_header_rewrite(nals[i].p_payload, (size_t)nals[i].i_payload, numbers,
                                    self->plain, self->unit + at);
        if (written == 0) return WV_STATUS_FAILED;
        at += written;
    }
    encoded->data = self->unit;
    encoded->bytes = (uint32_t)at;
    return WV_STATUS_OK;
}

/* Counts the frame, and copies it with the numbers that tell decoders its place. */
static int32_t take_frame(x264_encoder *self, const x264_nal_t *nals, int count, size_t bytes,
                          const wv_encode_request *request, wv_encoded *encoded)
{
    if (encoded->keyframe) {
        wv_kept_keyframe(&self->kept, request->frame_id);
        encoded->disposable = false;
        encoded->reference_distance = 0;
        return copy_units(self, nals, count, bytes, encoded);
    }
    wv_slice_numbers numbers;
    uint32_t reference =
        wv_kept_frame_numbers(&self->kept, request->frame_id, request->disposable, &numbers);
    if (reference == 0) return WV_STATUS_FAILED;
    encoded->disposable = request->disposable;
    encoded->reference_distance = (uint16_t)(request->frame_id - reference);
    if (!self->kept.renumbers) return copy_units(self, nals, count, bytes, encoded);
    return copy_layered(self, nals, count, &numbers, encoded);
}

/* Each frame has two times, in case it is encoded twice. They grow from use to use. */
static int64_t first_pts(const x264_encoder *self, uint32_t frame_id)
{
    return (self->first_id + (int64_t)frame_id) * 2;
}

static bool is_too_large(const wv_encode_request *request, int bytes)
{
    return request->bytes_max > 0 && (uint32_t)bytes > request->bytes_max &&
           request->qp < QP_WORST;
}

/* The quantiser at which the frame is expected to fit. */
static uint32_t coarser(const wv_encode_request *request, int bytes)
{
    float steps = QP_PER_OCTAVE * log2f((float)bytes / (float)request->bytes_max);
    uint32_t qp = request->qp + (uint32_t)ceilf(steps);
    return qp > QP_WORST ? QP_WORST : qp;
}

/* Makes x264 forget the frame that it encoded last, so that no later one refers to it. */
static bool forget_newest(x264_encoder *self, uint32_t frame_id)
{
    return wv_x264.encoder_invalidate_reference(self->x264, first_pts(self, frame_id)) == 0;
}

static int32_t x264_encode(wv_encoder *encoder, const wv_frame *frame,
                           const wv_encode_request *request, wv_encoded *encoded)
{
    x264_encoder *self = (x264_encoder *)encoder;
    x264_picture_t in, out;
    x264_nal_t *nals;
    int count;
    wv_x264.picture_init(&in);
    in.img.i_csp = X264_CSP_I420;
    in.img.i_plane = 3;
    for (int i = 0; i < 3; i++) {
        in.img.plane[i] = frame->planes[i];
        in.img.i_stride[i] = frame->strides[i];
    }
    in.i_type = request->keyframe || self->begins ? X264_TYPE_IDR : X264_TYPE_AUTO;
    in.i_qpplus1 = (int)request->qp + 1;
    in.i_pts = first_pts(self, request->frame_id);
    int bytes = wv_x264.encoder_encode(self->x264, &nals, &count, &in, &out);
    if (bytes <= 0) return WV_STATUS_FAILED;
    self->begins = false;
    self->newest_id = request->frame_id;
    encoded->qp = request->qp;
    encoded->keyframe = out.b_keyframe != 0;
    encoded->repeated = is_too_large(request, bytes);
    if (encoded->repeated) {
        if (!encoded->keyframe) {
            if (!forget_newest(self, request->frame_id)) return WV_STATUS_FAILED;
            wv_kept_unsent(&self->kept, request->frame_id);
        }
        encoded->qp = coarser(request, bytes);
        in.i_type = encoded->keyframe ? X264_TYPE_IDR : X264_TYPE_AUTO;
        in.i_qpplus1 = (int)encoded->qp + 1;
        in.i_pts++;
        bytes = wv_x264.encoder_encode(self->x264, &nals, &count, &in, &out);
        if (bytes <= 0) return WV_STATUS_FAILED;
        encoded->keyframe = out.b_keyframe != 0;
    }
    int32_t status = take_frame(self, nals, count, (size_t)bytes, request, encoded);
    if (status != WV_STATUS_OK || !encoded->disposable) return status;
    return forget_newest(self, request->frame_id) ? WV_STATUS_OK : WV_STATUS_FAILED;
}

static int32_t x264_invalidate(wv_encoder *encoder, uint32_t frame_id)
{
    x264_encoder *self = (x264_encoder *)encoder;
    if (frame_id < self->kept.last_keyframe) return WV_STATUS_OK;
    if (wv_x264.encoder_invalidate_reference(self->x264, first_pts(self, frame_id)) != 0) {
        return WV_STATUS_UNSUPPORTED;
    }
    wv_kept_lost_from(&self->kept, frame_id);
    return wv_kept_reference(&self->kept) != NULL ? WV_STATUS_OK : WV_STATUS_UNSUPPORTED;
}

static void x264_reset(wv_encoder *encoder)
{
    x264_encoder *self = (x264_encoder *)encoder;
    wv_memory_free(WV_MEMORY_ENCODER, self->unit, self->unit_bytes);
    wv_memory_free(WV_MEMORY_ENCODER, self->plain, self->plain_bytes);
    self->unit = self->plain = NULL;
    self->unit_bytes = self->plain_bytes = 0;
    self->kept = (wv_kept_frames){.max = self->kept.max};
    self->first_id += (int64_t)self->newest_id + 1;
    self->newest_id = 0;
    self->begins = true;
}

/*
 * x264 takes quantiser and layers with each frame, and size, threads and kept frames only when it is
 * opened: x264_encoder_reconfig changes none of those.
 */
static int32_t x264_reconfigure(wv_encoder *encoder, const wv_encode_config *config,
                                wv_error *error)
{
    (void)encoder;
    return wv_fail(error, WV_STATUS_UNSUPPORTED, "x264 cannot become %dx%d", config->width,
                   config->height);
}

#else /* built without x264.h: the candidate stays in the list and says so */

static int32_t x264_open(const wv_encode_config *config, wv_encoder **encoder, wv_error *error)
{
    (void)config;
    (void)encoder;
    return wv_x264_probe(error);
}

#endif

const wv_encode_ops wv_encode_x264 = {
    .name = "x264",
    .temporal_layers_max = 2,
    .keeps_frames = true,
    .probe = wv_x264_probe,
    .open = x264_open,
    .library_bytes = wv_x264_library_bytes,
#ifdef WV_HAS_X264 /* what was never opened needs no more */
    .encode = x264_encode,
    .invalidate = x264_invalidate,
    .reset = x264_reset,
    .reconfigure = x264_reconfigure,
    .close = x264_close,
#endif
};
