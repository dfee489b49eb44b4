/*
 * Counted allocation with one set of atomic counters per type; no lock, no header before the block.
 * Large blocks are mapped: the heap would keep holes of their size after they were freed (aligned
 * ones of 1.4 MB, three at a time, made it grow to a gigabyte), and a page that nobody has written to
 * yet takes no memory.
 */
#include "memory.h"

#include <malloc.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mman.h>

#include "native.h"

#define ALIGNMENT 64u /* a cache line, and what AVX-512 loads like */
#define MAPPED_FROM (128u << 10)

/* Frames and what encoders allocate are larger, most else is smaller. */
#define MAPPED_BYTES (256 << 10)

/*
 * The C library takes large blocks from the kernel and gives them back, until it has seen one freed:
 * then it keeps blocks of that size. An encoder that was closed would stay in memory.
 */
__attribute__((constructor)) static void map_large_blocks(void)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}

static struct {
    atomic_uint_fast64_t live, bytes, peak, allocations;
} counters[WV_MEMORY_TYPES];

void wv_memory_count(enum wv_memory_type type, size_t bytes, bool added)
{
    if (!added) {
        atomic_fetch_sub(&counters[type].live, 1);
        atomic_fetch_sub(&counters[type].bytes, bytes);
        return;
    }
    atomic_fetch_add(&counters[type].live, 1);
    atomic_fetch_add(&counters[type].allocations, 1);
    uint_fast64_t now = atomic_fetch_add(&counters[type].bytes, bytes) + bytes;
    uint_fast64_t peak = atomic_load(&counters[type].peak);
    while (now > peak && !atomic_compare_exchange_weak(&counters[type].peak, &peak, now)) {
    }
}

void *wv_memory_new(enum wv_memory_type type, size_t bytes)
{
    void *pointer = NULL;
    if (bytes >= MAPPED_FROM) {
        pointer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pointer == MAP_FAILED) return NULL;
    } else {
        if (bytes == 0 || posix_memalign(&pointer, ALIGNMENT, bytes) != 0) return NULL;
        memset(pointer, 0, bytes);
    }
    wv_memory_count(type, bytes, true);
    return pointer;
}

void wv_memory_free(enum wv_memory_type type, void *pointer, size_t bytes)
{
    if (pointer == NULL) return;
    if (bytes >= MAPPED_FROM) {
        munmap(pointer, bytes);
    } else {
        free(pointer);
    }
    wv_memory_count(type, bytes, false);
}

void *wv_memory_map(enum wv_memory_type type, size_t bytes)
{
    void *pointer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pointer == MAP_FAILED) return NULL;
    wv_memory_count(type, bytes, true);
    return pointer;
}

void wv_memory_unmap(enum wv_memory_type type, void *pointer, size_t bytes)
{
    if (pointer == NULL) return;
    munmap(pointer, bytes);
    wv_memory_count(type, bytes, false);
}

int32_t wv_memory_release(void)
{
    malloc_trim(0);
    return WV_STATUS_OK;
}

int32_t wv_memory_stats(uint64_t *stats)
{
    if (stats == NULL) return WV_STATUS_INVALID;
    for (int type = 0; type < WV_MEMORY_TYPES; type++) {
        stats[type * 4] = atomic_load(&counters[type].live);
        stats[type * 4 + 1] = atomic_load(&counters[type].bytes);
        stats[type * 4 + 2] = atomic_load(&counters[type].peak);
        stats[type * 4 + 3] = atomic_load(&counters[type].allocations);
    }
    return WV_STATUS_OK;
}
