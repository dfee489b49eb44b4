/*
 * typed_text: characters, lock keys, touches and a pen on a real X server, for the tools that watch
 * memory; what clients read of it is a test of its own.
 */
#include <string.h>
#include <unistd.h>

#include "../input/input.h"
#include "check.h"

#define CHARACTERS 60

int main(int count, char **words)
{
    char error[256] = "", text[4096] = "";
    const uint8_t *display = (const uint8_t *)(count > 1 ? words[1] : ":0");
    wv_input *input = wv_input_open(display, WV_INPUT_AUTO, 320, 240, error, sizeof error);
    CHECK(input != NULL, "input opens %s", error);
    if (input == NULL) return checks_end();
    int32_t bytes = wv_input_describe(input, (uint8_t *)text, sizeof text);
    CHECK(bytes == (int32_t)strlen(text) && text[0] == '[', "it says what it can do");
    CHECK(wv_input_describe(input, (uint8_t *)text, 40) == WV_STATUS_TOO_LARGE, "if there is room");
    int typed = 0, waits = 0;
    for (uint32_t i = 0; i < CHARACTERS; i++) {
        int32_t wait_us;
        while ((wait_us = wv_input_text(input, 0x4e00 + i)) > 0) {
            usleep((useconds_t)wait_us);
            waits++;
        }
        typed += wait_us == 0;
    }
    CHECK(typed == CHARACTERS, "%d characters are typed, with %d waits", typed, waits);
    CHECK(wv_input_text(input, 0) == WV_STATUS_INVALID, "0 is none");
    CHECK(wv_input_locks(input, 1, 7) == 0 && wv_input_locks(input, 0, 7) == 0, "lock keys");
    CHECK(wv_input_locks(input, 8, 7) == WV_STATUS_INVALID, "there are three");
    CHECK(wv_input_touch(input, 2, WV_TOUCH_DOWN, 5, 6, 7) == 0 &&
              wv_input_pen(input, WV_PEN_NEAR | WV_PEN_DOWN, 9, 9, 9, 0, 0) == 0,
          "a finger and a pen");
    CHECK(wv_input_touch(input, 10, WV_TOUCH_DOWN, 0, 0, 0) == WV_STATUS_INVALID &&
              wv_input_touch(input, 0, 3, 0, 0, 0) == WV_STATUS_INVALID &&
              wv_input_pen(input, 32, 0, 0, 0, 0, 0) == WV_STATUS_INVALID &&
              wv_input_pen(input, 1, 0, 0, 0, 91, 0) == WV_STATUS_INVALID &&
              wv_input_pad(input, 4, 1, 0) == WV_STATUS_INVALID &&
              wv_input_pad_axis(input, 0, 4, -1) == WV_STATUS_INVALID,
          "what is out of range is refused");
    CHECK(wv_input_release_all(input) == 2, "both are let go");
    wv_input_close(input);
    return checks_end();
}
