/*
 * wavry_scene: an X client that shows content with a machine-readable frame marker, for benchmarks
 * and tests, and the lively desktop of a host without a monitor. One thread; a frame is one
 * XShmPutImage, at absolute times of CLOCK_MONOTONIC, so neither rate nor picture drifts.
 */
#include "../marker.h"
#include "input_log.h"
#include "input_text.h"
#include "scene.h"
#include "window.h"

#include <X11/Xutil.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SIDE = 8192, MAX_RATE = 1000, FIRST_WHEEL_BUTTON = 4, LAST_WHEEL_BUTTON = 7 };
/* The demonstration desktop draws every second frame once nobody has touched it for so long: it
 * runs day and night on a host, mostly with nobody looking. A marked one never rests. */
#define REST_AFTER_SECONDS 10
/* Looks a second of a content that draws only after input: no more than --seconds needs. */
#define STILL_RATE 2

struct program {
    struct wv_window window;
    struct wv_scene scene;
    const struct wv_content *content;
    struct wv_window_options window_options;
    FILE *log;
    struct wv_input_text text;
    double seconds_limit;
    int respond;
    int marked;
    int timer;
    uint64_t start_ns;
    uint64_t next_frame_ns;
    uint64_t interval_ns;
    uint32_t missed;
    uint8_t keys_down[256];
    double last_input;
    uint32_t ticks;
    int redraw;
    int resized;
    int done;
};

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void draw_frame(struct program *program)
{
    struct wv_scene *scene = &program->scene;
    wv_window_settle(&program->window);
    wv_patches_restore(scene);
    scene->frame++;
    scene->seconds = (double)(now_ns() - program->start_ns) / 1e9;
    program->content->draw(scene);
    if (program->marked && scene->width >= WV_MARKER_WIDTH && scene->height >= WV_MARKER_HEIGHT) {
        uint8_t marker[WV_MARKER_BYTES];
        wv_patch_save(scene, scene->source_x, scene->source_y, WV_MARKER_WIDTH, WV_MARKER_HEIGHT);
        wv_marker_encode(marker, scene->frame & 0xffffff, (uint32_t)(now_ns() / 1000),
                         scene->input_count);
        wv_marker_draw((uint8_t *)(scene->surface.pixels +
                                   (size_t)scene->source_y * (size_t)scene->surface.stride +
                                   scene->source_x),
                       scene->surface.stride * 4, marker);
    }
    wv_window_put(&program->window, scene->source_x, scene->source_y);
    program->redraw = 0;
}

static void on_input(struct program *program, const struct wv_scene_event *event)
{
    program->last_input = (double)(now_ns() - program->start_ns) / 1e9;
    program->content->event(&program->scene, event);
}

static void on_key(struct program *program, XKeyEvent *event)
{
    char typed[16] = "";
    KeySym symbol = 0;
    int length = XLookupString(event, typed, sizeof typed - 1, &symbol, NULL);
    typed[length < 0 ? 0 : length] = 0;
    int down = event->type == KeyPress;
    int repeat = down && program->keys_down[event->keycode & 0xff];
    program->keys_down[event->keycode & 0xff] = (uint8_t)down;
    uint64_t time_us = now_ns() / 1000;
    if (program->log) {
        char text[WV_TEXT_BYTES];
        wv_text_of(&program->text, event, text);
        wv_log_key(program->log, time_us, event, repeat, text);
    }
    if (!down) return;
    const char *name = XKeysymToString(symbol);
    if (!repeat) {
        program->scene.input_count++;
        if (program->respond) program->redraw = 1;
    }
    on_input(program, &(struct wv_scene_event){WV_EVENT_KEY, event->x, event->y, 0,
                                               name ? name : "", typed});
}

static void on_button(struct program *program, const XButtonEvent *event)
{
    int down = event->type == ButtonPress;
    int wheel = event->button >= FIRST_WHEEL_BUTTON && event->button <= LAST_WHEEL_BUTTON;
    wv_log_button(program->log, now_ns() / 1000, event);
    if (down && !wheel) {
        program->scene.input_count++;
        if (program->respond) program->redraw = 1;
    }
    on_input(program, &(struct wv_scene_event){down ? WV_EVENT_PRESS : WV_EVENT_RELEASE, event->x,
                                               event->y, (int)event->button, "", ""});
}

