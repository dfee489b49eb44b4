/*
 * X display: installs error handlers that only remember. Errors are kept per thread, because each
 * connection belongs to one thread and Xlib calls the handler on the thread that reads.
 */
#include "x11_display.h"

#include <X11/extensions/XShm.h>
#include <X11/extensions/XTest.h>
#include <X11/extensions/Xdamage.h>
#include <X11/extensions/Xfixes.h>
#include <X11/extensions/Xrandr.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Thread_local int last_error;

/*
 * The libraries of X extensions keep lists of displays that they read without a lock: a thread that
 * looks for its own display while another one closes one meets freed memory. So displays enter and
 * leave the lists one after the other, and each is in all of them before it is used. Nothing that
 * waits for a server which does not answer holds the gate.
 */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int remember_error(Display *x, XErrorEvent *event)
{
    (void)x;
    if (last_error == 0) last_error = event->error_code;
    return 0;
}

static int ignore_io_error(Display *x)
{
    (void)x;
    return 0;
}

/*
 * Returning from here, instead of exiting, is what libX11 1.7 introduced. Xlib has locked the display
 * for the thread that is to exit; without giving that up no other thread could ever close it.
 */
static void mark_lost(Display *x, void *data)
{
    wv_display *display = data;
    display->lost = true;
    XUnlockDisplay(x);
}

static void install_handlers(void)
{
    XInitThreads();
    XSetErrorHandler(remember_error);
    XSetIOErrorHandler(ignore_io_error);
}

/* Puts the display into the lists of the extensions that are used here. */
static void enlist(Display *x)
{
    int first, second, major, minor;
    XShmQueryExtension(x);
    XTestQueryExtension(x, &first, &second, &major, &minor);
    XRRQueryExtension(x, &first, &second);
    XDamageQueryExtension(x, &first, &second);
    XFixesQueryExtension(x, &first, &second);
}

int32_t wv_display_open(wv_display *display, const char *name, wv_error *error)
{
    static pthread_once_t installed = PTHREAD_ONCE_INIT;
    pthread_once(&installed, install_handlers);
    memset(display, 0, sizeof *display);
    last_error = 0;
    display->x = XOpenDisplay(name);
    if (display->x != NULL) {
        XSetIOErrorExitHandler(display->x, mark_lost, display);
        pthread_mutex_lock(&gate);
        enlist(display->x);
        pthread_mutex_unlock(&gate);
    }
    if (display->x == NULL || display->lost) {
        wv_display_close(display);
        return wv_fail(error, WV_STATUS_DISPLAY_LOST, "display \"%.64s\" does not answer", name);
    }
    display->root = DefaultRootWindow(display->x);
    return WV_STATUS_OK;
}

void wv_display_close(wv_display *display)
{
    if (display->x == NULL) return;
    /* What a slow server has to answer is waited for here, where nobody else waits for us. */
    if (!display->lost) XSync(display->x, False);
    pthread_mutex_lock(&gate);
    XCloseDisplay(display->x);
    pthread_mutex_unlock(&gate);
    display->x = NULL;
}

int wv_display_sync(wv_display *display)
{
    XSync(display->x, False);
    int code = last_error;
    last_error = 0;
    return code;
}

void wv_display_interrupt(wv_display *display)
{
    shutdown(ConnectionNumber(display->x), SHUT_RDWR);
}

void wv_display_forget_errors(void)
{
    last_error = 0;
}
