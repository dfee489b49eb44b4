/*
 * Selection gather: the bytes of a property that another client fills, appended to the content that is
 * being read, in pieces of a bounded size and within its limit.
 */
#include "selection.h"

/* Type and bytes of the property that content comes in, without the content. */
bool wv_reading_measure(wv_clipboard *self, Atom *type, int *format, unsigned long *bytes)
{
    unsigned long count;
    unsigned char *none = NULL;
    int result = XGetWindowProperty(self->display.x, self->window, self->reading.property, 0, 0,
                                    False, AnyPropertyType, type, format, &count, bytes, &none);
    if (self->display.lost) return false;
    if (none != NULL) XFree(none);
    return result == Success && *type != None;
}

static bool is_expected(const wv_clipboard *self, Atom type)
{
    const Atom *atoms = self->atoms;
    if (type == self->reading.targets[self->reading.type]) return true;
    if (self->reading.type != WV_CLIPBOARD_TEXT) return false;
    return type == atoms[WV_ATOM_UTF8_STRING] || type == atoms[WV_ATOM_STRING] ||
           type == atoms[WV_ATOM_TEXT_UTF8] || type == atoms[WV_ATOM_TEXT_PLAIN];
}

/* Appends the property to the content; gives a status. */
int32_t wv_reading_gather(wv_clipboard *self, Atom type, int format, unsigned long bytes)
{
    wv_reading *reading = &self->reading;
    if (bytes == 0) return WV_STATUS_OK;
    if (format != 8 || !is_expected(self, type)) return WV_STATUS_UNSUPPORTED;
    if (bytes > reading->bytes_max || reading->content->size > reading->bytes_max - bytes) {
        return WV_STATUS_TOO_LARGE;
    }
    if (type == self->atoms[WV_ATOM_STRING]) reading->is_latin = true;
    for (unsigned long offset = 0; offset < bytes;) {
        Atom now_type;
        int now_format;
        unsigned long count = 0, after;
        unsigned char *piece = NULL;
        int result = XGetWindowProperty(self->display.x, self->window, reading->property,
                                        (long)(offset / 4), WV_CLIPBOARD_PIECE / 4, False, type,
                                        &now_type, &now_format, &count, &after, &piece);
        if (self->display.lost) return WV_STATUS_DISPLAY_LOST;
        bool good = result == Success && now_type == type && now_format == 8 && count > 0 &&
                    count <= bytes - offset &&
                    wv_content_add(reading->content, piece, (uint32_t)count);
        if (piece != NULL) XFree(piece);
        if (!good) return WV_STATUS_FAILED;
        offset += count;
    }
    return WV_STATUS_OK;
}