static void on_event(struct program *program, XEvent *event)
{
    if (event->type == program->window.shm_event) {
        program->window.busy = 0;
    } else if (event->type == KeyPress || event->type == KeyRelease) {
        on_key(program, &event->xkey);
    } else if (event->type == ButtonPress || event->type == ButtonRelease) {
        on_button(program, &event->xbutton);
    } else if (event->type == MotionNotify) {
        wv_log_motion(program->log, now_ns() / 1000, &event->xmotion);
        on_input(program, &(struct wv_scene_event){WV_EVENT_MOTION, event->xmotion.x,
                                                   event->xmotion.y, 0, "", ""});
    } else if (event->type == MappingNotify) {
        XRefreshKeyboardMapping(&event->xmapping);
    } else if (event->type == Expose) {
        program->redraw = 1;
    } else if (event->type == ConfigureNotify) {
        if (wv_window_configured(&program->window, &event->xconfigure)) program->resized = 1;
    } else if (event->type == ClientMessage &&
               (Atom)event->xclient.data.l[0] == program->window.delete_message) {
        program->done = 1;
    }
}

static int prepare(struct program *program)
{
    struct wv_scene *scene = &program->scene;
    int width, height;
    program->resized = 0;
    scene->width = program->window.width;
    scene->height = program->window.height;
    scene->patch_count = 0;
    program->content->measure(scene->width, scene->height, &width, &height);
    if (wv_window_surface(&program->window, width, height, &scene->surface) < 0) return -1;
    if (program->content->begin(scene) < 0) {
        fprintf(stderr, "Cannot prepare content \"%s\": out of memory\n", program->content->name);
        return -1;
    }
    return 0;
}

