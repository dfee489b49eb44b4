/*
 * Clipboard: the selections of one X server on a connection and a thread of their own. JavaScript
 * orders and is told; both are slots in which the newest counts, so that nothing piles up whatever
 * other clients do.
 */
#include <X11/extensions/Xfixes.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../memory.h"
#include "selection.h"

#define SAVE_US 300000u   /* a clipboard manager may take to copy what we own when we go */
#define END_US 700000u    /* an X server that hangs is left after this */
#define TIMEOUT_MS_MAX 60000u
#define EVENTS_AT_ONCE 256 /* orders are looked at in between, whatever other clients send */

static const char *const ATOM_NAMES[WV_ATOMS] = {
    "CLIPBOARD", "PRIMARY", "TARGETS", "TIMESTAMP", "MULTIPLE", "SAVE_TARGETS", "ATOM_PAIR",
    "INCR", "NULL", "CLIPBOARD_MANAGER", "UTF8_STRING", "text/plain;charset=utf-8",
    "text/plain;charset=UTF-8", "text/plain", "STRING", "TEXT", "image/png", "text/html",
    "WAVRY_CLOCK", "WAVRY_SAVED", "WAVRY_READ_0", "WAVRY_READ_1", "WAVRY_READ_2", "WAVRY_READ_3",
    "WAVRY_READ_4", "WAVRY_READ_5", "WAVRY_READ_6", "WAVRY_READ_7",
};

void wv_clipboard_tell(wv_clipboard *self, wv_clipboard_event event)
{
    pthread_mutex_lock(&self->lock);
    event.order = ++self->order;
    self->events[event.kind] = event;
    self->news |= 1u << event.kind;
    pthread_cond_broadcast(&self->news_came);
    pthread_mutex_unlock(&self->lock);
}

int wv_selection_index(const wv_clipboard *self, Atom selection)
{
    for (uint32_t i = 0; i < self->selections; i++) {
        if (self->atoms[i] == selection) return (int)i;
    }
    return -1;
}

static void take_event(wv_clipboard *self, XEvent *event)
{
    if (event->type == self->fixes_event + XFixesSelectionNotify) {
        XFixesSelectionNotifyEvent *notify = (XFixesSelectionNotifyEvent *)event;
        int selection = wv_selection_index(self, notify->selection);
        if (selection >= 0) wv_reading_changed(self, selection, notify->owner, notify->timestamp);
        return;
    }
    switch (event->type) {
    case SelectionNotify:
        return wv_reading_answered(self, &event->xselection);
    case SelectionRequest:
        return wv_serving_request(self, &event->xselectionrequest);
    case SelectionClear:
        return wv_serving_cleared(self, &event->xselectionclear);
    case PropertyNotify:
        if (event->xproperty.window == self->window) wv_reading_property(self, &event->xproperty);
        return wv_serving_property(self, &event->xproperty);
    case DestroyNotify:
        return wv_serving_window_gone(self, event->xdestroywindow.window);
    default:
        return;
    }
}

/* Carries out what JavaScript ordered; false when it is to end. */
static bool take_orders(wv_clipboard *self)
{
    pthread_mutex_lock(&self->lock);
    bool closing = self->closing;
    bool own = self->own_ordered, read = self->read_ordered, drop = self->drop_ordered;
    wv_clipboard_event own_order = self->own_order, read_order = self->read_order;
    uint32_t refused = self->refused;
    wv_content *given[WV_CLIPBOARD_TYPES];
    memcpy(given, self->given, sizeof given);
    memset(self->given, 0, sizeof self->given);
    self->own_ordered = self->read_ordered = self->drop_ordered = false;
    self->refused = 0;
    pthread_mutex_unlock(&self->lock);
    if (drop) wv_reading_drop(self);
    if (own) wv_serving_order(self, own_order);
    if (read) wv_reading_order(self, read_order);
    for (uint32_t type = 0; type < WV_CLIPBOARD_TYPES; type++) {
        if (given[type] != NULL) wv_serving_given(self, type, given[type]);
    }
    if (refused != 0) wv_serving_refused(self, refused);
    return !closing;
}

static void take_events(wv_clipboard *self)
{
    for (int i = 0; i < EVENTS_AT_ONCE && !self->display.lost; i++) {
        if (XEventsQueued(self->display.x, QueuedAfterFlush) <= 0) break;
        XEvent event;
        XNextEvent(self->display.x, &event);
        if (!self->display.lost) take_event(self, &event);
    }
    /* Windows of clients that have gone; nothing here depends on them. */
    wv_display_forget_errors();
}

static void wait_for(wv_clipboard *self, uint64_t due_us)
{
    uint64_t now = wv_now_us();
    if (due_us <= now || self->display.lost) return;
    if (XEventsQueued(self->display.x, QueuedAfterFlush) > 0 || self->display.lost) return;
    uint64_t wait_ms = due_us == UINT64_MAX ? TIMEOUT_MS_MAX : (due_us - now + 999) / 1000;
    struct pollfd polled[2] = {{.fd = ConnectionNumber(self->display.x), .events = POLLIN},
                               {.fd = self->wake_fd, .events = POLLIN}};
    poll(polled, 2, wait_ms > TIMEOUT_MS_MAX ? (int)TIMEOUT_MS_MAX : (int)wait_ms);
    uint64_t woken;
    while (read(self->wake_fd, &woken, sizeof woken) < 0 && errno == EINTR) {
    }
}

