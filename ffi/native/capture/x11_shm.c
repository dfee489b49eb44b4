/*
 * X11 capture through MIT-SHM: the server copies the region into a segment that both map. One copy,
 * never torn by the drawing of one request, and right on every X server.
 */
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <stdbool.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "../memory.h"
#include "screen.h"

typedef struct {
    wv_capture base;
    wv_screen screen;
    XShmSegmentInfo segment;
    XImage *image;
    size_t segment_bytes;
    bool attached;
} shm_capture;

static void detach_segment(shm_capture *self)
{
    if (self->attached && !self->screen.display.lost) {
        XShmDetach(self->screen.display.x, &self->segment);
    }
    if (self->image != NULL) {
        self->image->data = NULL; /* the segment, which XDestroyImage would free */
        XDestroyImage(self->image);
    }
    if (self->segment.shmaddr != NULL) {
        shmdt(self->segment.shmaddr);
        wv_memory_count(WV_MEMORY_SEGMENT, self->segment_bytes, false);
    }
    self->image = NULL;
    self->segment.shmaddr = NULL;
    self->attached = false;
}

static void shm_close(wv_capture *capture)
{
    shm_capture *self = (shm_capture *)capture;
    detach_segment(self);
    wv_screen_close(&self->screen);
    wv_memory_free(WV_MEMORY_CAPTURE, self, sizeof *self);
}

/* Makes the segment and has the server map it. */
static int32_t attach_segment(shm_capture *self, wv_error *error)
{
    Display *x = self->screen.display.x;
    if (!XShmQueryExtension(x)) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "the X server lacks the MIT-SHM extension");
    }
    int number = DefaultScreen(x);
    self->image = XShmCreateImage(x, DefaultVisual(x, number), (unsigned)DefaultDepth(x, number),
                                  ZPixmap, NULL, &self->segment, (unsigned)self->screen.width,
                                  (unsigned)self->screen.height);
    if (self->image == NULL || self->image->bits_per_pixel != 32) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED, "the screen does not have 32 bits a pixel");
    }
    self->segment_bytes = (size_t)self->image->bytes_per_line * (size_t)self->image->height;
    self->segment.shmid = shmget(IPC_PRIVATE, self->segment_bytes, IPC_CREAT | 0600);
    if (self->segment.shmid < 0) {
        return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no shared segment of %zu bytes",
                       self->segment_bytes);
    }
    void *address = shmat(self->segment.shmid, NULL, 0);
    if (address == (void *)-1) {
        shmctl(self->segment.shmid, IPC_RMID, NULL);
        return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "cannot map %zu bytes",
                       self->segment_bytes);
    }
    wv_memory_count(WV_MEMORY_SEGMENT, self->segment_bytes, true);
    self->segment.shmaddr = self->image->data = address;
    self->segment.readOnly = False;
    XShmAttach(x, &self->segment);
    int code = wv_display_sync(&self->screen.display);
    /* Removed now, the segment goes with its last user, however that ends. */
    shmctl(self->segment.shmid, IPC_RMID, NULL);
    if (code != 0 || self->screen.display.lost) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE,
                       "the X server cannot map the segment (X error %d); is it on this machine?",
                       code);
    }
    self->attached = true;
    return WV_STATUS_OK;
}

static void note_place(shm_capture *self)
{
    self->base.width = self->screen.width;
    self->base.height = self->screen.height;
    self->base.x = self->screen.x;
    self->base.y = self->screen.y;
}

static int32_t shm_open_capture(const wv_stream_config *config, wv_capture **capture,
                                wv_error *error)
{
    shm_capture *self = wv_memory_new(WV_MEMORY_CAPTURE, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for a capture");
    self->base.ops = &wv_capture_shm;
    int32_t status = wv_screen_open(&self->screen, config, error);
    if (status == WV_STATUS_OK) status = attach_segment(self, error);
    if (status != WV_STATUS_OK) {
        shm_close(&self->base);
        return status;
    }
    note_place(self);
    *capture = &self->base;
    return WV_STATUS_OK;
}

static int32_t shm_wait(wv_capture *capture, int wake_fd, uint64_t until_us)
{
    return wv_screen_wait(&((shm_capture *)capture)->screen, wake_fd, until_us);
}

static int32_t shm_follow(wv_capture *capture, wv_error *error)
{
    shm_capture *self = (shm_capture *)capture;
    int32_t changed = wv_screen_follow(&self->screen, error);
    if (changed < 0) return changed;
    bool fits = self->base.width == self->screen.width && self->base.height == self->screen.height;
    if (!fits) {
        detach_segment(self);
        int32_t status = attach_segment(self, error);
        if (status != WV_STATUS_OK) return status;
    }
    note_place(self);
    return changed;
}

static int32_t shm_grab(wv_capture *capture, wv_picture *picture)
{
    shm_capture *self = (shm_capture *)capture;
    wv_screen *screen = &self->screen;
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    /* The grab below waits for the server, and so for this request, too. */
    XDamageSubtract(screen->display.x, screen->damage, None, None);
    Status taken = XShmGetImage(screen->display.x, screen->display.root, self->image, screen->x,
                                screen->y, AllPlanes);
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    if (!taken) {
        wv_display_forget_errors();
        return WV_STATUS_SIZE_CHANGED; /* BadMatch: the region left the screen */
    }
    *picture = (wv_picture){.pixels = (const uint8_t *)self->image->data,
                            .stride = self->image->bytes_per_line,
                            .width = screen->width,
                            .height = screen->height};
    return WV_STATUS_OK;
}

/* The segment holds a copy that only a grab changes. */
static int32_t shm_overtaken(wv_capture *capture)
{
    (void)capture;
    return 0;
}

static int32_t shm_cursor(wv_capture *capture, wv_cursor *cursor)
{
    return wv_screen_cursor(&((shm_capture *)capture)->screen, cursor);
}

static int32_t shm_place(wv_capture *capture, int *x, int *y)
{
    return wv_screen_place(&((shm_capture *)capture)->screen, x, y);
}

/* The X server draws at its own rate. */
static void shm_set_fps(wv_capture *capture, uint32_t fps_max)
{
    (void)capture;
    (void)fps_max;
}

static void shm_interrupt(wv_capture *capture)
{
    wv_display_interrupt(&((shm_capture *)capture)->screen.display);
}

const wv_capture_ops wv_capture_shm = {
    .name = "x11-shm",
    .open = shm_open_capture,
    .wait = shm_wait,
    .follow = shm_follow,
    .grab = shm_grab,
    .overtaken = shm_overtaken,
    .cursor = shm_cursor,
    .place = shm_place,
    .set_fps = shm_set_fps,
    .interrupt = shm_interrupt,
    .close = shm_close,
};
