/*
 * Selection client: a program of an X display that does not keep its word, or asks for what few ask
 * for. `selection_client DISPLAY MODE`; a line on standard output tells that it has begun, others what
 * it saw. It ends with standard input.
 */
#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

static Display *x;
static Window window;
static Atom clipboard, targets, utf8, incr, multiple, manager, png;
static const char *mode;
static unsigned char piece[PIECE];

static bool is(const char *name)
{
    return strcmp(mode, name) == 0;
}

static int ignore_error(Display *display, XErrorEvent *event)
{
    (void)display;
    (void)event;
    return 0;
}

static void say(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
}

static void reply(const XSelectionRequestEvent *request, bool is_done)
{
    XSelectionEvent notify = {.type = SelectionNotify,
                              .requestor = request->requestor,
                              .selection = request->selection,
                              .target = request->target,
                              .property = is_done ? request->property : None,
                              .time = request->time};
    XSendEvent(x, request->requestor, False, NoEventMask, (XEvent *)&notify);
}

static void put(const XSelectionRequestEvent *request, Atom type, int format, const void *bytes,
                int count)
{
    XChangeProperty(x, request->requestor, request->property, type, format, PropModeReplace, bytes,
                    count);
}

/* Where pieces go while one is served. */
static Window taker;
static Atom taken_in;
static int pieces_sent;

static void serve(const XSelectionRequestEvent *request)
{
    if (is("mute")) return;
    if (request->target == targets) {
        Atom list[] = {targets, utf8, png};
        put(request, XA_ATOM, 32, list, 3);
        return reply(request, true);
    }
    say("asked");
    if (is("silent")) return;
    if (is("refuse")) return reply(request, false);
    if (is("integers")) {
        long numbers[] = {1, 2, 3};
        put(request, XA_INTEGER, 32, numbers, 3);
        return reply(request, true);
    }
    if (is("nothing-there")) return reply(request, true);
    if (is("latin")) {
        put(request, XA_STRING, 8, "gr\xfc\xdf", 4);
        return reply(request, true);
    }
    /* The others give pieces, and lie about how many. */
    long claimed = is("lies") ? 3 : 1000000000;
    taker = request->requestor;
    taken_in = request->property;
    pieces_sent = 0;
    XSelectInput(x, taker, PropertyChangeMask);
    put(request, incr, 32, &claimed, 1);
    reply(request, true);
}

static void next_piece(void)
{
    int count = PIECE;
    if (is("stalls") && pieces_sent >= 1) return;
    if (is("lies") && pieces_sent >= 10) count = 0;
    if (is("drips")) count = 1;
    XChangeProperty(x, taker, taken_in, utf8, 8, PropModeReplace, piece, count);
    pieces_sent++;
}

static void own(Atom selection)
{
    XSetSelectionOwner(x, selection, window, CurrentTime);
    if (XGetSelectionOwner(x, selection) != window) say("not the owner");
}

/* Asks for content in several ways; the pieces of it are never taken. */
static void ask(void)
{
    Atom property = XInternAtom(x, "ANSWER", False);
    if (is("multiple")) {
        Atom pairs[] = {utf8, XInternAtom(x, "FIRST", False), XInternAtom(x, "TIMESTAMP", False),
                        XInternAtom(x, "SECOND", False), XInternAtom(x, "UNKNOWN", False),
                        XInternAtom(x, "THIRD", False)};
        XChangeProperty(x, window, property, XInternAtom(x, "ATOM_PAIR", False), 32,
                        PropModeReplace, (unsigned char *)pairs, 6);
        XConvertSelection(x, clipboard, multiple, property, window, CurrentTime);
        return;
    }
    XConvertSelection(x, clipboard, is("hangs") ? png : utf8, property, window, CurrentTime);
    if (is("dies")) {
        XFlush(x);
        XDestroyWindow(x, window);
    }
}

static void show_property(const char *name)
{
    Atom type;
    int format;
    unsigned long count, after;
    unsigned char *bytes = NULL;
    XGetWindowProperty(x, window, XInternAtom(x, name, False), 0, 1024, False, AnyPropertyType,
                       &type, &format, &count, &after, &bytes);
    if (type == None) printf("%s none\n", name);
    else if (format == 8) printf("%s %.*s\n", name, (int)count, bytes);
    else if (count == 6) printf("%s third is %s\n", name, ((long *)bytes)[5] == None ? "none" : "there");
    else printf("%s %lu numbers\n", name, count);
    fflush(stdout);
    if (bytes != NULL) XFree(bytes);
}

/* What was asked for is here, or refused. */
static void take_answer(const XSelectionEvent *event)
{
    if (event->property == None) return say("refused");
    if (is("multiple")) {
        show_property("FIRST");
        show_property("SECOND");
        show_property("ANSWER");
    }
    if (is("manager")) {
        /* As managers do: the content is read, then owned. */
        show_property("SAVED");
        own(clipboard);
    }
    say("answered");
}

static void take_event(XEvent *event)
{
    if (event->type == SelectionRequest) {
        XSelectionRequestEvent *request = &event->xselectionrequest;
        if (is("manager") && request->selection == manager) {
            say("saves");
            XConvertSelection(x, clipboard, utf8, XInternAtom(x, "SAVED", False), window,
                              CurrentTime);
            put(request, XInternAtom(x, "NULL", False), 32, NULL, 0);
            return reply(request, true);
        }
        serve(request);
    }
    if (event->type == PropertyNotify && event->xproperty.state == PropertyDelete &&
        event->xproperty.window == taker && event->xproperty.atom == taken_in) {
        next_piece();
    }
    if (event->type == SelectionNotify) take_answer(&event->xselection);
}

int main(int count, char **words)
{
    if (count < 3) return 2;
    mode = words[2];
    x = XOpenDisplay(words[1]);
    if (x == NULL) return 3;
    XSetErrorHandler(ignore_error);
    window = XCreateSimpleWindow(x, DefaultRootWindow(x), 0, 0, 1, 1, 0, 0, 0);
    clipboard = XInternAtom(x, "CLIPBOARD", False);
    targets = XInternAtom(x, "TARGETS", False);
    utf8 = XInternAtom(x, "UTF8_STRING", False);
    incr = XInternAtom(x, "INCR", False);
    multiple = XInternAtom(x, "MULTIPLE", False);
    manager = XInternAtom(x, "CLIPBOARD_MANAGER", False);
    png = XInternAtom(x, "image/png", False);
    memset(piece, 'p', sizeof piece);
    bool asks = is("multiple") || is("hangs") || is("dies");
    if (asks) ask();
    else own(is("manager") ? manager : clipboard);
    for (int i = 0; is("flips") && i < 2000; i++) {
        XSetSelectionOwner(x, clipboard, i % 2 == 0 ? None : window, CurrentTime);
    }
    XSync(x, False);
    say("ready");
    for (;;) {
        while (XPending(x) > 0) {
            XEvent event;
            XNextEvent(x, &event);
            take_event(&event);
        }
        struct pollfd polled[2] = {{.fd = ConnectionNumber(x), .events = POLLIN},
                                   {.fd = STDIN_FILENO, .events = POLLIN}};
        poll(polled, 2, -1);
        if ((polled[1].revents & (POLLIN | POLLHUP)) != 0) break;
        if ((polled[0].revents & POLLHUP) != 0) break;
    }
    XCloseDisplay(x);
    return 0;
}