static void arm_timer(const struct program *program)
{
    struct itimerspec when = {0};
    when.it_value.tv_sec = (time_t)(program->next_frame_ns / 1000000000u);
    when.it_value.tv_nsec = (long)(program->next_frame_ns % 1000000000u);
    timerfd_settime(program->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Waits for the next frame's time or an event; 1 when a frame is due. */
static int wait_turn(struct program *program)
{
    struct pollfd sources[2] = {{ConnectionNumber(program->window.display), POLLIN, 0},
                                {program->timer, POLLIN, 0}};
    if (XPending(program->window.display) > 0) return 0;
    if (poll(sources, 2, -1) < 0) return 0;
    if (!(sources[1].revents & POLLIN)) return 0;
    uint64_t expirations;
    if (read(program->timer, &expirations, sizeof expirations) < 0) return 0;
    return 1;
}

static void schedule_next(struct program *program)
{
    uint64_t now = now_ns();
    program->next_frame_ns += program->interval_ns;
    while (program->next_frame_ns <= now) {
        program->next_frame_ns += program->interval_ns;
        program->missed++;
    }
    arm_timer(program);
}

static int is_resting(const struct program *program)
{
    double now = (double)(now_ns() - program->start_ns) / 1e9;
    return program->window_options.managed && !program->marked &&
           now - program->last_input > REST_AFTER_SECONDS;
}

static int run(struct program *program)
{
    program->start_ns = now_ns();
    double rate = program->content->still ? STILL_RATE : program->scene.frames_per_second;
    program->interval_ns = (uint64_t)(1e9 / rate);
    program->next_frame_ns = program->start_ns + program->interval_ns;
    if (prepare(program) < 0) return 1;
    draw_frame(program);
    wv_log_ready(program->log, now_ns() / 1000, program->scene.width, program->scene.height);
    program->next_frame_ns = now_ns() + program->interval_ns;
    arm_timer(program);
    while (!program->done && !stop_requested) {
        int due = wait_turn(program);
        while (XPending(program->window.display) > 0) {
            XEvent event;
            XNextEvent(program->window.display, &event);
            on_event(program, &event);
        }
        if (program->resized) {
            program->content->end(&program->scene);
            if (prepare(program) < 0) return 1;
            program->redraw = 1;
        }
        if (due && !program->content->still && !(program->ticks++ % 2 && is_resting(program))) {
            program->redraw = 1;
        }
        if (program->redraw) draw_frame(program);
        if (due) schedule_next(program);
        double elapsed = (double)(now_ns() - program->start_ns) / 1e9;
        if (program->seconds_limit > 0 && elapsed >= program->seconds_limit) program->done = 1;
    }
    return 0;
}

static const struct wv_content *const CONTENTS[] = {
    &wv_content_scroll, &wv_content_game, &wv_content_video, &wv_content_grain, &wv_content_still,
    &wv_content_desktop,
};

static void usage(FILE *out)
{
    fprintf(out,
            "usage: wavry_scene scroll|game|video|still|desktop [options]\n"
            "  --display NAME    X display (default: $DISPLAY)\n"
            "  --fps N           drawings a second, 1 to %d (default 60)\n"
            "  --size WxH        window at the top left corner (default: the whole screen)\n"
            "  --seed N          of the drawn content (default 1)\n"
            "  --first-frame N   number of the first drawing in the marker (default 1)\n"
            "  --respond         draw at once on a key or button press\n"
            "  --log-input FILE  one line of JSON per input event; - is standard output\n"
            "  --marker, --no-marker\n"
            "                    frame marker (default: all contents but desktop)\n"
            "  --seconds N       end after this time\n",
            MAX_RATE);
}

static int parse_number(const char *text, double low, double high, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == 0 && *value >= low && *value <= high;
}

static int parse_size(const char *text, struct wv_window_options *options)
{
    int width, height, used = 0;
    if (sscanf(text, "%dx%d%n", &width, &height, &used) != 2 || text[used]) return 0;
    if (width < 16 || height < 16 || width > MAX_SIDE || height > MAX_SIDE) return 0;
    options->width = width;
    options->height = height;
    return 1;
}

static int bad_value(const char *option, const char *value)
{
    fprintf(stderr, "Cannot use \"%s\" for %s\n", value, option);
    return -1;
}

static int open_log(struct program *program, const char *path)
{
    program->log = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (!program->log) fprintf(stderr, "Cannot open \"%s\": %s\n", path, strerror(errno));
    return program->log ? 0 : -1;
}

static int apply_option(struct program *program, int option)
{
    double number = 0;
    switch (option) {
    case 'd':
        program->window_options.display = optarg;
        return 0;
    case 'f':
        if (!parse_number(optarg, 1, MAX_RATE, &number)) return bad_value("--fps", optarg);
        program->scene.frames_per_second = number;
        return 0;
    case 's':
        return parse_size(optarg, &program->window_options) ? 0 : bad_value("--size", optarg);
    case 'e':
        if (!parse_number(optarg, 0, 4294967295.0, &number)) return bad_value("--seed", optarg);
        program->scene.seed = (uint32_t)number;
        return 0;
    case 'i':
        if (!parse_number(optarg, 1, 0xffffff, &number)) return bad_value("--first-frame", optarg);
        program->scene.frame = (uint32_t)number - 1;
        return 0;
    case 't':
        if (!parse_number(optarg, 0.1, 1e7, &number)) return bad_value("--seconds", optarg);
        program->seconds_limit = number;
        return 0;
    case 'r':
        program->respond = 1;
        return 0;
    case 'l':
        return open_log(program, optarg);
    case 'm':
        program->marked = 1;
        return 0;
    case 'n':
        program->marked = 0;
        return 0;
    case 'h':
        usage(stdout);
        exit(0);
    default:
        return -1;
    }
}

static int parse_arguments(struct program *program, int count, char **arguments)
{
    static const struct option OPTIONS[] = {
        {"display", required_argument, NULL, 'd'}, {"fps", required_argument, NULL, 'f'},
        {"size", required_argument, NULL, 's'},    {"seed", required_argument, NULL, 'e'},
        {"respond", no_argument, NULL, 'r'},       {"log-input", required_argument, NULL, 'l'},
        {"marker", no_argument, NULL, 'm'},        {"no-marker", no_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
        {"first-frame", required_argument, NULL, 'i'}, {NULL, 0, NULL, 0},
    };
    int wanted_marker = -1;
    for (int option; (option = getopt_long(count, arguments, "h", OPTIONS, NULL)) != -1;) {
        if (apply_option(program, option) < 0) return -1;
        if (option == 'm' || option == 'n') wanted_marker = option == 'm';
    }
    if (optind + 1 != count) return -1;
    for (size_t i = 0; i < sizeof CONTENTS / sizeof *CONTENTS; i++) {
        if (strcmp(arguments[optind], CONTENTS[i]->name) == 0) program->content = CONTENTS[i];
    }
    if (!program->content) return bad_value("the content", arguments[optind]);
    program->marked = wanted_marker < 0 ? program->content->marked : wanted_marker;
    program->window_options.managed = program->content == &wv_content_desktop;
    program->window_options.title = "Wavry desktop";
    return 0;
}

int main(int count, char **arguments)
{
    static struct program program;
    program.scene.seed = 1;
    program.scene.frames_per_second = 60;
    if (parse_arguments(&program, count, arguments) < 0) {
        usage(stderr);
        return 2;
    }
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL);
    program.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (program.timer < 0 || wv_window_open(&program.window, &program.window_options) < 0) return 1;
    if (program.log) {
        wv_text_open(&program.text, program.window.display, program.window.window);
    }
    int status = run(&program);
    wv_text_close(&program.text);
    wv_log_end(program.log, now_ns() / 1000, program.scene.frame, program.missed);
    program.content->end(&program.scene);
    wv_patches_free(&program.scene);
    wv_window_close(&program.window);
    return status;
}
