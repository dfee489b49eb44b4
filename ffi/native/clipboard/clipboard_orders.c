/*
 * Clipboard orders: what JavaScript calls on a clipboard that runs: it waits for news, has content read
 * and gives content, piece by piece. Nothing here waits for the X server.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "selection.h"

#define TIMEOUT_MS_MAX 60000u

void wv_clipboard_order(wv_clipboard *self)
{
    uint64_t one = 1;
    pthread_mutex_unlock(&self->lock);
    while (write(self->wake_fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

int32_t wv_clipboard_next(wv_clipboard *self, wv_clipboard_event *event, uint32_t timeout_ms)
{
    if (self == NULL || event == NULL) return WV_STATUS_INVALID;
    if (timeout_ms > TIMEOUT_MS_MAX) timeout_ms = TIMEOUT_MS_MAX;
    uint64_t until = wv_now_us() + timeout_ms * 1000ull;
    struct timespec deadline = {.tv_sec = (time_t)(until / 1000000u),
                                .tv_nsec = (long)(until % 1000000u) * 1000};
    pthread_mutex_lock(&self->lock);
    self->waiters++;
    int waited = 0;
    while (self->news == 0 && !self->ended && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&self->news_came, &self->lock, &deadline);
    }
    int32_t result = self->ended ? WV_STATUS_CLOSED : 0;
    uint32_t oldest = WV_CLIPBOARD_EVENT_KINDS;
    for (uint32_t kind = 0; kind < WV_CLIPBOARD_EVENT_KINDS; kind++) {
        if ((self->news & 1u << kind) == 0) continue;
        bool is_older = oldest == WV_CLIPBOARD_EVENT_KINDS ||
                        (int32_t)(self->events[kind].order - self->events[oldest].order) < 0;
        if (is_older) oldest = kind;
    }
    if (oldest < WV_CLIPBOARD_EVENT_KINDS) {
        self->news &= ~(1u << oldest);
        *event = self->events[oldest];
        result = 1;
    }
    self->waiters--;
    pthread_cond_broadcast(&self->news_came);
    pthread_mutex_unlock(&self->lock);
    return result;
}

int32_t wv_clipboard_read(wv_clipboard *self, uint32_t serial, uint32_t type, uint32_t bytes_max)
{
    if (self == NULL || type >= WV_CLIPBOARD_TYPES) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    self->news &= ~(1u << WV_CLIPBOARD_READ);
    self->read_ordered = true;
    self->read_order = (wv_clipboard_event){.serial = serial, .types = type, .bytes = bytes_max};
    wv_clipboard_order(self);
    return WV_STATUS_OK;
}

int32_t wv_clipboard_take(wv_clipboard *self, uint32_t offset, uint8_t *buffer, uint32_t bytes)
{
    if (self == NULL || buffer == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    const wv_content *content = self->read_result;
    uint32_t size = content == NULL ? 0 : content->size;
    uint32_t rest = offset < size ? size - offset : 0;
    uint32_t count = rest < bytes ? rest : bytes;
    if (count > 0) memcpy(buffer, content->bytes + offset, count);
    pthread_mutex_unlock(&self->lock);
    return (int32_t)count;
}

int32_t wv_clipboard_drop(wv_clipboard *self)
{
    if (self == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    wv_content_drop(self->read_result);
    self->read_result = NULL;
    self->news &= ~(1u << WV_CLIPBOARD_READ);
    self->read_ordered = false;
    self->drop_ordered = true;
    wv_clipboard_order(self);
    return WV_STATUS_OK;
}

int32_t wv_clipboard_own(wv_clipboard *self, uint32_t types, uint32_t serial)
{
    if (self == NULL || types >= 1u << WV_CLIPBOARD_TYPES) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    self->own_ordered = true;
    self->own_order = (wv_clipboard_event){.serial = serial, .types = types};
    self->owned_serial = serial;
    self->refused = 0;
    self->news &= ~(1u << WV_CLIPBOARD_WANTED);
    wv_content_drop(self->incoming);
    self->incoming = NULL;
    for (size_t i = 0; i < WV_CLIPBOARD_TYPES; i++) {
        wv_content_drop(self->given[i]);
        self->given[i] = NULL;
    }
    wv_clipboard_order(self);
    return WV_STATUS_OK;
}

/* Begins, or goes on with, the one content that is being given. Lock held. */
static int32_t add_given(wv_clipboard *self, uint32_t type, uint32_t total, uint32_t offset,
                         const uint8_t *bytes, uint32_t count)
{
    if (offset == 0) {
        wv_content_drop(self->incoming);
        self->incoming = wv_content_new(total);
        self->incoming_type = type;
        self->incoming_total = total;
    }
    wv_content *content = self->incoming;
    if (content == NULL) return offset == 0 ? WV_STATUS_OUT_OF_MEMORY : WV_STATUS_INVALID;
    bool fits = self->incoming_type == type && self->incoming_total == total &&
                content->size == offset && count <= total - offset;
    if (!fits) return WV_STATUS_INVALID;
    if (!wv_content_add(content, bytes, count)) return WV_STATUS_OUT_OF_MEMORY;
    if (content->size < total) return WV_STATUS_OK;
    wv_content_drop(self->given[type]);
    self->given[type] = content;
    self->incoming = NULL;
    return 1;
}

int32_t wv_clipboard_give(wv_clipboard *self, uint32_t serial, uint32_t type, uint32_t total,
                          uint32_t offset, const uint8_t *bytes, uint32_t count)
{
    bool is_good = self != NULL && type < WV_CLIPBOARD_TYPES && (bytes != NULL || count == 0) &&
                   offset <= total;
    if (!is_good) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    int32_t status = serial == self->owned_serial
                         ? add_given(self, type, total, offset, bytes, count)
                         : WV_STATUS_CLOSED;
    if (status == 1) wv_clipboard_order(self);
    else pthread_mutex_unlock(&self->lock);
    return status;
}

int32_t wv_clipboard_refuse(wv_clipboard *self, uint32_t serial, uint32_t types)
{
    if (self == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    if (serial == self->owned_serial) self->refused |= types;
    wv_clipboard_order(self);
    return WV_STATUS_OK;
}

int32_t wv_clipboard_stats(wv_clipboard *self, wv_clipboard_stats_data *stats)
{
    if (self == NULL || stats == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    *stats = self->stats;
    pthread_mutex_unlock(&self->lock);
    return WV_STATUS_OK;
}
