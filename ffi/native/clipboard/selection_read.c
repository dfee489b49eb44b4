/*
 * Selection read: content of other clients on its way to us. A change of owner is an offer once its
 * targets are known; content is asked for only on order, one at a time. Every step has a deadline and
 * every content a limit: an owner that does not answer, or never ends, costs this one read.
 */
#include <X11/Xatom.h>
#include <string.h>

#include "selection.h"

#define TARGETS_US 2000000u  /* an owner may take to name its targets */
#define STEP_US 5000000u     /* and to the next piece of its content */
#define CONTENT_US 60000000u /* and for all of it */
#define OFFER_GAP_US 50000u  /* between two offers: a selection that is dragged changes all the time */

static void forget_content(wv_reading *reading)
{
    wv_content_drop(reading->content);
    reading->content = NULL;
}

/* Asks the owner for `target`; the answer comes into a property that was not used for a while. */
static void ask(wv_clipboard *self, Atom target, uint64_t limit_us)
{
    wv_reading *reading = &self->reading;
    reading->property = self->atoms[WV_ATOM_READ + reading->next_property];
    reading->next_property = (reading->next_property + 1) % (WV_ATOMS - WV_ATOM_READ);
    XDeleteProperty(self->display.x, self->window, reading->property);
    XConvertSelection(self->display.x, self->atoms[reading->selection], target, reading->property,
                      self->window, reading->time);
    uint64_t now = wv_now_us();
    reading->step_deadline_us = now + limit_us;
    reading->deadline_us = now + CONTENT_US;
}

static void tell_offer(wv_clipboard *self)
{
    wv_reading *reading = &self->reading;
    reading->state = WV_READ_IDLE;
    pthread_mutex_lock(&self->lock);
    self->stats.offers++;
    pthread_mutex_unlock(&self->lock);
    wv_clipboard_tell(self, (wv_clipboard_event){.kind = WV_CLIPBOARD_OFFERED,
                                                 .serial = reading->serial,
                                                 .types = reading->types,
                                                 .selection = reading->selection,
                                                 .is_old = reading->is_old});
}

/* Ends a read of content; the result belongs to JavaScript then. */
static void finish(wv_clipboard *self, int32_t status)
{
    wv_reading *reading = &self->reading;
    wv_content *content = reading->content;
    reading->content = NULL;
    reading->state = WV_READ_IDLE;
    if (status == WV_STATUS_OK && content != NULL && reading->is_latin) {
        wv_content *text = wv_content_from_latin(content);
        wv_content_drop(content);
        content = text;
        if (text == NULL) status = WV_STATUS_OUT_OF_MEMORY;
        else if (text->size > reading->bytes_max) status = WV_STATUS_TOO_LARGE;
    }
    if (status != WV_STATUS_OK) {
        wv_content_drop(content);
        content = NULL;
    }
    pthread_mutex_lock(&self->lock);
    wv_content_drop(self->read_result);
    self->read_result = content;
    if (status == WV_STATUS_OK) self->stats.reads++;
    else self->stats.read_failures++;
    pthread_mutex_unlock(&self->lock);
    wv_clipboard_tell(self, (wv_clipboard_event){.kind = WV_CLIPBOARD_READ,
                                                 .serial = reading->serial,
                                                 .types = 1u << reading->type,
                                                 .status = status,
                                                 .bytes = content == NULL ? 0 : content->size});
}

static bool is_reading_content(const wv_reading *reading)
{
    return reading->state == WV_READ_CONTENT || reading->state == WV_READ_PIECES;
}

void wv_reading_owned(wv_clipboard *self, uint32_t selection)
{
    wv_reading *reading = &self->reading;
    reading->changed[selection] = false;
    if (reading->selection != selection) return;
    if (is_reading_content(reading)) finish(self, WV_STATUS_BUSY);
    reading->state = WV_READ_IDLE;
}

