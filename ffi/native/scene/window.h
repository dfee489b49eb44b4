/*
 * Window: the one window of the scene program, its block of memory shared with the X server, and
 * the events that arrive. Single-threaded; one frame is on its way to the server at most.
 */
#ifndef WV_SCENE_WINDOW_H
#define WV_SCENE_WINDOW_H

#include "canvas.h"

#include <X11/Xlib.h>
#include <X11/extensions/XShm.h>

struct wv_window {
    Display *display;
    Window window;
    GC gc;
    Visual *visual;
    int depth;
    int width, height;
    /* The root window, where this one covers all of it and follows its size; else None. */
    Window followed;
    XImage *image;
    XShmSegmentInfo segment;
    int shm_event;
    /* A put was sent and the server has not read it yet. */
    int busy;
    Atom delete_message;
};

struct wv_window_options {
    const char *display;
    const char *title;
    /* 0 x 0 means the whole screen. */
    int width, height;
    /* A window that a window manager may move and resize; otherwise none ever touches it. */
    int managed;
};

/* 0, or -1 after printing why not on standard error. */
int wv_window_open(struct wv_window *window, const struct wv_window_options *options);
/* New shared memory of this size, replacing the old; its pixels go to `surface`. 0 or -1. */
int wv_window_surface(struct wv_window *window, int width, int height, struct wv_canvas *surface);
/* Takes a notice of the window, or of the screen that it follows; 1 when the window's size changed. */
int wv_window_configured(struct wv_window *window, const XConfigureEvent *change);
/* Sends one window-sized part of the surface in one request, so that it never shows in parts. */
void wv_window_put(struct wv_window *window, int source_x, int source_y);
/* Waits until the server has read the last put; other events stay queued. */
void wv_window_settle(struct wv_window *window);
void wv_window_close(struct wv_window *window);

#endif
