/*
 * OpenH264, the candidate with a permissive licence, opened at run time. Rate control off and the
 * quantiser set per frame; always refers to the newest frame of the base layer, so a loss costs a
 * keyframe.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "../memory.h"
#include "encode.h"

/* Measured: of each macroblock with one thread, more with two, with each thread after; and besides. */
#define MACROBLOCK_BYTES 2400u
#define MACROBLOCK_BYTES_SLICED 1560u
#define MACROBLOCK_BYTES_SLICE 390u
#define FIXED_BYTES (1u << 20)

#if __has_include(<wels/codec_api.h>)
#define WV_HAS_OPENH264
#include <wels/codec_api.h>
#include <wels/codec_ver.h>

static struct {
    void *library;
    int (*create)(ISVCEncoder **);
    void (*destroy)(ISVCEncoder *);
    void (*version)(OpenH264Version *);
} api;

typedef struct {
    wv_encoder base;
    ISVCEncoder *wels;
    SEncParamExt param;
    uint32_t qp;
    uint32_t last_base_frame;
    int64_t first_id;   /* frames of the uses before this one */
    uint32_t newest_id; /* of this use */
    bool begins;        /* this use has had no frame yet */
    uint64_t encoded_us;
} openh264_encoder;

/*
 * All encoders share openh264's threads, and such a thread wakes the encoder's before it lets go of
 * the encoder (valgrind saw a write behind the end). Only the last one to end waits for them, so that
 * the others end a while after their newest frame.
 */
#define LET_GO_US 20000u
static atomic_int open_encoders;

static const char *const LIBRARIES[] = {"libopenh264.so.7", "libopenh264.so.6",
                                        "libopenh264.so.8"};

static void load(void)
{
    void *library = NULL;
    for (size_t i = 0; library == NULL && i < sizeof LIBRARIES / sizeof *LIBRARIES; i++) {
        library = dlopen(LIBRARIES[i], RTLD_NOW | RTLD_LOCAL);
    }
    if (library == NULL) return;
    *(void **)&api.create = dlsym(library, "WelsCreateSVCEncoder");
    *(void **)&api.destroy = dlsym(library, "WelsDestroySVCEncoder");
    *(void **)&api.version = dlsym(library, "WelsGetCodecVersionEx");
    if (api.create && api.destroy && api.version) api.library = library;
}

static int32_t openh264_probe(wv_error *error)
{
    static pthread_once_t loaded = PTHREAD_ONCE_INIT;
    pthread_once(&loaded, load);
    if (api.library == NULL) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "openh264: %s is not installed",
                       LIBRARIES[0]);
    }
    OpenH264Version version;
    api.version(&version);
    /* The parameter struct has no size field: another version may lay it out differently. */
    if (version.uMajor != OPENH264_MAJOR || version.uMinor != OPENH264_MINOR) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED, "openh264: version %u.%u, built for %d.%d",
                       version.uMajor, version.uMinor, OPENH264_MAJOR, OPENH264_MINOR);
    }
    wv_fail(error, WV_STATUS_OK, "%u.%u.%u", version.uMajor, version.uMinor, version.uRevision);
    return WV_STATUS_OK;
}

static void set_layer(SSpatialLayerConfig *layer, const wv_encode_config *config)
{
    layer->iVideoWidth = config->width;
    layer->iVideoHeight = config->height;
    layer->fFrameRate = (float)config->fps_max;
    layer->iDLayerQp = (int)config->qp;
    layer->uiProfileIdc = PRO_BASELINE;
    layer->uiLevelIdc = (ELevelIdc)config->level; /* 0 is LEVEL_UNKNOWN: the lowest that fits */
    layer->sSliceArgument.uiSliceMode =
        config->threads > 1 ? SM_FIXEDSLCNUM_SLICE : SM_SINGLE_SLICE;
    layer->sSliceArgument.uiSliceNum = config->threads;
    layer->bVideoSignalTypePresent = true;
    layer->uiVideoFormat = VF_UNDEF;
    layer->bFullRange = false;
    layer->bColorDescriptionPresent = true;
    layer->uiColorPrimaries = CP_SMPTE170M;
    layer->uiTransferCharacteristics = TRC_SMPTE170M;
    layer->uiColorMatrix = CM_SMPTE170M;
}

