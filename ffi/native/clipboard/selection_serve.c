/*
 * Selection serve: what we own, on its way to other clients. Content that is not here yet is asked for
 * once, and clients wait for it within a table and a time; a client that does not fetch what it asked
 * for is given up alone.
 */
#include <string.h>

#include "selection.h"

/* A client waits this long for content that has to come from a viewer. */
#define WAIT_US 15000000u

static bool owns_any(const wv_serving *serving)
{
    return serving->owns[0] || serving->owns[1];
}

static void answer(wv_clipboard *self, const XSelectionRequestEvent *event, bool is_converted)
{
    XSelectionEvent reply = {
        .type = SelectionNotify,
        .requestor = event->requestor,
        .selection = event->selection,
        .target = event->target,
        .property = is_converted ? event->property : None,
        .time = event->time,
    };
    XSendEvent(self->display.x, event->requestor, False, NoEventMask, (XEvent *)&reply);
    pthread_mutex_lock(&self->lock);
    if (is_converted) self->stats.served++;
    else self->stats.refused++;
    pthread_mutex_unlock(&self->lock);
}

/* Refuses those who wait for `types`. */
static void refuse_waiting(wv_clipboard *self, uint32_t types)
{
    for (size_t i = 0; i < WV_CLIPBOARD_REQUESTS; i++) {
        wv_request *request = &self->serving.requests[i];
        if (!request->used || (request->needs & types) == 0) continue;
        request->used = false;
        answer(self, &request->event, false);
    }
}

static void forget(wv_clipboard *self)
{
    wv_serving *serving = &self->serving;
    refuse_waiting(self, ~0u);
    for (size_t i = 0; i < WV_CLIPBOARD_TYPES; i++) {
        wv_content_drop(serving->contents[i]);
        serving->contents[i] = NULL;
    }
    serving->types = serving->asked = 0;
}

void wv_serving_order(wv_clipboard *self, wv_clipboard_event order)
{
    wv_serving *serving = &self->serving;
    forget(self);
    serving->types = order.types;
    serving->serial = order.serial;
    serving->wants = true;
    /* A change of a property of ours brings the server's time, which ownership needs. */
    XChangeProperty(self->display.x, self->window, self->atoms[WV_ATOM_CLOCK],
                    self->atoms[WV_ATOM_NULL], 8, PropModeAppend, NULL, 0);
}

/* The server's time has come: become the owner, or stop being it. */
static void own(wv_clipboard *self, Time time)
{
    wv_serving *serving = &self->serving;
    Display *x = self->display.x;
    serving->wants = false;
    bool is_owner = true;
    for (uint32_t i = 0; i < self->selections; i++) {
        if (serving->types == 0) {
            if (serving->owns[i]) XSetSelectionOwner(x, self->atoms[i], None, time);
            serving->owns[i] = false;
            continue;
        }
        XSetSelectionOwner(x, self->atoms[i], self->window, time);
        serving->owns[i] = XGetSelectionOwner(x, self->atoms[i]) == self->window;
        if (self->display.lost) return;
        if (serving->owns[i]) wv_reading_owned(self, i);
        else is_owner = false;
    }
    serving->time = time;
    wv_clipboard_tell(self, (wv_clipboard_event){
                                .kind = WV_CLIPBOARD_OWNED,
                                .serial = serving->serial,
                                .types = serving->types,
                                .status = is_owner ? WV_STATUS_OK : WV_STATUS_FAILED});
}

void wv_serving_property(wv_clipboard *self, const XPropertyEvent *event)
{
    wv_serving *serving = &self->serving;
    if (event->window == self->window) {
        if (serving->wants && event->atom == self->atoms[WV_ATOM_CLOCK]) own(self, event->time);
        return;
    }
    if (event->state != PropertyDelete) return;
    for (size_t i = 0; i < WV_CLIPBOARD_TRANSFERS; i++) {
        wv_transfer *transfer = &serving->transfers[i];
        bool is_it = transfer->content != NULL && transfer->requestor == event->window &&
                     transfer->property == event->atom;
        if (!is_it) continue;
        if (!wv_transfer_next(self, transfer)) wv_transfer_end(self, transfer);
        return;
    }
}

/* A client that asks again for the same property has given up what it got there before. */
static void end_transfers_of(wv_clipboard *self, Window requestor, Atom property)
{
    for (size_t i = 0; i < WV_CLIPBOARD_TRANSFERS; i++) {
        wv_transfer *transfer = &self->serving.transfers[i];
        bool is_it = transfer->content != NULL && transfer->requestor == requestor &&
                     (property == None || transfer->property == property);
        if (is_it) wv_transfer_end(self, transfer);
    }
}