/* Lets a clipboard manager copy what is owned, if there is one. */
static void save(wv_clipboard *self)
{
    uint64_t until = wv_now_us() + SAVE_US;
    if (!wv_serving_save(self)) return;
    for (uint64_t now = wv_now_us(); now < until && !self->display.lost; now = wv_now_us()) {
        if (XEventsQueued(self->display.x, QueuedAfterFlush) > 0) {
            XEvent event;
            XNextEvent(self->display.x, &event);
            if (self->display.lost) return;
            bool is_done = event.type == SelectionNotify &&
                           event.xselection.target == self->atoms[WV_ATOM_SAVE_TARGETS];
            if (is_done) return;
            take_event(self, &event);
            continue;
        }
        struct pollfd polled = {.fd = ConnectionNumber(self->display.x), .events = POLLIN};
        poll(&polled, 1, (int)((until - now) / 1000) + 1);
    }
}

static void *run(void *argument)
{
    wv_clipboard *self = argument;
    prctl(PR_SET_NAME, "wv-clipboard");
    while (take_orders(self) && !self->display.lost) {
        take_events(self);
        uint64_t now = wv_now_us();
        uint64_t reading = self->display.lost ? now : wv_reading_tick(self, now);
        uint64_t serving = self->display.lost ? now : wv_serving_tick(self, now);
        wait_for(self, reading < serving ? reading : serving);
    }
    save(self);
    wv_reading_drop(self);
    wv_serving_end(self);
    if (!self->display.lost) {
        XDestroyWindow(self->display.x, self->window);
        XFlush(self->display.x);
    }
    pthread_mutex_lock(&self->lock);
    self->ended = true;
    pthread_cond_broadcast(&self->news_came);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* Interns the atoms, makes the window and asks to hear of owners. */
static int32_t prepare(wv_clipboard *self, const char *name, wv_error *error)
{
    int major = 5, minor = 0, fixes_error;
    if (wv_display_open(&self->display, name, error) != WV_STATUS_OK) return error->status;
    Display *x = self->display.x;
    bool has_fixes = XFixesQueryExtension(x, &self->fixes_event, &fixes_error) &&
                     XFixesQueryVersion(x, &major, &minor);
    if (!has_fixes) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "display \"%.64s\" lacks XFIXES", name);
    }
    XInternAtoms(x, (char **)ATOM_NAMES, WV_ATOMS, False, self->atoms);
    self->window = XCreateSimpleWindow(x, self->display.root, -10, -10, 1, 1, 0, 0, 0);
    XSelectInput(x, self->window, PropertyChangeMask);
    unsigned long mask = XFixesSetSelectionOwnerNotifyMask |
                         XFixesSelectionWindowDestroyNotifyMask |
                         XFixesSelectionClientCloseNotifyMask;
    for (uint32_t i = 0; i < self->selections; i++) {
        XFixesSelectSelectionInput(x, self->window, self->atoms[i], mask);
        /* What is owned already is an offer too. */
        self->reading.changed[i] = XGetSelectionOwner(x, self->atoms[i]) != None;
        self->reading.was_there[i] = true;
    }
    wv_display_sync(&self->display);
    if (!self->display.lost) return WV_STATUS_OK;
    return wv_fail(error, WV_STATUS_DISPLAY_LOST, "display \"%.64s\" went away", name);
}

static void release(wv_clipboard *self)
{
    /* Closing waits for the server, which may hang; without a connection it does not. */
    if (self->display.x != NULL && !self->display.lost) wv_display_interrupt(&self->display);
    wv_display_close(&self->display);
    wv_content_drop(self->read_result);
    wv_content_drop(self->incoming);
    for (size_t i = 0; i < WV_CLIPBOARD_TYPES; i++) wv_content_drop(self->given[i]);
    if (self->wake_fd >= 0) close(self->wake_fd);
    pthread_cond_destroy(&self->news_came);
    pthread_mutex_destroy(&self->lock);
    wv_memory_free(WV_MEMORY_CLIPBOARD, self, sizeof *self);
}

wv_clipboard *wv_clipboard_open(const uint8_t *display, uint32_t with_primary, char *error_text,
                                uint32_t error_bytes)
{
    wv_error error = {.status = WV_STATUS_OUT_OF_MEMORY, .text = "no memory for a clipboard"};
    wv_clipboard *self = display == NULL ? NULL
                                         : wv_memory_new(WV_MEMORY_CLIPBOARD, sizeof *self);
    if (self == NULL) goto failed;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->news_came, &monotonic);
    pthread_condattr_destroy(&monotonic);
    self->selections = with_primary != 0 ? 2 : 1;
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake_fd < 0 || prepare(self, (const char *)display, &error) != WV_STATUS_OK) {
        release(self);
        goto failed;
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int started = pthread_create(&self->thread, NULL, run, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started == 0) return self;
    release(self);
failed:
    if (error_text != NULL) snprintf(error_text, error_bytes, "%d %s", error.status, error.text);
    return NULL;
}

int32_t wv_clipboard_close(wv_clipboard *self)
{
    if (self == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&self->lock);
    bool is_joined = self->joined;
    self->joined = self->closing = true;
    wv_clipboard_order(self);
    if (is_joined) return WV_STATUS_OK;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += END_US * 1000l;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_timedjoin_np(self->thread, NULL, &until) == 0) return WV_STATUS_OK;
    /* The X server does not answer: without its connection the thread goes on, to its end. */
    wv_display_interrupt(&self->display);
    pthread_join(self->thread, NULL);
    return WV_STATUS_OK;
}

void wv_clipboard_destroy(wv_clipboard *self)
{
    if (self == NULL) return;
    wv_clipboard_close(self);
    pthread_mutex_lock(&self->lock);
    while (self->waiters > 0) pthread_cond_wait(&self->news_came, &self->lock);
    pthread_mutex_unlock(&self->lock);
    release(self);
}
