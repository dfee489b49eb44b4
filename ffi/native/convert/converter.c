/*
 * Converter: the candidate list of the convert step, and the helper thread that takes the lower
 * half of pictures above 2560x1440, where one core needs longer than waking a second.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../memory.h"
#include "convert.h"

#define TWO_BANDS_PIXELS (2560 * 1440)

const wv_convert_ops *const WV_CONVERT_CANDIDATES[WV_CONVERTERS] = {&wv_convert_libyuv,
                                                                    &wv_convert_portable};

struct wv_converter {
    const wv_convert_ops *ops;
    bool two_bands;
    pthread_t helper;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool work, done, stop;
    const wv_picture *picture;
    const wv_frame *frame;
    int first, rows;
};

static void *run_helper(void *argument)
{
    wv_converter *self = argument;
    prctl(PR_SET_NAME, "wv-convert");
    pthread_mutex_lock(&self->lock);
    while (!self->stop) {
        if (!self->work) {
            pthread_cond_wait(&self->changed, &self->lock);
            continue;
        }
        self->work = false;
        pthread_mutex_unlock(&self->lock);
        self->ops->rows(self->picture, self->frame, self->first, self->rows);
        pthread_mutex_lock(&self->lock);
        self->done = true;
        pthread_cond_broadcast(&self->changed);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

int32_t wv_converter_open(int width, int height, wv_converter **converter, wv_error *error)
{
    wv_converter *self = wv_memory_new(WV_MEMORY_CONVERT, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for a converter");
    for (size_t i = 0; self->ops == NULL && i < WV_CONVERTERS; i++) {
        const wv_convert_ops *ops = WV_CONVERT_CANDIDATES[i];
        if (ops->probe(error) == WV_STATUS_OK) self->ops = ops;
    }
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    if (width * height > TWO_BANDS_PIXELS && sysconf(_SC_NPROCESSORS_ONLN) > 1) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        self->two_bands = pthread_create(&self->helper, NULL, run_helper, self) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    *converter = self;
    return WV_STATUS_OK;
}

const char *wv_converter_name(const wv_converter *converter)
{
    return converter->ops->name;
}

void wv_converter_run(wv_converter *self, const wv_picture *picture, const wv_frame *frame)
{
    if (!self->two_bands) {
        self->ops->rows(picture, frame, 0, picture->height);
        return;
    }
    int half = picture->height / 4 * 2;
    pthread_mutex_lock(&self->lock);
    self->picture = picture;
    self->frame = frame;
    self->first = half;
    self->rows = picture->height - half;
    self->done = false;
    self->work = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    self->ops->rows(picture, frame, 0, half);
    pthread_mutex_lock(&self->lock);
    while (!self->done) pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

void wv_converter_close(wv_converter *self)
{
    if (self == NULL) return;
    if (self->two_bands) {
        pthread_mutex_lock(&self->lock);
        self->stop = true;
        pthread_cond_broadcast(&self->changed);
        pthread_mutex_unlock(&self->lock);
        pthread_join(self->helper, NULL);
    }
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    wv_memory_free(WV_MEMORY_CONVERT, self, sizeof *self);
}
