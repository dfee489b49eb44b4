/*
 * Cursor: the pointer image from XFixes, turned from premultiplied ARGB into plain RGBA. It travels
 * apart from the picture, so that the viewer can draw it without waiting for a frame.
 */
#include <X11/extensions/Xfixes.h>
#include <string.h>

#include "screen.h"

/* Undoes the multiplication by alpha. */
static uint8_t plain(unsigned long channel, unsigned long alpha)
{
    unsigned long value = (channel * 255 + alpha / 2) / alpha;
    return (uint8_t)(value > 255 ? 255 : value);
}

/* One pixel of the image out of side x side pixels of the pointer, whose mean is taken. */
static void copy_pixel(uint8_t *out, const XFixesCursorImage *image, int x, int y, int side)
{
    unsigned long red = 0, green = 0, blue = 0, alpha = 0, count = 0;
    for (int row = y; row < y + side && row < image->height; row++) {
        for (int column = x; column < x + side && column < image->width; column++, count++) {
            unsigned long argb = image->pixels[row * image->width + column];
            alpha += argb >> 24 & 255;
            red += argb >> 16 & 255;
            green += argb >> 8 & 255;
            blue += argb & 255;
        }
    }
    out[0] = alpha == 0 ? 0 : plain(red, alpha);
    out[1] = alpha == 0 ? 0 : plain(green, alpha);
    out[2] = alpha == 0 ? 0 : plain(blue, alpha);
    out[3] = (uint8_t)((alpha + count / 2) / count);
}

/* The arrow that stands for a pointer that cannot be read: . white, # black. */
static const char *const ARROW[] = {
    ".           ", "..          ", ".#.         ", ".##.        ", ".###.       ",
    ".####.      ", ".#####.     ", ".######.    ", ".#######.   ", ".########.  ",
    ".#########. ", ".######.....", ".###.##.    ", ".##. .##.   ", ".#.  .##.   ",
    "..    .##.  ", ".     .##.  ", "       ..   ",
};
#define ARROW_WIDTH 12
#define ARROW_HEIGHT ((int)(sizeof ARROW / sizeof *ARROW))
#define ARROW_SERIAL UINT32_MAX

/*
 * X servers refuse to show the pointer of a program that has ended, such as that of xsetroot, although
 * they still paint it.
 */
static void use_arrow(wv_cursor *cursor)
{
    *cursor = (wv_cursor){.width = ARROW_WIDTH,
                          .height = ARROW_HEIGHT,
                          .shrunk = 1,
                          .serial = ARROW_SERIAL,
                          .visible = 1};
    for (int row = 0; row < ARROW_HEIGHT; row++) {
        for (int column = 0; column < ARROW_WIDTH; column++) {
            uint8_t *out = cursor->pixels + (row * ARROW_WIDTH + column) * 4;
            char kind = ARROW[row][column];
            memset(out, kind == '.' ? 255 : 0, 3);
            out[3] = kind == ' ' ? 0 : 255;
        }
    }
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
        use_arrow(cursor);
        return WV_STATUS_OK;
    }
    int longest = image->width > image->height ? image->width : image->height;
    int scale = (longest + WV_CURSOR_SIZE_MAX - 1) / WV_CURSOR_SIZE_MAX;
    cursor->width = image->width / scale > 0 ? image->width / scale : 1;
    cursor->height = image->height / scale > 0 ? image->height / scale : 1;
    cursor->hotspot_x = image->xhot / scale;
    cursor->hotspot_y = image->yhot / scale;
    cursor->shrunk = scale;
    cursor->serial = (uint32_t)image->cursor_serial;
    cursor->visible = 0;
    for (int row = 0; row < cursor->height; row++) {
        for (int column = 0; column < cursor->width; column++) {
            uint8_t *out = cursor->pixels + (row * cursor->width + column) * 4;
            copy_pixel(out, image, column * scale, row * scale, scale);
            if (out[3] != 0) cursor->visible = 1;
        }
    }
    XFree(image);
    return WV_STATUS_OK;
}

int32_t wv_screen_place(wv_screen *screen, int *x, int *y)
{
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    Window root, child;
    int window_x, window_y;
    unsigned int buttons;
    Bool here = XQueryPointer(screen->display.x, screen->display.root, &root, &child, x, y,
                              &window_x, &window_y, &buttons);
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    if (!here) return WV_STATUS_UNAVAILABLE; /* on another screen of the server */
    *x -= screen->x;
    *y -= screen->y;
    return WV_STATUS_OK;
}
