/*
 * Window: opening, the shared image, and putting it. Pixels are 32-bit BGRX; another visual is
 * refused. Without MIT-SHM it ends: copies through the socket would spoil what it measures.
 */
#include "window.h"

#include <X11/XKBlib.h>
#include <X11/Xatom.h>
#include <X11/Xutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

/* A window manager gives a desktop no frame, and keeps it below the windows that are used. */
static void keep_below(struct wv_window *window)
{
    Atom type = XInternAtom(window->display, "_NET_WM_WINDOW_TYPE", False);
    Atom desktop = XInternAtom(window->display, "_NET_WM_WINDOW_TYPE_DESKTOP", False);
    XChangeProperty(window->display, window->window, type, XA_ATOM, 32, PropModeReplace,
                    (unsigned char *)&desktop, 1);
}

static int create_window(struct wv_window *window, const struct wv_window_options *options)
{
    int screen = DefaultScreen(window->display);
    Window root = RootWindow(window->display, screen);
    XSetWindowAttributes attributes = {0};
    attributes.override_redirect = !options->managed;
    attributes.background_pixel = 0;
    attributes.event_mask = KeyPressMask | KeyReleaseMask | ButtonPressMask | ButtonReleaseMask |
                            PointerMotionMask | StructureNotifyMask | ExposureMask;
    window->width = options->width ? options->width : DisplayWidth(window->display, screen);
    window->height = options->height ? options->height : DisplayHeight(window->display, screen);
    window->window = XCreateWindow(window->display, root, 0, 0, (unsigned)window->width,
                                   (unsigned)window->height, 0, window->depth, InputOutput,
                                   window->visual,
                                   CWOverrideRedirect | CWBackPixel | CWEventMask, &attributes);
    XGCValues values = {.graphics_exposures = False};
    window->gc = XCreateGC(window->display, window->window, GCGraphicsExposures, &values);
    XStoreName(window->display, window->window, options->title);
    XClassHint hint = {(char *)"wavry_scene", (char *)"Wavry"};
    XSetClassHint(window->display, window->window, &hint);
    window->delete_message = XInternAtom(window->display, "WM_DELETE_WINDOW", False);
    XSetWMProtocols(window->display, window->window, &window->delete_message, 1);
    if (options->managed && options->width == 0) keep_below(window);
    Cursor arrow = XCreateFontCursor(window->display, 68 /* XC_left_ptr */);
    XDefineCursor(window->display, window->window, arrow);
    if (options->width == 0) {
        window->followed = root;
        XSelectInput(window->display, root, StructureNotifyMask);
    }
    XMapRaised(window->display, window->window);
    for (XEvent event;;) {
        XWindowEvent(window->display, window->window, StructureNotifyMask, &event);
        if (event.type == MapNotify) break;
    }
    /* Nothing else gives it the keyboard where no window manager runs. */
    if (!options->managed || options->width == 0) {
        XSetInputFocus(window->display, window->window, RevertToPointerRoot, CurrentTime);
    }
    /* The first drawing covers all of it; a second one for this event would only repeat it. */
    XSync(window->display, False);
    for (XEvent event; XCheckTypedEvent(window->display, Expose, &event);) continue;
    return 0;
}

int wv_window_open(struct wv_window *window, const struct wv_window_options *options)
{
    *window = (struct wv_window){0};
    window->segment.shmid = -1;
    window->display = XOpenDisplay(options->display);
    if (!window->display) {
        fprintf(stderr, "Cannot open display \"%s\"\n", XDisplayName(options->display));
        return -1;
    }
    int screen = DefaultScreen(window->display);
    window->visual = DefaultVisual(window->display, screen);
    window->depth = DefaultDepth(window->display, screen);
    if (window->depth < 24 || window->visual->red_mask != 0xff0000 ||
        window->visual->blue_mask != 0xff) {
        fprintf(stderr, "Cannot draw on a screen of depth %d\n", window->depth);
        return -1;
    }
    if (!XShmQueryExtension(window->display)) {
        fprintf(stderr, "Cannot draw without the MIT-SHM extension\n");
        return -1;
    }
    window->shm_event = XShmGetEventBase(window->display) + ShmCompletion;
    /* Repeats of a held key then come as presses without releases and can be told apart. */
    XkbSetDetectableAutoRepeat(window->display, True, NULL);
    return create_window(window, options);
}

static void release_surface(struct wv_window *window)
{
    if (!window->image) return;
    wv_window_settle(window);
    XShmDetach(window->display, &window->segment);
    XSync(window->display, False);
    XDestroyImage(window->image);
    shmdt(window->segment.shmaddr);
    window->image = NULL;
}

int wv_window_surface(struct wv_window *window, int width, int height, struct wv_canvas *surface)
{
    release_surface(window);
    window->image = XShmCreateImage(window->display, window->visual, (unsigned)window->depth,
                                    ZPixmap, NULL, &window->segment, (unsigned)width,
                                    (unsigned)height);
    if (!window->image) return -1;
    size_t bytes = (size_t)window->image->bytes_per_line * (size_t)height;
    window->segment.shmid = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
    if (window->segment.shmid < 0) {
        perror("Cannot make shared memory");
        return -1;
    }
    window->segment.shmaddr = shmat(window->segment.shmid, NULL, 0);
    window->segment.readOnly = False;
    window->image->data = window->segment.shmaddr;
    XShmAttach(window->display, &window->segment);
    XSync(window->display, False);
    /* Marked now, it goes away with its last user however this program ends. */
    shmctl(window->segment.shmid, IPC_RMID, NULL);
    if (window->segment.shmaddr == (void *)-1) return -1;
    surface->pixels = (uint32_t *)(void *)window->segment.shmaddr;
    surface->stride = window->image->bytes_per_line / 4;
    surface->width = width;
    surface->height = height;
    return 0;
}

int wv_window_configured(struct wv_window *window, const XConfigureEvent *change)
{
    if (change->window != window->window) {
        /* The window's own notice follows, and with it the new surface. */
        if (change->window == window->followed) {
            XResizeWindow(window->display, window->window, (unsigned)change->width,
                          (unsigned)change->height);
        }
        return 0;
    }
    if (change->width == window->width && change->height == window->height) return 0;
    window->width = change->width;
    window->height = change->height;
    return 1;
}

void wv_window_put(struct wv_window *window, int source_x, int source_y)
{
    XShmPutImage(window->display, window->window, window->gc, window->image, source_x, source_y, 0,
                 0, (unsigned)window->width, (unsigned)window->height, True);
    XFlush(window->display);
    window->busy = 1;
}

static Bool is_completion(Display *display, XEvent *event, XPointer argument)
{
    (void)display;
    return event->type == ((struct wv_window *)argument)->shm_event;
}

void wv_window_settle(struct wv_window *window)
{
    XEvent event;
    if (!window->busy) return;
    XIfEvent(window->display, &event, is_completion, (XPointer)window);
    window->busy = 0;
}

void wv_window_close(struct wv_window *window)
{
    if (!window->display) return;
    release_surface(window);
    XCloseDisplay(window->display);
    window->display = NULL;
}
