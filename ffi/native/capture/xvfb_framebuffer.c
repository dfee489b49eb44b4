/*
 * Capture of Xvfb's own framebuffer (`Xvfb -shmem`): no copy at all, the converter reads what the
 * server draws into. Reading while it draws can tear, so only after damage has settled.
 */
#include <X11/XWDFile.h>
#include <X11/extensions/Xfixes.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "../memory.h"
#include "framebuffer_search.h"
#include "screen.h"

typedef struct {
    wv_capture base;
    wv_screen screen;
    const uint8_t *segment; /* read-only */
    size_t segment_bytes;
    const uint8_t *pixels; /* first pixel of the region */
    int stride;
} framebuffer_capture;

static void framebuffer_close(wv_capture *capture)
{
    framebuffer_capture *self = (framebuffer_capture *)capture;
    wv_screen_close(&self->screen);
    if (self->segment != NULL) {
        shmdt(self->segment);
        wv_memory_count(WV_MEMORY_SEGMENT, self->segment_bytes, false);
    }
    wv_memory_free(WV_MEMORY_CAPTURE, self, sizeof *self);
}

/*
 * Finds the pixels by the XWD header, whose words are big endian; trusts none of its numbers. The
 * screen may be smaller than the framebuffer: RandR changes its size within that it started with.
 */
static int32_t find_pixels(framebuffer_capture *self, wv_error *error)
{
    XWDFileHeader header;
    if (self->segment_bytes < sizeof header) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED, "the framebuffer segment is too small");
    }
    memcpy(&header, self->segment, sizeof header);
    uint64_t offset =
        (uint64_t)ntohl(header.header_size) + (uint64_t)ntohl(header.ncolors) * sz_XWDColor;
    uint64_t stride = ntohl(header.bytes_per_line), height = ntohl(header.pixmap_height);
    uint32_t width = ntohl(header.pixmap_width), bits = ntohl(header.bits_per_pixel);
    if (ntohl(header.file_version) != XWD_FILE_VERSION || bits != 32 ||
        width < (uint32_t)self->screen.screen_width ||
        height < (uint32_t)self->screen.screen_height || stride < (uint64_t)width * 4 ||
        stride > 1u << 20 || offset + stride * height > self->segment_bytes) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED,
                       "the segment is not the framebuffer of this screen (%ux%u, %u bits)", width,
                       (uint32_t)height, bits);
    }
    self->stride = (int)stride;
    self->pixels = self->segment + offset + (uint64_t)self->screen.y * stride +
                   (uint64_t)self->screen.x * 4;
    return WV_STATUS_OK;
}

/* The segment that was named, or the one that this display's server made itself. */
static int32_t segment_of(const framebuffer_capture *self, const wv_stream_config *config)
{
    if (config->framebuffer_shm_id >= 0) return config->framebuffer_shm_id;
    uint64_t min_bytes =
        (uint64_t)self->screen.screen_width * (uint64_t)self->screen.screen_height * 4;
    return wv_framebuffer_find(self->screen.display.x, min_bytes);
}

static int32_t map_segment(framebuffer_capture *self, int32_t shm_id, wv_error *error)
{
    if (shm_id < 0) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED, "the X server shares no framebuffer");
    }
    struct shmid_ds details;
    if (shmctl(shm_id, IPC_STAT, &details) != 0) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "there is no shared segment %d", shm_id);
    }
    void *address = shmat(shm_id, NULL, SHM_RDONLY);
    if (address == (void *)-1) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "cannot map segment %d", shm_id);
    }
    self->segment = address;
    self->segment_bytes = details.shm_segsz;
    wv_memory_count(WV_MEMORY_SEGMENT, self->segment_bytes, true);
    return find_pixels(self, error);
}

static void note_place(framebuffer_capture *self)
{
    self->base.width = self->screen.width;
    self->base.height = self->screen.height;
    self->base.x = self->screen.x;
    self->base.y = self->screen.y;
}

static int32_t framebuffer_open(const wv_stream_config *config, wv_capture **capture,
                                wv_error *error)
{
    framebuffer_capture *self = wv_memory_new(WV_MEMORY_CAPTURE, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for a capture");
    self->base.ops = &wv_capture_framebuffer;
    int32_t status = wv_screen_open(&self->screen, config, error);
    if (status == WV_STATUS_OK) status = map_segment(self, segment_of(self, config), error);
    if (status != WV_STATUS_OK) {
        framebuffer_close(&self->base);
        return status;
    }
    /* Xvfb paints its pointer into the framebuffer; ours comes apart. Ends with this connection. */
    XFixesHideCursor(self->screen.display.x, self->screen.display.root);
    wv_display_sync(&self->screen.display);
    note_place(self);
    *capture = &self->base;
    return WV_STATUS_OK;
}

static int32_t framebuffer_wait(wv_capture *capture, int wake_fd, uint64_t until_us)
{
    return wv_screen_wait(&((framebuffer_capture *)capture)->screen, wake_fd, until_us);
}

static int32_t framebuffer_follow(wv_capture *capture, wv_error *error)
{
    framebuffer_capture *self = (framebuffer_capture *)capture;
    int32_t changed = wv_screen_follow(&self->screen, error);
    if (changed < 0) return changed;
    int32_t status = find_pixels(self, error);
    if (status != WV_STATUS_OK) return status;
    note_place(self);
    return changed;
}

static int32_t framebuffer_grab(wv_capture *capture, wv_picture *picture)
{
    framebuffer_capture *self = (framebuffer_capture *)capture;
    int32_t status = wv_screen_take_damage(&self->screen);
    if (status != WV_STATUS_OK) return status;
    *picture = (wv_picture){.pixels = self->pixels,
                            .stride = self->stride,
                            .width = self->screen.width,
                            .height = self->screen.height};
    return WV_STATUS_OK;
}

static int32_t framebuffer_overtaken(wv_capture *capture)
{
    return wv_screen_damaged(&((framebuffer_capture *)capture)->screen);
}

static int32_t framebuffer_cursor(wv_capture *capture, wv_cursor *cursor)
{
    return wv_screen_cursor(&((framebuffer_capture *)capture)->screen, cursor);
}

static int32_t framebuffer_place(wv_capture *capture, int *x, int *y)
{
    return wv_screen_place(&((framebuffer_capture *)capture)->screen, x, y);
}

/* The X server draws at its own rate. */
static void framebuffer_set_fps(wv_capture *capture, uint32_t fps_max)
{
    (void)capture;
    (void)fps_max;
}

static void framebuffer_interrupt(wv_capture *capture)
{
    wv_display_interrupt(&((framebuffer_capture *)capture)->screen.display);
}

const wv_capture_ops wv_capture_framebuffer = {
    .name = "xvfb-framebuffer",
    .open = framebuffer_open,
    .wait = framebuffer_wait,
    .follow = framebuffer_follow,
    .grab = framebuffer_grab,
    .overtaken = framebuffer_overtaken,
    .cursor = framebuffer_cursor,
    .place = framebuffer_place,
    .set_fps = framebuffer_set_fps,
    .interrupt = framebuffer_interrupt,
    .close = framebuffer_close,
};