void wv_serving_request(wv_clipboard *self, const XSelectionRequestEvent *event)
{
    wv_serving *serving = &self->serving;
    XSelectionRequestEvent request = *event;
    /* Clients of old conventions leave the choice of the property to the owner. */
    if (request.property == None) request.property = request.target;
    int selection = wv_selection_index(self, request.selection);
    bool is_past = request.time != CurrentTime && (int32_t)(request.time - serving->time) < 0;
    if (selection < 0 || !serving->owns[selection] || is_past ||
        request.requestor == self->window) {
        return answer(self, &request, false);
    }
    end_transfers_of(self, request.requestor, request.property);
    uint32_t needs = wv_convert_needs(self, &request);
    if (needs == 0) return answer(self, &request, wv_convert(self, &request));
    for (size_t i = 0; i < WV_CLIPBOARD_REQUESTS; i++) {
        wv_request *waiting = &serving->requests[i];
        if (waiting->used) continue;
        *waiting = (wv_request){.used = true,
                                .event = request,
                                .needs = needs,
                                .deadline_us = wv_now_us() + WAIT_US};
        uint32_t unasked = needs & ~serving->asked;
        serving->asked |= needs;
        if (unasked != 0) {
            wv_clipboard_tell(self, (wv_clipboard_event){.kind = WV_CLIPBOARD_WANTED,
                                                         .serial = serving->serial,
                                                         .types = serving->asked});
        }
        return;
    }
    answer(self, &request, false);
}

void wv_serving_cleared(wv_clipboard *self, const XSelectionClearEvent *event)
{
    wv_serving *serving = &self->serving;
    int selection = wv_selection_index(self, event->selection);
    if (selection < 0 || (int32_t)(event->time - serving->time) < 0) return;
    serving->owns[selection] = false;
    if (!owns_any(serving) && !serving->wants) forget(self);
}

void wv_serving_window_gone(wv_clipboard *self, Window window)
{
    end_transfers_of(self, window, None);
}

/* Answers those for whom everything is there now. */
static void answer_waiting(wv_clipboard *self, uint32_t types)
{
    for (size_t i = 0; i < WV_CLIPBOARD_REQUESTS; i++) {
        wv_request *request = &self->serving.requests[i];
        if (!request->used) continue;
        request->needs &= ~types;
        if (request->needs != 0) continue;
        request->used = false;
        answer(self, &request->event, wv_convert(self, &request->event));
    }
}

void wv_serving_given(wv_clipboard *self, uint32_t type, wv_content *content)
{
    wv_serving *serving = &self->serving;
    serving->asked &= ~(1u << type);
    if ((serving->types & 1u << type) == 0) return wv_content_drop(content);
    wv_content_drop(serving->contents[type]);
    serving->contents[type] = content;
    answer_waiting(self, 1u << type);
}

void wv_serving_refused(wv_clipboard *self, uint32_t types)
{
    /* Who asks again later may have more luck. */
    self->serving.asked &= ~types;
    refuse_waiting(self, types);
}

uint64_t wv_serving_tick(wv_clipboard *self, uint64_t now_us)
{
    wv_serving *serving = &self->serving;
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < WV_CLIPBOARD_REQUESTS; i++) {
        wv_request *request = &serving->requests[i];
        if (request->used && now_us >= request->deadline_us) {
            request->used = false;
            answer(self, &request->event, false);
        }
        if (request->used && request->deadline_us < next) next = request->deadline_us;
    }
    for (size_t i = 0; i < WV_CLIPBOARD_TRANSFERS; i++) {
        wv_transfer *transfer = &serving->transfers[i];
        if (transfer->content != NULL && now_us >= transfer->step_deadline_us) {
            wv_transfer_end(self, transfer);
        }
        if (transfer->content != NULL && transfer->step_deadline_us < next) {
            next = transfer->step_deadline_us;
        }
    }
    return next;
}

bool wv_serving_save(wv_clipboard *self)
{
    wv_serving *serving = &self->serving;
    bool has_content = false;
    for (size_t i = 0; i < WV_CLIPBOARD_TYPES; i++) has_content |= serving->contents[i] != NULL;
    if (!serving->owns[0] || !has_content || self->display.lost) return false;
    Atom manager = self->atoms[WV_ATOM_MANAGER];
    if (XGetSelectionOwner(self->display.x, manager) == None) return false;
    /* What is not here now cannot be had any more. */
    for (uint32_t type = 0; type < WV_CLIPBOARD_TYPES; type++) {
        if (serving->contents[type] == NULL) serving->types &= ~(1u << type);
    }
    refuse_waiting(self, ~0u);
    XConvertSelection(self->display.x, manager, self->atoms[WV_ATOM_SAVE_TARGETS],
                      self->atoms[WV_ATOM_SAVED], self->window, serving->time);
    return !self->display.lost;
}

void wv_serving_end(wv_clipboard *self)
{
    forget(self);
    for (size_t i = 0; i < WV_CLIPBOARD_TRANSFERS; i++) {
        if (self->serving.transfers[i].content != NULL) {
            wv_transfer_end(self, &self->serving.transfers[i]);
        }
    }
}
