/*
 * Cursor: the pointer image from XFixes, turned from premultiplied ARGB into plain RGBA. It travels
 * apart from the picture, so that the viewer can draw it without waiting for a frame.
 */
#include <X11/extensions/Xfixes.h>

#include "screen.h"

/* Undoes the multiplication by alpha. */
static uint8_t plain(unsigned long channel, unsigned long alpha)
{
    unsigned long value = (channel * 255 + alpha / 2) / alpha;
    return (uint8_t)(value > 255 ? 255 : value);
}

static void copy_pixel(uint8_t *out, unsigned long argb)
{
    unsigned long alpha = argb >> 24 & 255;
    out[0] = alpha == 0 ? 0 : plain(argb >> 16 & 255, alpha);
    out[1] = alpha == 0 ? 0 : plain(argb >> 8 & 255, alpha);
    out[2] = alpha == 0 ? 0 : plain(argb & 255, alpha);
    out[3] = (uint8_t)alpha;
}

int32_t wv_screen_cursor(wv_screen *screen, wv_cursor *cursor)
{
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    XFixesCursorImage *image = XFixesGetCursorImage(screen->display.x);
    if (screen->display.lost) {
        if (image != NULL) XFree(image);
        return WV_STATUS_DISPLAY_LOST;
    }
    if (image == NULL || image->width == 0 || image->height == 0) {
        if (image != NULL) XFree(image);
        return WV_STATUS_FAILED;
    }
    int longest = image->width > image->height ? image->width : image->height;
    int scale = (longest + WV_CURSOR_SIZE_MAX - 1) / WV_CURSOR_SIZE_MAX;
    cursor->width = image->width / scale > 0 ? image->width / scale : 1;
    cursor->height = image->height / scale > 0 ? image->height / scale : 1;
    cursor->hotspot_x = image->xhot / scale;
    cursor->hotspot_y = image->yhot / scale;
    cursor->serial = (uint32_t)image->cursor_serial;
    cursor->visible = 0;
    for (int row = 0; row < cursor->height; row++) {
        for (int column = 0; column < cursor->width; column++) {
            uint8_t *out = cursor->pixels + (row * cursor->width + column) * 4;
            copy_pixel(out, image->pixels[row * scale * image->width + column * scale]);
            if (out[3] != 0) cursor->visible = 1;
        }
    }
    XFree(image);
    return WV_STATUS_OK;
}
