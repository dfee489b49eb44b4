/*
 * Selection: what the parts of the clipboard share: the state of its one thread, contents with a
 * count of their users, and the news for JavaScript. Everything below `lock` belongs to both sides,
 * the rest to the thread alone.
 */
#ifndef WV_SELECTION_H
#define WV_SELECTION_H

#include <X11/Xlib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../x11_display.h"

#define WV_CLIPBOARD_PIECE (256u << 10)  /* of a property that is read or written at once */
#define WV_CLIPBOARD_REQUESTS 16u        /* X clients that wait for content */
#define WV_CLIPBOARD_TRANSFERS 8u        /* X clients that are served piece by piece */
#define WV_CLIPBOARD_TARGETS_MAX 1024u   /* targets of an owner that are looked at */
#define WV_CLIPBOARD_PAIRS_MAX 32u       /* conversions of one MULTIPLE */
#define WV_CLIPBOARD_SELECTIONS 2u       /* CLIPBOARD, PRIMARY */

/* Interned at once; order as ATOM_NAMES in clipboard.c. */
enum wv_atom {
    WV_ATOM_CLIPBOARD,
    WV_ATOM_PRIMARY,
    WV_ATOM_TARGETS,
    WV_ATOM_TIMESTAMP,
    WV_ATOM_MULTIPLE,
    WV_ATOM_SAVE_TARGETS,
    WV_ATOM_ATOM_PAIR,
    WV_ATOM_INCR,
    WV_ATOM_NULL,
    WV_ATOM_MANAGER,
    WV_ATOM_UTF8_STRING,
    WV_ATOM_TEXT_UTF8,
    WV_ATOM_TEXT_UTF8_UPPER,
    WV_ATOM_TEXT_PLAIN,
    WV_ATOM_STRING,
    WV_ATOM_TEXT,
    WV_ATOM_PNG,
    WV_ATOM_HTML,
    WV_ATOM_CLOCK,
    WV_ATOM_SAVED,
    /* Properties that content is read into, in turn, so that a late answer meets none in use. */
    WV_ATOM_READ,
    WV_ATOMS = WV_ATOM_READ + 8,
};

/* Bytes of one type with the number of those who use them. */
typedef struct wv_content {
    uint8_t *bytes;
    uint32_t size;
    uint32_t capacity;
    uint32_t users;
} wv_content;

/* What another client owns, on its way to us. */
typedef struct wv_reading {
    enum { WV_READ_IDLE, WV_READ_TARGETS, WV_READ_CONTENT, WV_READ_PIECES } state;
    uint32_t selection; /* index */
    Time time;
    Atom property;
    uint32_t next_property;
    uint64_t step_deadline_us, deadline_us;
    uint32_t type;
    uint32_t bytes_max;
    bool is_latin;
    wv_content *content;
    /* The newest offer, and the targets that it has for each type. */
    uint32_t serial;
    uint32_t types;
    Atom targets[WV_CLIPBOARD_TYPES];
    /* A change that was not looked at yet. */
    bool changed[WV_CLIPBOARD_SELECTIONS];
    Time changed_at[WV_CLIPBOARD_SELECTIONS];
    bool was_there[WV_CLIPBOARD_SELECTIONS]; /* before we came */
    bool is_old;                             /* so is the newest offer */
    uint64_t not_before_us;
} wv_reading;

/* An X client that waits for content. */
typedef struct wv_request {
    bool used;
    XSelectionRequestEvent event;
    uint32_t needs; /* types */
    uint64_t deadline_us;
} wv_request;

/* An X client that takes content piece by piece. */
typedef struct wv_transfer {
    wv_content *content; /* NULL: not in use */
    Window requestor;
    Atom property, type;
    uint32_t sent;
    uint64_t step_deadline_us;
} wv_transfer;

/* What we own, on its way to other clients. */
typedef struct wv_serving {
    bool wants; /* waits for the server's time to become the owner */
    bool owns[WV_CLIPBOARD_SELECTIONS];
    Time time;
    uint32_t types;
    uint32_t serial;
    uint32_t asked; /* types that JavaScript was asked for */
    wv_content *contents[WV_CLIPBOARD_TYPES];
    wv_request requests[WV_CLIPBOARD_REQUESTS];
    wv_transfer transfers[WV_CLIPBOARD_TRANSFERS];
} wv_serving;