static void set_parameters(SEncParamExt *param, const wv_encode_config *config)
{
    param->iUsageType = CAMERA_VIDEO_REAL_TIME;
    param->iPicWidth = config->width;
    param->iPicHeight = config->height;
    param->fMaxFrameRate = (float)config->fps_max;
    param->iRCMode = RC_OFF_MODE;
    param->iComplexityMode = LOW_COMPLEXITY;
    param->iTemporalLayerNum = (int)config->temporal_layers;
    param->iSpatialLayerNum = 1;
    param->uiIntraPeriod = 0;
    param->iNumRefFrame = 1;
    param->eSpsPpsIdStrategy = CONSTANT_ID;
    param->iMultipleThreadIdc = (unsigned short)config->threads;
    param->bEnableFrameSkip = false;
    param->bEnableAdaptiveQuant = false;
    param->bEnableBackgroundDetection = false;
    param->bEnableSceneChangeDetect = false; /* it would make keyframes that nobody asked for */
    param->bEnableDenoise = false;
    param->bEnableLongTermReference = false;
    param->iLoopFilterDisableIdc = 1;
    param->iMinQp = 1;
    param->iMaxQp = 51;
    set_layer(&param->sSpatialLayers[0], config);
}

static void wait_for_threads(const openh264_encoder *self)
{
    if (self->param.iMultipleThreadIdc < 2 || atomic_load(&open_encoders) < 2) return;
    uint64_t now = wv_now_us(), until = self->encoded_us + LET_GO_US;
    struct timespec pause = {.tv_nsec = now < until ? (long)(until - now) * 1000 : 0};
    if (pause.tv_nsec > 0) nanosleep(&pause, NULL);
}

static void openh264_close(wv_encoder *encoder)
{
    openh264_encoder *self = (openh264_encoder *)encoder;
    if (self->wels != NULL) {
        wait_for_threads(self);
        (*self->wels)->Uninitialize(self->wels);
        api.destroy(self->wels);
    }
    atomic_fetch_sub(&open_encoders, 1);
    wv_memory_free(WV_MEMORY_ENCODER, self, sizeof *self);
}

/* Reads the codec out of the parameter sets; true when they are as expected. */
static bool note_codec(openh264_encoder *self)
{
    SFrameBSInfo headers;
    memset(&headers, 0, sizeof headers);
    if ((*self->wels)->EncodeParameterSets(self->wels, &headers) != 0) return false;
    return headers.iLayerNum >= 1 &&
           wv_codec_from_parameter_sets(headers.sLayerInfo[0].pBsBuf,
                                        (size_t)headers.sLayerInfo[0].pNalLengthInByte[0],
                                        self->base.codec);
}