void wv_reading_changed(wv_clipboard *self, int selection, Window owner, Time time)
{
    wv_reading *reading = &self->reading;
    if (owner == self->window) return wv_reading_owned(self, (uint32_t)selection);
    reading->changed[selection] = true;
    reading->was_there[selection] = false;
    reading->changed_at[selection] = time;
    /* What is being read is not what is offered any more. */
    if (reading->selection != (uint32_t)selection) return;
    if (is_reading_content(reading)) finish(self, WV_STATUS_BUSY);
    reading->state = WV_READ_IDLE;
}

/* Looks at a change: asks its owner for targets, or says that there is nothing. */
static void look(wv_clipboard *self, uint32_t selection, uint64_t now_us)
{
    wv_reading *reading = &self->reading;
    if (is_reading_content(reading)) finish(self, WV_STATUS_BUSY);
    reading->changed[selection] = false;
    reading->not_before_us = now_us + OFFER_GAP_US;
    reading->selection = selection;
    reading->is_old = reading->was_there[selection];
    reading->time = reading->changed_at[selection];
    reading->serial++;
    reading->types = 0;
    Window owner = XGetSelectionOwner(self->display.x, self->atoms[selection]);
    if (self->display.lost) return;
    if (owner == None) return tell_offer(self);
    reading->state = WV_READ_TARGETS;
    ask(self, self->atoms[WV_ATOM_TARGETS], TARGETS_US);
}

/* Remembers the best target for each type. */
static void choose(wv_clipboard *self, const unsigned long *targets, unsigned long count)
{
    static const enum wv_atom texts[] = {WV_ATOM_UTF8_STRING, WV_ATOM_TEXT_UTF8,
                                         WV_ATOM_TEXT_UTF8_UPPER, WV_ATOM_STRING,
                                         WV_ATOM_TEXT_PLAIN, WV_ATOM_TEXT};
    wv_reading *reading = &self->reading;
    size_t best = sizeof texts / sizeof *texts;
    for (unsigned long i = 0; i < count; i++) {
        for (size_t text = 0; text < best; text++) {
            if (targets[i] == self->atoms[texts[text]]) best = text;
        }
        if (targets[i] == self->atoms[WV_ATOM_PNG]) reading->types |= 1u << WV_CLIPBOARD_PNG;
        if (targets[i] == self->atoms[WV_ATOM_HTML]) reading->types |= 1u << WV_CLIPBOARD_HTML;
    }
    reading->targets[WV_CLIPBOARD_PNG] = self->atoms[WV_ATOM_PNG];
    reading->targets[WV_CLIPBOARD_HTML] = self->atoms[WV_ATOM_HTML];
    if (best == sizeof texts / sizeof *texts) return;
    reading->types |= 1u << WV_CLIPBOARD_TEXT;
    reading->targets[WV_CLIPBOARD_TEXT] = self->atoms[texts[best]];
}

static void take_targets(wv_clipboard *self)
{
    Atom type;
    int format;
    unsigned long count, after;
    unsigned char *values = NULL;
    int result = XGetWindowProperty(self->display.x, self->window, self->reading.property, 0,
                                    WV_CLIPBOARD_TARGETS_MAX, True, AnyPropertyType, &type,
                                    &format, &count, &after, &values);
    if (self->display.lost) return;
    if (result == Success && values != NULL && format == 32) {
        choose(self, (const unsigned long *)values, count);
    }
    if (values != NULL) XFree(values);
    /* With more of them the property is still there. */
    if (result == Success && after > 0) {
        XDeleteProperty(self->display.x, self->window, self->reading.property);
    }
    tell_offer(self);
}

