/*
 * Pointer client: gives the root window pointers of any pixels, as programs do. `pointer_client
 * DISPLAY`; each line of standard input is `SIDE HOTSPOT_X HOTSPOT_Y PATH`, where the file has the
 * premultiplied ARGB of a square, or `confine X Y WIDTH HEIGHT` or `free`; a line back tells that it
 * is done. It ends with standard input.
 */
#include <X11/Xlib.h>
#include <X11/extensions/Xrender.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX 512

static Display *x;
static Window root, cage;
static char pixels[SIDE_MAX * SIDE_MAX * 4];

/* Opened at run time, as the headers come with RandR's and the library with every desktop. */
static XRenderPictFormat *(*find_format)(Display *, int);
static Picture (*create_picture)(Display *, Drawable, const XRenderPictFormat *, unsigned long,
                                 const XRenderPictureAttributes *);
static Cursor (*create_cursor)(Display *, Picture, unsigned int, unsigned int);

static bool open_render(void)
{
    void *library = dlopen("libXrender.so.1", RTLD_NOW);
    if (library == NULL) return false;
    *(void **)&find_format = dlsym(library, "XRenderFindStandardFormat");
    *(void **)&create_picture = dlsym(library, "XRenderCreatePicture");
    *(void **)&create_cursor = dlsym(library, "XRenderCreateCursor");
    return find_format != NULL && create_picture != NULL && create_cursor != NULL;
}

static bool read_pixels(const char *path, size_t bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    bool is_whole = fread(pixels, 1, bytes, file) == bytes;
    fclose(file);
    return is_whole;
}

static void define(unsigned int side, unsigned int hotspot_x, unsigned int hotspot_y)
{
    Pixmap pixmap = XCreatePixmap(x, root, side, side, 32);
    GC gc = XCreateGC(x, pixmap, 0, NULL);
    XImage *image = XCreateImage(x, DefaultVisual(x, 0), 32, ZPixmap, 0, pixels, side, side, 32, 0);
    XPutImage(x, pixmap, gc, image, 0, 0, 0, 0, side, side);
    image->data = NULL;
    XDestroyImage(image);
    Picture picture =
        create_picture(x, pixmap, find_format(x, PictStandardARGB32), 0, NULL);
    Cursor cursor = create_cursor(x, picture, hotspot_x, hotspot_y);
    XDefineCursor(x, root, cursor);
    XFreeCursor(x, cursor);
    XFreeGC(x, gc);
    XFreePixmap(x, pixmap);
}

/* Holds the pointer in a rectangle, as games do with their window. */
static bool confine(int left, int top, unsigned int width, unsigned int height)
{
    XMoveResizeWindow(x, cage, left, top, width, height);
    XMapWindow(x, cage);
    XSync(x, False);
    return XGrabPointer(x, cage, True, 0, GrabModeAsync, GrabModeAsync, cage, None, CurrentTime) ==
           GrabSuccess;
}

static bool obey(const char *line)
{
    unsigned int side, hotspot_x, hotspot_y, width, height;
    int left, top;
    char path[512];
    if (strncmp(line, "free", 4) == 0) {
        XUngrabPointer(x, CurrentTime);
        XUnmapWindow(x, cage);
        return true;
    }
    if (sscanf(line, "confine %d %d %u %u", &left, &top, &width, &height) == 4) {
        return confine(left, top, width, height);
    }
    if (sscanf(line, "%u %u %u %511s", &side, &hotspot_x, &hotspot_y, path) != 4) return false;
    if (side == 0 || side > SIDE_MAX || !read_pixels(path, (size_t)side * side * 4)) return false;
    define(side, hotspot_x, hotspot_y);
    return true;
}

int main(int count, char **words)
{
    x = count > 1 ? XOpenDisplay(words[1]) : NULL;
    if (x == NULL || !open_render()) return 2;
    root = DefaultRootWindow(x);
    XSetWindowAttributes attributes = {.override_redirect = True};
    cage = XCreateWindow(x, root, 0, 0, 1, 1, 0, 0, InputOnly, CopyFromParent, CWOverrideRedirect,
                         &attributes);
    printf("ready\n");
    fflush(stdout);
    char line[640];
    while (fgets(line, sizeof line, stdin) != NULL) {
        bool is_done = obey(line);
        XSync(x, False);
        printf(is_done ? "done\n" : "refused\n");
        fflush(stdout);
    }
    XCloseDisplay(x);
    return 0;
}
