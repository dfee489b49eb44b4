/*
 * Selection convert: what one client asks for, put into a property of its window: lists of targets,
 * times, several conversions at once, and content, whole or piece by piece (INCR) when it is large.
 */
#include <X11/Xatom.h>
#include <string.h>

#include "selection.h"

#define STEP_US 5000000u /* a client may take to fetch a piece */

static const enum wv_atom TEXT_TARGETS[] = {WV_ATOM_UTF8_STRING, WV_ATOM_TEXT_UTF8,
                                            WV_ATOM_TEXT_UTF8_UPPER, WV_ATOM_TEXT_PLAIN,
                                            WV_ATOM_STRING, WV_ATOM_TEXT};
#define TEXT_TARGET_COUNT (sizeof TEXT_TARGETS / sizeof *TEXT_TARGETS)

/* Type of content that a target asks for, or -1. */
static int type_of(const wv_clipboard *self, Atom target)
{
    if (target == self->atoms[WV_ATOM_PNG]) return WV_CLIPBOARD_PNG;
    if (target == self->atoms[WV_ATOM_HTML]) return WV_CLIPBOARD_HTML;
    for (size_t i = 0; i < TEXT_TARGET_COUNT; i++) {
        if (target == self->atoms[TEXT_TARGETS[i]]) return WV_CLIPBOARD_TEXT;
    }
    return -1;
}

/* Reads the pairs of a MULTIPLE; the caller frees. NULL when there are none, or too many. */
static unsigned long *read_pairs(wv_clipboard *self, const XSelectionRequestEvent *event,
                                 unsigned long *count)
{
    Atom type;
    int format;
    unsigned long after;
    unsigned char *values = NULL;
    if (event->property == None) return NULL;
    int result = XGetWindowProperty(self->display.x, event->requestor, event->property, 0,
                                    2 * WV_CLIPBOARD_PAIRS_MAX, False, AnyPropertyType, &type,
                                    &format, count, &after, &values);
    if (self->display.lost) return NULL;
    bool good = result == Success && values != NULL && format == 32 && after == 0 &&
                *count > 0 && *count % 2 == 0;
    if (good) return (unsigned long *)values;
    if (values != NULL) XFree(values);
    return NULL;
}

uint32_t wv_convert_needs(wv_clipboard *self, const XSelectionRequestEvent *event)
{
    wv_serving *serving = &self->serving;
    uint32_t types = 0;
    if (event->target == self->atoms[WV_ATOM_MULTIPLE]) {
        unsigned long count = 0;
        unsigned long *pairs = read_pairs(self, event, &count);
        for (unsigned long i = 0; pairs != NULL && i < count; i += 2) {
            int type = type_of(self, pairs[i]);
            if (type >= 0) types |= 1u << type;
        }
        if (pairs != NULL) XFree(pairs);
    } else {
        int type = type_of(self, event->target);
        if (type >= 0) types = 1u << type;
    }
    types &= serving->types;
    for (uint32_t type = 0; type < WV_CLIPBOARD_TYPES; type++) {
        if (serving->contents[type] != NULL) types &= ~(1u << type);
    }
    return types;
}

static bool put_targets(wv_clipboard *self, Window requestor, Atom property)
{
    static const enum wv_atom always[] = {WV_ATOM_TARGETS, WV_ATOM_TIMESTAMP, WV_ATOM_MULTIPLE,
                                          WV_ATOM_SAVE_TARGETS};
    Atom targets[sizeof always / sizeof *always + TEXT_TARGET_COUNT + 2];
    int count = 0;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        targets[count++] = self->atoms[always[i]];
    }
    uint32_t types = self->serving.types;
    if (types & 1u << WV_CLIPBOARD_TEXT) {
        for (size_t i = 0; i < TEXT_TARGET_COUNT; i++) {
            targets[count++] = self->atoms[TEXT_TARGETS[i]];
        }
    }
    if (types & 1u << WV_CLIPBOARD_PNG) targets[count++] = self->atoms[WV_ATOM_PNG];
    if (types & 1u << WV_CLIPBOARD_HTML) targets[count++] = self->atoms[WV_ATOM_HTML];
    XChangeProperty(self->display.x, requestor, property, XA_ATOM, 32, PropModeReplace,
                    (unsigned char *)targets, count);
    return true;
}

static wv_transfer *free_transfer(wv_clipboard *self)
{
    for (size_t i = 0; i < WV_CLIPBOARD_TRANSFERS; i++) {
        if (self->serving.transfers[i].content == NULL) return &self->serving.transfers[i];
    }
    return NULL;
}

