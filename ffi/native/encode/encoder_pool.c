/*
 * Encoder pool: see the header. Opening and closing take milliseconds and happen without the lock; an
 * encoder that is being opened holds its place.
 */
#include "encoder_pool.h"

#include <pthread.h>
#include <string.h>

#include "../memory.h"

#define ENCODERS_MAX 64u

typedef struct {
    wv_encoder *encoder;
    uint64_t since_us;
} idle_encoder;

struct wv_encoder_pool {
    pthread_mutex_t lock;
    uint32_t limit, idle_limit;
    uint64_t idle_bytes_max;
    idle_encoder idle[ENCODERS_MAX]; /* oldest first */
    uint32_t idle_count;
    wv_encoder_pool_stats_data stats;
};

wv_encoder_pool *wv_encoder_pool_create(uint32_t limit, uint32_t idle_limit,
                                        uint64_t idle_bytes_max)
{
    if (limit == 0 || limit > ENCODERS_MAX || idle_limit > limit) return NULL;
    wv_encoder_pool *pool = wv_memory_new(WV_MEMORY_ENCODER, sizeof *pool);
    if (pool == NULL) return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pool->limit = limit;
    pool->idle_limit = idle_limit;
    pool->idle_bytes_max = idle_bytes_max;
    return pool;
}

/* Lock held. */
static wv_encoder *take_idle(wv_encoder_pool *pool, uint32_t at)
{
    wv_encoder *encoder = pool->idle[at].encoder;
    pool->idle_count--;
    memmove(pool->idle + at, pool->idle + at + 1, sizeof *pool->idle * (pool->idle_count - at));
    pool->stats.idle--;
    pool->stats.idle_bytes -= encoder->library_bytes;
    return encoder;
}

/* Lock held. */
static void count_active(wv_encoder_pool *pool, int change)
{
    pool->stats.active += (uint64_t)(int64_t)change;
    if (pool->stats.active > pool->stats.active_max) pool->stats.active_max = pool->stats.active;
}

/* True when the encoder makes the same stream as a new one would. */
static bool matches(const wv_encoder *encoder, int32_t index, const wv_encode_config *wanted)
{
    const wv_encode_config *has = &encoder->config;
    /* Quantiser and, in x264, layers come with each frame. */
    if (encoder->index != index || has->width != wanted->width || has->height != wanted->height ||
        has->threads != wanted->threads || has->frames_kept != wanted->frames_kept ||
        (encoder->ops->layers_at_open && has->temporal_layers != wanted->temporal_layers)) {
        return false;
    }
    /* The lowest level depends on the frame rate; one that was asked for does not. */
    if (wanted->level == 0) return has->level == 0 && has->fps_max == wanted->fps_max;
    return wv_codec_level(encoder->codec) == wanted->level;
}

/* Lock held; the newest of those that match, whose memory is warm. */
static wv_encoder *take_match(wv_encoder_pool *pool, int32_t index, const wv_encode_config *config)
{
    for (uint32_t at = pool->idle_count; at-- > 0;) {
        if (matches(pool->idle[at].encoder, index, config)) return take_idle(pool, at);
    }
    return NULL;
}

/* Opens an encoder in a place that was reserved for it. */
static int32_t open_reserved(wv_encoder_pool *pool, int32_t index, const wv_encode_config *config,
                             wv_encoder **encoder, wv_error *error)
{
    int32_t opened = wv_encoder_open(index, config, encoder, error);
    pthread_mutex_lock(&pool->lock);
    if (opened < 0) count_active(pool, -1);
    else pool->stats.created++;
    pthread_mutex_unlock(&pool->lock);
    return opened;
}

/* Makes an idle encoder into what is wanted, else closes it and opens another in its place. */
static int32_t replace(wv_encoder_pool *pool, wv_encoder *old, int32_t index,
                       const wv_encode_config *config, wv_encoder **encoder, wv_error *error)
{
    bool changed = old->index == index &&
                   wv_encoder_reconfigure(old, config, error) == WV_STATUS_OK;
    pthread_mutex_lock(&pool->lock);
    if (changed) pool->stats.reconfigured++;
    else pool->stats.evicted++;
    pthread_mutex_unlock(&pool->lock);
    if (changed) {
        *encoder = old;
        return index;
    }
    wv_encoder_close(old);
    return open_reserved(pool, index, config, encoder, error);
}