struct wv_clipboard {
    wv_display display;
    Window window;
    Atom atoms[WV_ATOMS];
    int fixes_event;
    uint32_t selections; /* 1, or 2 with PRIMARY */
    pthread_t thread;
    int wake_fd;
    wv_reading reading;
    wv_serving serving;

    pthread_mutex_t lock;
    pthread_cond_t news_came;
    bool closing;
    bool ended;  /* the thread has left its loop */
    bool joined;
    int waiters;
    uint32_t news; /* bit of each kind */
    uint32_t order;
    wv_clipboard_event events[WV_CLIPBOARD_EVENT_KINDS];
    /* Orders of JavaScript; the newest of each counts. */
    bool own_ordered, read_ordered, drop_ordered;
    wv_clipboard_event own_order, read_order;
    uint32_t refused; /* types that JavaScript cannot give */
    uint32_t owned_serial;
    wv_content *read_result;
    wv_content *incoming; /* being given */
    uint32_t incoming_type, incoming_total;
    wv_content *given[WV_CLIPBOARD_TYPES];
    wv_clipboard_stats_data stats;
};

/* A content with room for `bytes`, or NULL without memory. */
wv_content *wv_content_new(uint32_t bytes);
/* Appends; false without memory. */
bool wv_content_add(wv_content *content, const uint8_t *bytes, uint32_t count);
wv_content *wv_content_share(wv_content *content);
/* One user fewer; the last one frees it. NULL does nothing. */
void wv_content_drop(wv_content *content);
/* The same text in the other encoding, as a new content; NULL without memory. */
wv_content *wv_content_from_latin(const wv_content *latin);
wv_content *wv_content_to_latin(const wv_content *utf8);

/* Tells JavaScript, in the place of what it was not told yet of that kind. Takes the lock. */
void wv_clipboard_tell(wv_clipboard *self, wv_clipboard_event event);

/* Wakes the thread for what was ordered with the lock held, and gives the lock back. */
void wv_clipboard_order(wv_clipboard *self);

/* Selection index of an atom, or -1. */
int wv_selection_index(const wv_clipboard *self, Atom selection);

/* selection_read.c: on events of the X server, on orders, and when a deadline may have passed. */
void wv_reading_changed(wv_clipboard *self, int selection, Window owner, Time time);
/* A selection is ours now: what others offered there is past. */
void wv_reading_owned(wv_clipboard *self, uint32_t selection);
void wv_reading_answered(wv_clipboard *self, const XSelectionEvent *event);
void wv_reading_property(wv_clipboard *self, const XPropertyEvent *event);
void wv_reading_order(wv_clipboard *self, wv_clipboard_event order);
void wv_reading_drop(wv_clipboard *self);
/* Does what is due; gives when it wants to be asked again, UINT64_MAX for never. */
uint64_t wv_reading_tick(wv_clipboard *self, uint64_t now_us);

/* selection_gather.c: type and bytes of the property that content comes in; false without one. */
bool wv_reading_measure(wv_clipboard *self, Atom *type, int *format, unsigned long *bytes);
/* Appends the property to the content; gives a status. */
int32_t wv_reading_gather(wv_clipboard *self, Atom type, int format, unsigned long bytes);

/* selection_serve.c */
void wv_serving_order(wv_clipboard *self, wv_clipboard_event order);
void wv_serving_property(wv_clipboard *self, const XPropertyEvent *event);
void wv_serving_request(wv_clipboard *self, const XSelectionRequestEvent *event);
void wv_serving_cleared(wv_clipboard *self, const XSelectionClearEvent *event);
void wv_serving_window_gone(wv_clipboard *self, Window window);
/* Contents have come, or were refused (bits of types). */
void wv_serving_given(wv_clipboard *self, uint32_t type, wv_content *content);
void wv_serving_refused(wv_clipboard *self, uint32_t types);
uint64_t wv_serving_tick(wv_clipboard *self, uint64_t now_us);
void wv_serving_end(wv_clipboard *self);
/* True when a clipboard manager was asked to take over what is owned; it answers or does not. */
bool wv_serving_save(wv_clipboard *self);

/* selection_convert.c: puts what `target` asks for into a property of the requestor. */
bool wv_convert(wv_clipboard *self, const XSelectionRequestEvent *event);
/* Types that have to be there first. */
uint32_t wv_convert_needs(wv_clipboard *self, const XSelectionRequestEvent *event);
/* The next piece of a transfer; false when that was its end. */
bool wv_transfer_next(wv_clipboard *self, wv_transfer *transfer);
void wv_transfer_end(wv_clipboard *self, wv_transfer *transfer);

#endif