/* The pieces follow as the client deletes the property. Takes the content over. */
static bool begin_transfer(wv_clipboard *self, wv_transfer begun)
{
    wv_transfer *transfer = free_transfer(self);
    if (transfer == NULL) {
        wv_content_drop(begun.content);
        return false;
    }
    *transfer = begun;
    transfer->step_deadline_us = wv_now_us() + STEP_US;
    XSelectInput(self->display.x, begun.requestor, PropertyChangeMask | StructureNotifyMask);
    unsigned long least = begun.content->size;
    XChangeProperty(self->display.x, begun.requestor, begun.property, self->atoms[WV_ATOM_INCR],
                    32, PropModeReplace, (unsigned char *)&least, 1);
    return true;
}

static bool put_content(wv_clipboard *self, uint32_t type, const XSelectionRequestEvent *event)
{
    wv_content *content = self->serving.contents[type];
    if (content == NULL) return false;
    Atom property_type = event->target;
    if (event->target == self->atoms[WV_ATOM_TEXT]) property_type = self->atoms[WV_ATOM_UTF8_STRING];
    bool is_latin = event->target == self->atoms[WV_ATOM_STRING];
    content = is_latin ? wv_content_to_latin(content) : wv_content_share(content);
    if (content == NULL) return false;
    if (content->size > WV_CLIPBOARD_PIECE) {
        return begin_transfer(self, (wv_transfer){.content = content,
                                                  .requestor = event->requestor,
                                                  .property = event->property,
                                                  .type = property_type});
    }
    XChangeProperty(self->display.x, event->requestor, event->property, property_type, 8,
                    PropModeReplace, content->bytes, (int)content->size);
    wv_content_drop(content);
    return true;
}

/* One conversion that is no MULTIPLE. */
static bool convert_one(wv_clipboard *self, const XSelectionRequestEvent *event)
{
    Display *x = self->display.x;
    if (event->property == None) return false;
    if (event->target == self->atoms[WV_ATOM_TARGETS]) {
        return put_targets(self, event->requestor, event->property);
    }
    if (event->target == self->atoms[WV_ATOM_TIMESTAMP]) {
        unsigned long time = self->serving.time;
        XChangeProperty(x, event->requestor, event->property, XA_INTEGER, 32, PropModeReplace,
                        (unsigned char *)&time, 1);
        return true;
    }
    if (event->target == self->atoms[WV_ATOM_SAVE_TARGETS]) {
        /* There is nothing to do: the content stays with us for as long as we own it. */
        XChangeProperty(x, event->requestor, event->property, self->atoms[WV_ATOM_NULL], 32,
                        PropModeReplace, NULL, 0);
        return true;
    }
    int type = type_of(self, event->target);
    return type >= 0 && put_content(self, (uint32_t)type, event);
}

bool wv_convert(wv_clipboard *self, const XSelectionRequestEvent *event)
{
    if (event->target != self->atoms[WV_ATOM_MULTIPLE]) return convert_one(self, event);
    unsigned long count = 0;
    unsigned long *pairs = read_pairs(self, event, &count);
    if (pairs == NULL) return false;
    for (unsigned long i = 0; i < count; i += 2) {
        XSelectionRequestEvent part = *event;
        part.target = pairs[i];
        part.property = pairs[i + 1];
        bool nests = part.target == self->atoms[WV_ATOM_MULTIPLE] ||
                     part.property == event->property;
        if (nests || !convert_one(self, &part)) pairs[i + 1] = None;
    }
    XChangeProperty(self->display.x, event->requestor, event->property,
                    self->atoms[WV_ATOM_ATOM_PAIR], 32, PropModeReplace, (unsigned char *)pairs,
                    (int)count);
    XFree(pairs);
    return true;
}

bool wv_transfer_next(wv_clipboard *self, wv_transfer *transfer)
{
    wv_content *content = transfer->content;
    uint32_t rest = content->size - transfer->sent;
    uint32_t count = rest < WV_CLIPBOARD_PIECE ? rest : WV_CLIPBOARD_PIECE;
    XChangeProperty(self->display.x, transfer->requestor, transfer->property, transfer->type, 8,
                    PropModeReplace, content->bytes + transfer->sent, (int)count);
    transfer->sent += count;
    transfer->step_deadline_us = wv_now_us() + STEP_US;
    return count > 0;
}

void wv_transfer_end(wv_clipboard *self, wv_transfer *transfer)
{
    Window requestor = transfer->requestor;
    wv_content_drop(transfer->content);
    transfer->content = NULL;
    for (size_t i = 0; i < WV_CLIPBOARD_TRANSFERS; i++) {
        wv_transfer *other = &self->serving.transfers[i];
        if (other->content != NULL && other->requestor == requestor) return;
    }
    if (!self->display.lost) XSelectInput(self->display.x, requestor, NoEventMask);
}