void wv_reading_answered(wv_clipboard *self, const XSelectionEvent *event)
{
    wv_reading *reading = &self->reading;
    bool waits = reading->state == WV_READ_TARGETS || reading->state == WV_READ_CONTENT;
    if (!waits || event->selection != self->atoms[reading->selection]) return;
    if (event->property == None) {
        /* The answer to an older question may be one as well; the newest question has its target. */
        Atom target = reading->state == WV_READ_TARGETS ? self->atoms[WV_ATOM_TARGETS]
                                                        : reading->targets[reading->type];
        if (event->target != target) return;
        if (reading->state == WV_READ_TARGETS) return tell_offer(self);
        return finish(self, WV_STATUS_UNAVAILABLE);
    }
    if (event->property != reading->property) return;
    if (reading->state == WV_READ_TARGETS) return take_targets(self);
    Atom type;
    int format;
    unsigned long bytes;
    if (!wv_reading_measure(self, &type, &format, &bytes)) return finish(self, WV_STATUS_FAILED);
    if (type == self->atoms[WV_ATOM_INCR]) {
        /* Deleting it asks for the first piece; the size that it tells is not believed. */
        reading->state = WV_READ_PIECES;
        reading->step_deadline_us = wv_now_us() + STEP_US;
        XDeleteProperty(self->display.x, self->window, reading->property);
        return;
    }
    int32_t status = wv_reading_gather(self, type, format, bytes);
    XDeleteProperty(self->display.x, self->window, reading->property);
    finish(self, status);
}

void wv_reading_property(wv_clipboard *self, const XPropertyEvent *event)
{
    wv_reading *reading = &self->reading;
    if (reading->state != WV_READ_PIECES || event->state != PropertyNewValue) return;
    if (event->atom != reading->property) return;
    Atom type;
    int format;
    unsigned long bytes;
    /* It may be gone again: the news of it is older. */
    if (!wv_reading_measure(self, &type, &format, &bytes)) return;
    int32_t status = wv_reading_gather(self, type, format, bytes);
    XDeleteProperty(self->display.x, self->window, reading->property);
    if (status != WV_STATUS_OK || bytes == 0) return finish(self, status);
    reading->step_deadline_us = wv_now_us() + STEP_US;
}

void wv_reading_order(wv_clipboard *self, wv_clipboard_event order)
{
    wv_reading *reading = &self->reading;
    if (is_reading_content(reading)) finish(self, WV_STATUS_BUSY);
    forget_content(reading);
    uint32_t type = order.types;
    bool is_current = order.serial == reading->serial && reading->state == WV_READ_IDLE &&
                      !reading->changed[reading->selection];
    if (!is_current || (reading->types & 1u << type) == 0) {
        return wv_clipboard_tell(self, (wv_clipboard_event){.kind = WV_CLIPBOARD_READ,
                                                            .serial = order.serial,
                                                            .types = 1u << type,
                                                            .status = WV_STATUS_UNAVAILABLE});
    }
    reading->type = type;
    reading->bytes_max = order.bytes;
    reading->is_latin = false;
    reading->content = wv_content_new(0);
    if (reading->content == NULL) return finish(self, WV_STATUS_OUT_OF_MEMORY);
    reading->state = WV_READ_CONTENT;
    ask(self, reading->targets[type], STEP_US);
}

void wv_reading_drop(wv_clipboard *self)
{
    forget_content(&self->reading);
    if (is_reading_content(&self->reading)) self->reading.state = WV_READ_IDLE;
}

uint64_t wv_reading_tick(wv_clipboard *self, uint64_t now_us)
{
    wv_reading *reading = &self->reading;
    if (reading->state != WV_READ_IDLE) {
        bool is_late = now_us >= reading->step_deadline_us || now_us >= reading->deadline_us;
        if (is_late && reading->state == WV_READ_TARGETS) tell_offer(self);
        else if (is_late) finish(self, WV_STATUS_TIMEOUT);
    }
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < self->selections; i++) {
        if (!reading->changed[i] || self->display.lost) continue;
        /* Targets that are on their way are waited for, unless they are of the same selection. */
        if (reading->state == WV_READ_TARGETS && reading->selection != i) continue;
        if (now_us >= reading->not_before_us) look(self, i, now_us);
        else if (reading->not_before_us < next) next = reading->not_before_us;
    }
    if (reading->state == WV_READ_IDLE) return next;
    uint64_t due = reading->step_deadline_us < reading->deadline_us ? reading->step_deadline_us
                                                                    : reading->deadline_us;
    return due < next ? due : next;
}
