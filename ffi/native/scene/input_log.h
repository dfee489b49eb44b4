/*
 * Input log: one line of JSON for each event that reached the window, for tests that check what
 * arrived. Writes are flushed line by line.
 */
#ifndef WV_SCENE_INPUT_LOG_H
#define WV_SCENE_INPUT_LOG_H

#include <X11/Xlib.h>
#include <stdint.h>
#include <stdio.h>

/* All functions do nothing when `file` is NULL. `time_us` is CLOCK_MONOTONIC. */
void wv_log_ready(FILE *file, uint64_t time_us, int width, int height);
/* `typed` is UTF-8. A key of code 0 is what an input method made of several. */
void wv_log_key(FILE *file, uint64_t time_us, const XKeyEvent *event, int repeat,
                const char *typed);
void wv_log_button(FILE *file, uint64_t time_us, const XButtonEvent *event);
void wv_log_motion(FILE *file, uint64_t time_us, const XMotionEvent *event);
void wv_log_end(FILE *file, uint64_t time_us, uint32_t frames, uint32_t missed);

#endif