/* As wv_encoder_pool_acquire, of one candidate. */
static int32_t acquire_one(wv_encoder_pool *pool, int32_t index, const wv_encode_config *config,
                           wv_encoder **encoder, wv_error *error)
{
    pthread_mutex_lock(&pool->lock);
    wv_encoder *match = take_match(pool, index, config), *oldest = NULL;
    bool has_room = pool->stats.active + pool->stats.idle < pool->limit;
    if (match == NULL && !has_room && pool->idle_count > 0) oldest = take_idle(pool, 0);
    bool refused = match == NULL && !has_room && oldest == NULL;
    if (match != NULL) pool->stats.reused++;
    if (refused) pool->stats.refused++;
    else count_active(pool, 1);
    pthread_mutex_unlock(&pool->lock);
    if (match != NULL) {
        *encoder = match;
        return index;
    }
    if (refused) {
        return wv_fail(error, WV_STATUS_FULL, "all %u encoders are in use", pool->limit);
    }
    if (oldest != NULL) return replace(pool, oldest, index, config, encoder, error);
    return open_reserved(pool, index, config, encoder, error);
}

int32_t wv_encoder_pool_acquire(wv_encoder_pool *pool, int32_t index,
                                const wv_encode_config *config, wv_encoder **encoder,
                                wv_error *error)
{
    if (pool == NULL) return wv_encoder_open(index, config, encoder, error);
    if (index >= WV_ENCODERS) {
        return wv_fail(error, WV_STATUS_INVALID, "there is no encoder %d", index);
    }
    if (index >= 0) return acquire_one(pool, index, config, encoder, error);
    wv_error all = {.status = WV_STATUS_UNAVAILABLE, .text = ""};
    for (int32_t i = 0; i < WV_ENCODERS; i++) {
        if (acquire_one(pool, i, config, encoder, error) >= 0) return i;
        wv_error_append(&all, error);
    }
    *error = all;
    return error->status;
}

/* Lock held; true when one more of `bytes` may be idle. */
static bool has_idle_room(const wv_encoder_pool *pool, size_t bytes)
{
    return pool->idle_count < pool->idle_limit &&
           pool->stats.idle_bytes + bytes <= pool->idle_bytes_max;
}

void wv_encoder_pool_release(wv_encoder_pool *pool, wv_encoder *encoder, bool is_wanted)
{
    if (encoder == NULL) return;
    if (pool == NULL) {
        wv_encoder_close(encoder);
        return;
    }
    wv_encoder *unwanted[ENCODERS_MAX];
    uint32_t count = 0;
    size_t bytes = encoder->library_bytes;
    if (is_wanted) encoder->ops->reset(encoder);
    pthread_mutex_lock(&pool->lock);
    count_active(pool, -1);
    if (!is_wanted || pool->idle_limit == 0 || bytes > pool->idle_bytes_max) {
        unwanted[count++] = encoder;
    } else {
        while (!has_idle_room(pool, bytes)) unwanted[count++] = take_idle(pool, 0);
        pool->idle[pool->idle_count++] = (idle_encoder){encoder, wv_now_us()};
        pool->stats.idle++;
        pool->stats.idle_bytes += bytes;
    }
    pool->stats.evicted += count;
    pthread_mutex_unlock(&pool->lock);
    while (count > 0) wv_encoder_close(unwanted[--count]);
}

int32_t wv_encoder_pool_trim(wv_encoder_pool *pool, uint64_t idle_us)
{
    if (pool == NULL) return WV_STATUS_INVALID;
    int32_t closed = 0;
    for (;; closed++) {
        uint64_t now = wv_now_us();
        pthread_mutex_lock(&pool->lock);
        bool is_due = pool->idle_count > 0 && now - pool->idle[0].since_us >= idle_us;
        wv_encoder *oldest = is_due ? take_idle(pool, 0) : NULL;
        if (is_due) pool->stats.evicted++;
        pthread_mutex_unlock(&pool->lock);
        if (oldest == NULL) return closed;
        wv_encoder_close(oldest);
    }
}

int32_t wv_encoder_pool_set_idle_limit(wv_encoder_pool *pool, uint32_t idle_limit)
{
    if (pool == NULL || idle_limit > pool->limit) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    pool->idle_limit = idle_limit;
    pthread_mutex_unlock(&pool->lock);
    return WV_STATUS_OK;
}

int32_t wv_encoder_pool_stats(wv_encoder_pool *pool, wv_encoder_pool_stats_data *stats)
{
    if (pool == NULL || stats == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    *stats = pool->stats;
    pthread_mutex_unlock(&pool->lock);
    return WV_STATUS_OK;
}

int32_t wv_encoder_pool_destroy(wv_encoder_pool *pool)
{
    if (pool == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    bool busy = pool->stats.active > 0;
    pthread_mutex_unlock(&pool->lock);
    if (busy) return WV_STATUS_BUSY;
    wv_encoder_pool_trim(pool, 0);
    pthread_mutex_destroy(&pool->lock);
    wv_memory_free(WV_MEMORY_ENCODER, pool, sizeof *pool);
    return WV_STATUS_OK;
}
