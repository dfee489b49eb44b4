/*
 * Pool of staging frames: some allocated at the start, the last one released leased first because it
 * is still in the cache. Bounded in count and bytes; what is missing is allocated on demand. Nothing
 * waits here: a lease that is refused is a picture not taken, and the next one taken is newer.
 */
#include "pool.h"

#include <pthread.h>
#include <stdbool.h>

#include "../memory.h"

#define FRAMES_MAX 64u

struct wv_pool {
    pthread_mutex_t lock;
    uint32_t count, frame_bytes;
    uint64_t max_bytes; /* of all frames */
    uint8_t *idle[FRAMES_MAX];
    uint32_t idle_count;
    uint64_t recent_max; /* most frames leased at once since wv_pool_take_peak */
    wv_pool_stats_data stats;
};

/* Lock held. */
static uint8_t *allocate(wv_pool *pool)
{
    uint8_t *frame = wv_memory_new(WV_MEMORY_FRAME, pool->frame_bytes);
    if (frame == NULL) return NULL;
    pool->stats.allocated++;
    pool->stats.allocations++;
    return frame;
}

/* Lock held. Frees idle frames until keep are left, leased ones included; gives how many. */
static int32_t free_idle(wv_pool *pool, uint64_t keep)
{
    int32_t freed = 0;
    for (; pool->idle_count > 0 && pool->stats.allocated > keep; freed++) {
        wv_memory_free(WV_MEMORY_FRAME, pool->idle[--pool->idle_count], pool->frame_bytes);
        pool->stats.allocated--;
    }
    return freed;
}

wv_pool *wv_pool_create(uint32_t count, uint32_t initial, uint32_t frame_bytes, uint64_t max_bytes)
{
    if (count == 0 || count > FRAMES_MAX || initial > count || frame_bytes == 0) return NULL;
    if ((uint64_t)count * frame_bytes > max_bytes) return NULL;
    wv_pool *pool = wv_memory_new(WV_MEMORY_POOL, sizeof *pool);
    if (pool == NULL) return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pool->count = count;
    pool->frame_bytes = frame_bytes;
    pool->max_bytes = max_bytes;
    pool->stats.count = count;
    pool->stats.frame_bytes = frame_bytes;
    while (pool->idle_count < initial) {
        uint8_t *frame = allocate(pool);
        if (frame == NULL) {
            wv_pool_destroy(pool);
            return NULL;
        }
        pool->idle[pool->idle_count++] = frame;
    }
    return pool;
}

uint32_t wv_pool_frame_bytes(const wv_pool *pool)
{
    return pool->frame_bytes;
}

int32_t wv_pool_reshape(wv_pool *pool, uint32_t frame_bytes)
{
    if (frame_bytes == 0) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    int32_t status = WV_STATUS_OK;
    bool free = pool->stats.in_use == 0;
    if ((uint64_t)pool->count * frame_bytes > pool->max_bytes) status = WV_STATUS_TOO_LARGE;
    else if (!free && frame_bytes > pool->frame_bytes) status = WV_STATUS_BUSY;
    if (free && frame_bytes != pool->frame_bytes && status == WV_STATUS_OK) {
        free_idle(pool, 0);
        pool->frame_bytes = frame_bytes;
        pool->stats.frame_bytes = frame_bytes;
    }
    pthread_mutex_unlock(&pool->lock);
    return status;
}

uint8_t *wv_pool_lease(wv_pool *pool, uint32_t bytes)
{
    pthread_mutex_lock(&pool->lock);
    uint8_t *frame = NULL;
    if (bytes <= pool->frame_bytes) {
        if (pool->idle_count > 0) {
            frame = pool->idle[--pool->idle_count];
        } else if (pool->stats.allocated < pool->count) {
            frame = allocate(pool);
        }
    }
    if (frame == NULL) {
        pool->stats.exhaustions++;
    } else {
        pool->stats.leases++;
        pool->stats.in_use++;
        if (pool->stats.in_use > pool->stats.in_use_max) {
            pool->stats.in_use_max = pool->stats.in_use;
        }
        if (pool->stats.in_use > pool->recent_max) pool->recent_max = pool->stats.in_use;
    }
    pthread_mutex_unlock(&pool->lock);
    return frame;
}

void wv_pool_release(wv_pool *pool, uint8_t *frame)
{
    pthread_mutex_lock(&pool->lock);
    pool->idle[pool->idle_count++] = frame;
    pool->stats.in_use--;
    pthread_mutex_unlock(&pool->lock);
}

int32_t wv_pool_trim(wv_pool *pool, uint32_t keep)
{
    if (pool == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    int32_t freed = free_idle(pool, keep);
    pthread_mutex_unlock(&pool->lock);
    return freed;
}

int32_t wv_pool_take_peak(wv_pool *pool)
{
    if (pool == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    int32_t peak = (int32_t)pool->recent_max;
    pool->recent_max = pool->stats.in_use;
    pthread_mutex_unlock(&pool->lock);
    return peak;
}

int32_t wv_pool_stats(wv_pool *pool, wv_pool_stats_data *stats)
{
    if (pool == NULL || stats == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    *stats = pool->stats;
    pthread_mutex_unlock(&pool->lock);
    return WV_STATUS_OK;
}

int32_t wv_pool_destroy(wv_pool *pool)
{
    if (pool == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    bool busy = pool->stats.in_use > 0;
    if (!busy) free_idle(pool, 0);
    pthread_mutex_unlock(&pool->lock);
    if (busy) return WV_STATUS_BUSY;
    pthread_mutex_destroy(&pool->lock);
    wv_memory_free(WV_MEMORY_POOL, pool, sizeof *pool);
    return WV_STATUS_OK;
}
