/*
 * One device of the kernel, made through /dev/uinput: what it can report, the events of one report,
 * and what programs send back to it. Its descriptor never waits.
 */
#ifndef WV_UINPUT_NODE_H
#define WV_UINPUT_NODE_H

#include <linux/input.h>
#include <stdbool.h>
#include <stddef.h>

#include "../common.h"

#define WV_UINPUT_PATH "/dev/uinput"
#define WV_UINPUT_BATCH 64

/* Codes from first to last, both included. */
typedef struct wv_uinput_range {
    uint16_t first, last;
} wv_uinput_range;

typedef struct wv_uinput_axis {
    uint16_t code;
    int32_t minimum, maximum, resolution, fuzz, flat;
} wv_uinput_axis;

/* What a device is; lists end with count. */
typedef struct wv_uinput_spec {
    const char *name;
    uint16_t bus, vendor, product, version;
    const wv_uinput_range *keys;
    size_t key_ranges;
    const uint16_t *relatives;
    size_t relative_count;
    const wv_uinput_axis *axes;
    size_t axis_count;
    uint32_t effects; /* rumble effects that programs may store; 0 none */
    int property;     /* INPUT_PROP_*, or -1 */
    bool has_lights;  /* of the lock keys, which programs set */
    bool has_repeat;  /* the kernel repeats held keys */
} wv_uinput_spec;

typedef struct wv_uinput_node {
    int fd; /* -1 while there is no device */
    size_t count;
    struct input_event events[WV_UINPUT_BATCH];
} wv_uinput_node;

/* Makes the device; programs see it some milliseconds later. */
int32_t wv_uinput_open(wv_uinput_node *node, const wv_uinput_spec *spec, wv_error *error);
/* Adds an event to the report under way. */
void wv_uinput_put(wv_uinput_node *node, uint16_t type, uint16_t code, int32_t value);
/* Ends the report and gives it to the kernel; an empty one is none. */
int32_t wv_uinput_report(wv_uinput_node *node);
/* Takes the next event that programs sent back; false when there is none. */
bool wv_uinput_take(wv_uinput_node *node, struct input_event *event);
/* The device is gone, with everything that it holds down. Idempotent. */
void wv_uinput_close(wv_uinput_node *node);

#endif
