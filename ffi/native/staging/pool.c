/*
 * Pool of staging frames: all allocated at the start, the last one released leased first because it
 * is still in the cache. Bounded in count and bytes; trimmed frames are allocated again on demand.
 */
#include "pool.h"

#include <pthread.h>
#include <stdbool.h>

#include "../memory.h"

#define FRAMES_MAX 64u

struct wv_pool {
    pthread_mutex_t lock;
    uint32_t count, frame_bytes;
    uint8_t *idle[FRAMES_MAX];
    uint32_t idle_count;
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

/* Lock held. */
static int32_t free_idle(wv_pool *pool)
{
    int32_t freed = (int32_t)pool->idle_count;
    while (pool->idle_count > 0) {
        wv_memory_free(WV_MEMORY_FRAME, pool->idle[--pool->idle_count], pool->frame_bytes);
        pool->stats.allocated--;
    }
    return freed;
}

wv_pool *wv_pool_create(uint32_t count, uint32_t frame_bytes, uint64_t max_bytes)
{
    if (count == 0 || count > FRAMES_MAX || frame_bytes == 0) return NULL;
    if ((uint64_t)count * frame_bytes > max_bytes) return NULL;
    wv_pool *pool = wv_memory_new(WV_MEMORY_POOL, sizeof *pool);
    if (pool == NULL) return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pool->count = count;
    pool->frame_bytes = frame_bytes;
    pool->stats.count = count;
    pool->stats.frame_bytes = frame_bytes;
    while (pool->idle_count < count) {
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

int32_t wv_pool_trim(wv_pool *pool)
{
    if (pool == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&pool->lock);
    int32_t freed = free_idle(pool);
    pthread_mutex_unlock(&pool->lock);
    return freed;
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
    if (!busy) free_idle(pool);
    pthread_mutex_unlock(&pool->lock);
    if (busy) return WV_STATUS_BUSY;
    pthread_mutex_destroy(&pool->lock);
    wv_memory_free(WV_MEMORY_POOL, pool, sizeof *pool);
    return WV_STATUS_OK;
}
