/*
 * Capture, the first step of the sentence: waits until the source has something new and gives it as
 * a picture that stays the source's. Every back-end fills every entry.
 */
#ifndef WV_CAPTURE_H
#define WV_CAPTURE_H

#include "../common.h"

enum wv_capture_event {
    WV_EVENT_DAMAGE = 1, /* the picture changed */
    WV_EVENT_CURSOR = 2, /* the pointer image changed */
};

#define WV_CURSOR_SIZE_MAX 128 /* pixels; larger pointer images are scaled down */

/* The pointer image; pixels are red first, not premultiplied. */
typedef struct wv_cursor {
    uint8_t pixels[WV_CURSOR_SIZE_MAX * WV_CURSOR_SIZE_MAX * 4];
    int width, height;
    int hotspot_x, hotspot_y;
    int shrunk; /* pixels of the screen that one of the image stands for, each way */
    uint32_t serial;
    int visible;
} wv_cursor;

typedef struct wv_capture wv_capture;

typedef struct wv_capture_ops {
    const char *name;
    /* Opens the source of config into *capture, with its size in capture->width and height. */
    int32_t (*open)(const wv_stream_config *config, wv_capture **capture, wv_error *error);
    /*
     * Waits for an event, for wake_fd to become readable, or until until_us; gives events as a bit
     * set (0 otherwise), or a negative status when the source is gone.
     */
    int32_t (*wait)(wv_capture *capture, int wake_fd, uint64_t until_us);
    /*
     * After WV_STATUS_SIZE_CHANGED of any other call: takes the source as it is now, which may take a
     * quarter of a second. 1 when width, height or place differ, 0 when all is as before, negative
     * when it cannot go on. Only then do pictures come again.
     */
    int32_t (*follow)(wv_capture *capture, wv_error *error);
    /* Takes the damage so far as seen and gives the picture, valid until the next call. */
    int32_t (*grab)(wv_capture *capture, wv_picture *picture);
    /*
     * After a picture was read slowly: 1 when the source has drawn since the grab, so that the
     * picture may be torn; 0 when it is whole; a negative status when the source is gone.
     */
    int32_t (*overtaken)(wv_capture *capture);
    /* Gives the pointer image; WV_STATUS_UNSUPPORTED where there is none. */
    int32_t (*cursor)(wv_capture *capture, wv_cursor *cursor);
    /* Where the pointer is in the picture, which may be outside of it; NULL where there is none. */
    int32_t (*place)(wv_capture *capture, int *x, int *y);
    /* Rate of a source that makes its own pictures; any other ignores it. */
    void (*set_fps)(wv_capture *capture, uint32_t fps_max);
    /* From another thread: makes a call that waits for a hung server fail. */
    void (*interrupt)(wv_capture *capture);
    void (*close)(wv_capture *capture);
} wv_capture_ops;

/* Every back-end's struct begins with this. */
struct wv_capture {
    const wv_capture_ops *ops;
    int width; /* even */
    int height;
    int x; /* of the picture on the screen */
    int y;
};

extern const wv_capture_ops wv_capture_framebuffer;
extern const wv_capture_ops wv_capture_shm;
extern const wv_capture_ops wv_capture_pattern;

#define WV_CAPTURES 3
/* The candidate list, in the order in which it is tried. */
extern const wv_capture_ops *const WV_CAPTURE_CANDIDATES[WV_CAPTURES];

/* Opens the first candidate that fits config. */
int32_t wv_capture_open(const wv_stream_config *config, wv_capture **capture, wv_error *error);

#endif