static int32_t openh264_open(const wv_encode_config *config, wv_encoder **encoder, wv_error *error)
{
    if (openh264_probe(error) != WV_STATUS_OK) return error->status;
    openh264_encoder *self = wv_memory_new(WV_MEMORY_ENCODER, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for an encoder");
    self->base.ops = &wv_encode_openh264;
    atomic_fetch_add(&open_encoders, 1);
    int quiet = WELS_LOG_QUIET, format = videoFormatI420, failed = 1;
    if (api.create(&self->wels) == 0 && self->wels != NULL) {
        (*self->wels)->SetOption(self->wels, ENCODER_OPTION_TRACE_LEVEL, &quiet);
        (*self->wels)->GetDefaultParams(self->wels, &self->param);
        set_parameters(&self->param, config);
        failed = (*self->wels)->InitializeExt(self->wels, &self->param);
    }
    if (failed == 0) (*self->wels)->SetOption(self->wels, ENCODER_OPTION_DATAFORMAT, &format);
    if (failed != 0 || !note_codec(self)) {
        openh264_close(&self->base);
        return wv_fail(error, WV_STATUS_FAILED, "openh264 refused %dx%d (%d)", config->width,
                       config->height, failed);
    }
    self->qp = config->qp;
    self->begins = true;
    *encoder = &self->base;
    return WV_STATUS_OK;
}

static int32_t set_qp(openh264_encoder *self, uint32_t qp)
{
    if (self->qp == qp) return WV_STATUS_OK;
    self->param.sSpatialLayers[0].iDLayerQp = (int)qp;
    if ((*self->wels)->SetOption(self->wels, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &self->param)) {
        return WV_STATUS_FAILED;
    }
    self->qp = qp;
    return WV_STATUS_OK;
}

/* The layers of one frame lie one behind the other; gives where they begin and their size. */
static int32_t join_layers(const SFrameBSInfo *info, wv_encoded *encoded)
{
    const uint8_t *end = NULL;
    encoded->data = NULL;
    for (int layer = 0; layer < info->iLayerNum; layer++) {
        const SLayerBSInfo *part = &info->sLayerInfo[layer];
        if (part->iNalCount == 0) continue;
        if (encoded->data == NULL) encoded->data = end = part->pBsBuf;
        if (part->pBsBuf != end) return WV_STATUS_FAILED;
        for (int i = 0; i < part->iNalCount; i++) end += part->pNalLengthInByte[i];
    }
    if (encoded->data == NULL) return WV_STATUS_FAILED;
    encoded->bytes = (uint32_t)(end - encoded->data);
    return WV_STATUS_OK;
}

static int32_t openh264_encode(wv_encoder *encoder, const wv_frame *frame,
                               const wv_encode_request *request, wv_encoded *encoded)
{
    openh264_encoder *self = (openh264_encoder *)encoder;
    if (set_qp(self, request->qp) != WV_STATUS_OK) return WV_STATUS_FAILED;
    if (request->keyframe || self->begins) (*self->wels)->ForceIntraFrame(self->wels, true);
    SSourcePicture picture;
    SFrameBSInfo info;
    memset(&picture, 0, sizeof picture);
    memset(&info, 0, sizeof info);
    picture.iColorFormat = videoFormatI420;
    picture.iPicWidth = frame->width;
    picture.iPicHeight = frame->height;
    picture.uiTimeStamp = (self->first_id + (long long)request->frame_id) * 1000 /
                          (long long)self->param.fMaxFrameRate;
    for (int i = 0; i < 3; i++) {
        picture.pData[i] = frame->planes[i];
        picture.iStride[i] = frame->strides[i];
    }
    if ((*self->wels)->EncodeFrame(self->wels, &picture, &info) != cmResultSuccess ||
        info.eFrameType == videoFrameTypeSkip || info.eFrameType == videoFrameTypeInvalid) {
        return WV_STATUS_FAILED;
    }
    self->begins = false;
    self->newest_id = request->frame_id;
    self->encoded_us = wv_now_us();
    encoded->qp = request->qp;
    encoded->repeated = false;
    encoded->keyframe = info.eFrameType == videoFrameTypeIDR;
    encoded->disposable = info.sLayerInfo[info.iLayerNum - 1].uiTemporalId > 0;
    encoded->reference_distance =
        encoded->keyframe ? 0 : (uint16_t)(request->frame_id - self->last_base_frame);
    if (!encoded->disposable) self->last_base_frame = request->frame_id;
    return join_layers(&info, encoded);
}

static int32_t openh264_invalidate(wv_encoder *encoder, uint32_t frame_id)
{
    (void)encoder;
    (void)frame_id;
    return WV_STATUS_UNSUPPORTED;
}

static void openh264_reset(wv_encoder *encoder)
{
    openh264_encoder *self = (openh264_encoder *)encoder;
    self->first_id += (int64_t)self->newest_id + 1;
    self->newest_id = self->last_base_frame = 0;
    self->begins = true;
}

/* The library makes its buffers anew where the size is another one. */
static int32_t openh264_reconfigure(wv_encoder *encoder, const wv_encode_config *config,
                                    wv_error *error)
{
    openh264_encoder *self = (openh264_encoder *)encoder;
    wait_for_threads(self);
    set_parameters(&self->param, config);
    self->qp = config->qp;
    if ((*self->wels)->SetOption(self->wels, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &self->param) ||
        !note_codec(self)) {
        return wv_fail(error, WV_STATUS_FAILED, "openh264 did not become %dx%d", config->width,
                       config->height);
    }
    return WV_STATUS_OK;
}

#else /* built without codec_api.h: the candidate stays in the list and says so */

static int32_t openh264_probe(wv_error *error)
{
    return wv_fail(error, WV_STATUS_UNAVAILABLE, "openh264: built without wels/codec_api.h");
}

static int32_t openh264_open(const wv_encode_config *config, wv_encoder **encoder, wv_error *error)
{
    (void)config;
    (void)encoder;
    return openh264_probe(error);
}

#endif

static size_t openh264_library_bytes(const wv_encode_config *config)
{
    size_t columns = ((size_t)config->width + 15) / 16, rows = ((size_t)config->height + 15) / 16;
    size_t each = MACROBLOCK_BYTES;
    if (config->threads > 1) {
        each += MACROBLOCK_BYTES_SLICED + (config->threads - 2) * MACROBLOCK_BYTES_SLICE;
    }
    return columns * rows * each + FIXED_BYTES;
}

const wv_encode_ops wv_encode_openh264 = {
    .name = "openh264",
    .temporal_layers_max = 2,
    .layers_at_open = true,
    .probe = openh264_probe,
    .open = openh264_open,
    .library_bytes = openh264_library_bytes,
#ifdef WV_HAS_OPENH264 /* what was never opened needs no more */
    .encode = openh264_encode,
    .invalidate = openh264_invalidate,
    .reset = openh264_reset,
    .reconfigure = openh264_reconfigure,
    .close = openh264_close,
#endif
};
