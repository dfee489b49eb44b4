/*
 * Gamepad of the kernel: looks and counts as the pad that every game knows, and tells what games want
 * it to shake like.
 */
#ifndef WV_UINPUT_PAD_H
#define WV_UINPUT_PAD_H

#include "input.h"
#include "uinput_node.h"

#define WV_PAD_EFFECTS 16

typedef struct wv_uinput_effect {
    uint16_t strong, weak, duration_ms;
} wv_uinput_effect;

typedef struct wv_uinput_pad {
    wv_uinput_node node;
    uint32_t buttons;
    uint32_t gain; /* 0 to 65535 */
    wv_uinput_effect effects[WV_PAD_EFFECTS];
} wv_uinput_pad;

/* Plugs it in. */
int32_t wv_uinput_pad_open(wv_uinput_pad *pad, wv_error *error);
/* Reports what differs from the buttons before. */
int32_t wv_uinput_pad_buttons(wv_uinput_pad *pad, uint32_t buttons);
int32_t wv_uinput_pad_axis(wv_uinput_pad *pad, uint32_t axis, int32_t value);
/* Answers what programs ask; gives how many shakes were written, at most capacity. */
uint32_t wv_uinput_pad_take(wv_uinput_pad *pad, uint32_t slot, wv_rumble_data *rumbles,
                            uint32_t capacity);
/* Pulls it out. */
void wv_uinput_pad_close(wv_uinput_pad *pad);

#endif
