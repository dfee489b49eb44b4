/*
 * The C interface between ffi/native and ffi/symbols.ts: capture, staging, encode and input of one
 * media process. Handles are opaque, status is int32 (0 good, negative bad), integers are little
 * endian, times are CLOCK_MONOTONIC microseconds. Nothing here throws, exits or calls JavaScript.
 */
#ifndef WV_NATIVE_H
#define WV_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#define WV_ABI_VERSION 6u
#define WV_EXPORT __attribute__((visibility("default")))

enum wv_status {
    WV_STATUS_OK = 0,
    WV_STATUS_INVALID = -1,       /* an argument is out of its range */
    WV_STATUS_OUT_OF_MEMORY = -2,
    WV_STATUS_UNSUPPORTED = -3,   /* this back-end cannot do that */
    WV_STATUS_UNAVAILABLE = -4,   /* library, extension or display is not there */
    WV_STATUS_DISPLAY_LOST = -5,  /* the X server went away */
    WV_STATUS_FAILED = -6,        /* a library refused; the error text says what */
    WV_STATUS_FULL = -7,          /* no room, the record was not taken */
    WV_STATUS_CLOSED = -8,        /* closed here, or by the reader of the descriptor */
    WV_STATUS_TOO_LARGE = -9,     /* the caller's buffer or a limit is too small */
    WV_STATUS_BUSY = -10,         /* still in use */
    WV_STATUS_SIZE_CHANGED = -11, /* the screen may have another size; a stream follows by itself */
    WV_STATUS_TIMEOUT = -12,      /* another program did not answer in time */
};

enum wv_record_kind {
    WV_RECORD_VIDEO = 1,
    WV_RECORD_CURSOR = 2,
    WV_RECORD_MESSAGE = 3,
    WV_RECORD_STATUS = 4,
    WV_RECORD_SOUND = 5,        /* one Opus packet */
    WV_RECORD_SOUND_STATUS = 6, /* what is heard, or why nothing is */
    WV_RECORD_POINTER = 7,      /* where it is: width and height of 65535 of the picture's */
};

enum wv_record_flag {
    WV_FLAG_KEYFRAME = 1,
    WV_FLAG_CURSOR_VISIBLE = 2,
    WV_FLAG_UNCHANGED = 4,   /* made without damage */
    WV_FLAG_ENHANCEMENT = 8, /* no later frame refers to it */
};

#define WV_RECORD_MAGIC 0x31465657u
#define WV_RECORD_PAYLOAD_MAX (16u << 20)
#define WV_STREAMS_MAX 16u
#define WV_STARTED 1 /* serial of the status record of a stream that runs */
#define WV_CHANGED 2 /* of one that goes on with another size, from a keyframe on */
#define WV_MOVED 3   /* of one that shows another place of its screen, which needs no keyframe */

/* In front of every record that leaves the media process. */
typedef struct wv_record_header {
    uint32_t magic;
    uint32_t payload_bytes;
    uint8_t kind;
    uint8_t stream_id;
    uint16_t flags;
    uint32_t frame_id; /* from 1, per stream; cursor: pixels of the screen in one of its own */
    uint16_t reference_distance; /* 0 keyframe, k: refers only to frame_id - k */
    uint8_t qp;
    uint8_t encoder_index;
    uint16_t width;
    uint16_t height;
    uint64_t capture_time_us; /* start of the grab */
    uint32_t grab_us;
    uint32_t convert_us;
    uint32_t first_slice_us; /* from the start of encode */
    uint32_t encode_us;
    uint32_t emit_us; /* from the start of the grab */
    int16_t hotspot_x;
    int16_t hotspot_y;
    uint32_t serial; /* cursor serial, or the status as int32 */
    uint32_t dropped_frames;
} wv_record_header;
_Static_assert(sizeof(wv_record_header) == 64, "wv_record_header is 64 bytes");
_Static_assert(offsetof(wv_record_header, capture_time_us) == 24, "capture_time_us at 24");
_Static_assert(offsetof(wv_record_header, dropped_frames) == 60, "dropped_frames at 60");

enum wv_source_kind { WV_SOURCE_PATTERN = 0, WV_SOURCE_X11 = 1 };
enum wv_stream_flag { WV_STREAM_CURSOR = 1 };

/* What a stream captures and how it encodes; filled by JavaScript. */
typedef struct wv_stream_config {
    uint32_t stream_id; /* below WV_STREAMS_MAX */
    uint32_t source_kind;
    char display[64]; /* zero-terminated X display name */
    int32_t x;
    int32_t y;
    uint32_t width; /* pixels, cut to even; 0 is the whole screen */
    uint32_t height;
    uint32_t fps_max;            /* 1 to 240 */
    uint32_t fps_floor_millihz;  /* refreshes of a still screen per 1000 s; 0 is none */
    uint32_t qp;                 /* 1 to 51 */
    int32_t encoder;             /* position in the candidate list, -1 the first that works */
    uint32_t threads;            /* encoder threads, 0 picks */
    int32_t framebuffer_shm_id;  /* Xvfb's segment, -1 none */
    uint32_t settle_us;          /* pause between first damage and grab, at most 20000 */
    int32_t keyframe_qp_offset;  /* -20 to 20 */
    uint32_t flags;              /* WV_STREAM_* */
    uint32_t reserved;
    char monitor[32]; /* zero-terminated; its rectangle instead of x to height. Empty for none */
} wv_stream_config;
_Static_assert(sizeof(wv_stream_config) == 160, "wv_stream_config is 160 bytes");
_Static_assert(offsetof(wv_stream_config, monitor) == 128, "monitor at 128");

/* Order as in ffi/media_stream.ts. */
typedef struct wv_stream_stats_data {
    int64_t frames_encoded, keyframes, bytes_out, damage_events;
    int64_t skipped_output_full, dropped_after_encode, refresh_frames, repairs;
    int64_t repair_keyframes, pool_exhausted, grab_us, convert_us;
    int64_t encode_us, thread_cpu_us, last_frame_id, width;
    int64_t height, status, shape_changes, shape_refusals;
    int64_t disposable_frames, repeated_frames, x, y;
    int64_t screen_changes, reserved[3];
} wv_stream_stats_data;
_Static_assert(sizeof(wv_stream_stats_data) == 28 * 8, "28 counters");

typedef struct wv_output_stats_data {
    uint64_t ring_bytes, used_bytes, used_bytes_max, records;
    uint64_t bytes, refused, headers_lost, direct_writes;
} wv_output_stats_data;
_Static_assert(sizeof(wv_output_stats_data) == 8 * 8, "8 counters");

typedef struct wv_pool_stats_data {
    uint64_t count, frame_bytes, allocated, in_use;
    uint64_t in_use_max, leases, allocations, exhaustions;
} wv_pool_stats_data;
_Static_assert(sizeof(wv_pool_stats_data) == 8 * 8, "8 counters");

typedef struct wv_encoder_pool_stats_data {
    uint64_t active, active_max, idle, idle_bytes; /* of their libraries, computed */
    uint64_t created, reused, reconfigured, evicted; /* idle ones that were closed */
    uint64_t refused, reserved[3];
} wv_encoder_pool_stats_data;
_Static_assert(sizeof(wv_encoder_pool_stats_data) == 12 * 8, "12 counters");

typedef struct wv_display_info_data {
    uint32_t width, height, refresh_millihz, depth;
    uint32_t has_shm, has_damage, has_fixes, has_test;
} wv_display_info_data;
_Static_assert(sizeof(wv_display_info_data) == 8 * 4, "8 words");

/* Types of content of a clipboard; bit 1 << type in sets of them. */
enum wv_clipboard_type { WV_CLIPBOARD_TEXT, WV_CLIPBOARD_PNG, WV_CLIPBOARD_HTML, WV_CLIPBOARD_TYPES };
enum wv_clipboard_event_kind {
    WV_CLIPBOARD_OFFERED, /* another client owns content of `types`; 0: there is none */
    WV_CLIPBOARD_READ,    /* a read has ended with `status`, and `bytes` where that is good */
    WV_CLIPBOARD_WANTED,  /* clients wait for `types` of what we own */
    WV_CLIPBOARD_OWNED,   /* what was ordered to be owned is, or is not */
    WV_CLIPBOARD_EVENT_KINDS,
};

/* News of a clipboard. */
typedef struct wv_clipboard_event {
    uint32_t kind;
    uint32_t serial; /* of the offer: the clipboard's own, or the one of wv_clipboard_own */
    uint32_t types;
    int32_t status;
    uint32_t bytes;
    uint32_t selection; /* 0 CLIPBOARD, 1 PRIMARY */
    uint32_t order;     /* of all news */
    uint32_t is_old;    /* offered: it was there before we came */
} wv_clipboard_event;
_Static_assert(sizeof(wv_clipboard_event) == 8 * 4, "8 words");

typedef struct wv_clipboard_stats_data {
    uint64_t offers, reads, read_failures, served; /* requests of other clients */
    uint64_t refused, reserved[3];
} wv_clipboard_stats_data;
_Static_assert(sizeof(wv_clipboard_stats_data) == 8 * 8, "8 counters");

/* Which way input takes: what is best for each kind of it, or one for all. */
enum wv_input_choice { WV_INPUT_AUTO = 0, WV_INPUT_XTEST = 1, WV_INPUT_UINPUT = 2 };
enum wv_touch_phase { WV_TOUCH_UP = 0, WV_TOUCH_DOWN = 1, WV_TOUCH_CANCEL = 2 };
enum wv_pen_flag {
    WV_PEN_NEAR = 1,
    WV_PEN_DOWN = 2,
    WV_PEN_ERASER = 4,
    WV_PEN_BUTTON_LOWER = 8,
    WV_PEN_BUTTON_UPPER = 16,
    WV_PEN_ALL = 31,
};
#define WV_PEN_BUTTON_SHIFT 3

/* A pad is to shake; both 0 ends it. */
typedef struct wv_rumble_data {
    uint32_t slot, strong, weak, duration_ms; /* 0 to 65535 but for the slot */
} wv_rumble_data;
_Static_assert(sizeof(wv_rumble_data) == 4 * 4, "4 words");

typedef struct wv_output wv_output;
typedef struct wv_pool wv_pool;
typedef struct wv_encoder_pool wv_encoder_pool;
typedef struct wv_stream wv_stream;
typedef struct wv_input wv_input;
typedef struct wv_clipboard wv_clipboard;

WV_EXPORT uint32_t wv_abi_version(void);
/* CLOCK_MONOTONIC, the clock of every time here. */
WV_EXPORT uint64_t wv_monotonic_us(void);
/* Writes the back-ends as zero-terminated JSON text into json[bytes]; waits for their libraries. */
WV_EXPORT int32_t wv_candidates(uint8_t *json, uint32_t bytes);
/* Opens the zero-terminated display name, fills info, closes it; waits for the X server. */
WV_EXPORT int32_t wv_display_info(const uint8_t *display, wv_display_info_data *info);
/* Fills {live, live bytes, peak bytes, allocations} as uint64 for every wv_memory_type. */
WV_EXPORT int32_t wv_memory_stats(uint64_t *stats);
/* Gives pages that the C library holds without a use for them back to the kernel; a few ms. */
WV_EXPORT int32_t wv_memory_release(void);
/* Fills {resident, proportional, virtual bytes, descriptors} of a process; may take milliseconds. */
WV_EXPORT int32_t wv_process_memory(int32_t pid, uint64_t *memory);

/* A ring of ring_bytes (1 to 256 MiB); NULL when out of range or out of memory. */
WV_EXPORT wv_output *wv_output_create(uint32_t ring_bytes);
/* Sends later records to fd, which becomes non-blocking and stays the caller's. Once only. Standard
 * output is taken over instead: what anybody prints there from then on goes to standard error. */
WV_EXPORT int32_t wv_output_attach_fd(wv_output *output, int32_t fd);
/* Queues a message record with a copy of payload; WV_STATUS_FULL when there is no room. */
WV_EXPORT int32_t wv_output_post(wv_output *output, const uint8_t *payload, uint32_t bytes);
/* Waits for the next record (with a descriptor: its header, kinds 1 and 4). Bytes, or 0. */
WV_EXPORT int32_t wv_output_next(wv_output *output, uint8_t *buffer, uint32_t capacity,
                                 uint32_t timeout_ms);
WV_EXPORT int32_t wv_output_stats(wv_output *output, wv_output_stats_data *stats);
/* Wakes a waiting wv_output_next with WV_STATUS_CLOSED; later records are refused. */
WV_EXPORT void wv_output_close(wv_output *output);
/* Closes, waits for wv_output_next to leave, frees. No stream may use it any more. */
WV_EXPORT void wv_output_destroy(wv_output *output);

/* At most count (1 to 64) frames of frame_bytes, initial of them allocated now and the others when
 * they are needed; NULL when all together exceed max_bytes, or without memory. */
WV_EXPORT wv_pool *wv_pool_create(uint32_t count, uint32_t initial, uint32_t frame_bytes,
                                  uint64_t max_bytes);
/* A frame of at least bytes, or NULL when all are out, too small, or memory is short. */
WV_EXPORT uint8_t *wv_pool_lease(wv_pool *pool, uint32_t bytes);
/* Gives a lease back. */
WV_EXPORT void wv_pool_release(wv_pool *pool, uint8_t *frame);
/* Frees frames that nobody leases until keep are left; gives how many. They come back on demand. */
WV_EXPORT int32_t wv_pool_trim(wv_pool *pool, uint32_t keep);
/* Most frames that were leased at once since the last call. */
WV_EXPORT int32_t wv_pool_take_peak(wv_pool *pool);
WV_EXPORT int32_t wv_pool_stats(wv_pool *pool, wv_pool_stats_data *stats);
/* WV_STATUS_BUSY while a frame is leased. */
WV_EXPORT int32_t wv_pool_destroy(wv_pool *pool);

/*
 * At most `limit` encoders (1 to 64), of which idle_limit may be idle, if their libraries hold
 * idle_bytes_max at most; NULL when out of range.
 */
WV_EXPORT wv_encoder_pool *wv_encoder_pool_create(uint32_t limit, uint32_t idle_limit,
                                                  uint64_t idle_bytes_max);
/* Closes those that have been idle for idle_us; gives how many. Takes milliseconds for each. */
WV_EXPORT int32_t wv_encoder_pool_trim(wv_encoder_pool *pool, uint64_t idle_us);
/* For what is given back from now on; closes nothing. */
WV_EXPORT int32_t wv_encoder_pool_set_idle_limit(wv_encoder_pool *pool, uint32_t idle_limit);
WV_EXPORT int32_t wv_encoder_pool_stats(wv_encoder_pool *pool, wv_encoder_pool_stats_data *stats);
/* WV_STATUS_BUSY while a stream has an encoder of it. */
WV_EXPORT int32_t wv_encoder_pool_destroy(wv_encoder_pool *pool);

/*
 * Opens the source and takes an encoder of `encoders`, or opens one where that is NULL; on NULL,
 * error[error_bytes] holds "<status> <text>". Waits for X.
 */
WV_EXPORT wv_stream *wv_stream_create(wv_output *output, wv_pool *pool, wv_encoder_pool *encoders,
                                      const wv_stream_config *config, char *error,
                                      uint32_t error_bytes);
WV_EXPORT int32_t wv_stream_start(wv_stream *stream);
/* Waits until the thread has ended: one frame's time at most. */
WV_EXPORT int32_t wv_stream_stop(wv_stream *stream);
WV_EXPORT void wv_stream_destroy(wv_stream *stream);
WV_EXPORT int32_t wv_stream_set_qp(wv_stream *stream, uint32_t qp);
/*
 * Quantiser of keyframes, and the bytes above which a frame or a keyframe is encoded once more and
 * coarser; 0 each for none. What is coarser than the quantiser is followed by ever finer frames.
 */
WV_EXPORT int32_t wv_stream_set_limits(wv_stream *stream, uint32_t keyframe_qp,
                                       uint32_t frame_bytes, uint32_t keyframe_bytes);
WV_EXPORT int32_t wv_stream_set_fps(wv_stream *stream, uint32_t fps_max);
/* Size in quarters (2 to 4) of the captured one and 1 or 2 temporal layers, from the next frame. */
WV_EXPORT int32_t wv_stream_set_shape(wv_stream *stream, uint32_t quarters, uint32_t layers);
WV_EXPORT int32_t wv_stream_request_keyframe(wv_stream *stream);
/*
 * Makes the next frame that shows a change a keyframe of this quantiser, encoded once more and coarser
 * above bytes_max (0: none). A still screen stays still, and any other keyframe serves as well.
 */
WV_EXPORT int32_t wv_stream_request_segment(wv_stream *stream, uint32_t qp, uint32_t bytes_max);
/* Encodes once more though nothing changed. */
WV_EXPORT int32_t wv_stream_request_refresh(wv_stream *stream);
/* Frames from frame_id on were lost; one before the last keyframe needs no repair. */
WV_EXPORT int32_t wv_stream_invalidate(wv_stream *stream, uint32_t frame_id);
WV_EXPORT int32_t wv_stream_stats(wv_stream *stream, wv_stream_stats_data *stats);

/*
 * Opens WV_INPUT_* for the zero-terminated display, whose screen has so many pixels; on NULL as
 * wv_stream_create. Waits for X.
 */
WV_EXPORT wv_input *wv_input_open(const uint8_t *display, uint32_t choice, uint32_t width,
                                  uint32_t height, char *error, uint32_t error_bytes);
/* Writes what it can do, and why not more, as JSON text into json[bytes]; gives its length. */
WV_EXPORT int32_t wv_input_describe(wv_input *input, uint8_t *json, uint32_t bytes);
/* The screen has another size. */
WV_EXPORT int32_t wv_input_set_screen(wv_input *input, uint32_t width, uint32_t height);
/* Linux evdev code, 1 to 247. */
WV_EXPORT int32_t wv_input_key(wv_input *input, uint32_t code, uint8_t down);
WV_EXPORT int32_t wv_input_pointer_absolute(wv_input *input, int32_t x, int32_t y);
WV_EXPORT int32_t wv_input_pointer_relative(wv_input *input, int32_t dx, int32_t dy);
/* X button, 1 to 9. */
WV_EXPORT int32_t wv_input_button(wv_input *input, uint32_t button, uint8_t down);
/* 1/120 notches, right and down positive; parts of a notch add up. */
WV_EXPORT int32_t wv_input_wheel(wv_input *input, int32_t dx120, int32_t dy120);
/* Finger 0 to 9 is at a pixel of the screen; pressure 0 to 4095; WV_TOUCH_*. */
WV_EXPORT int32_t wv_input_touch(wv_input *input, uint32_t id, uint32_t phase, int32_t x, int32_t y,
                                 uint32_t pressure);
/* WV_PEN_* flags, pixels of the screen, pressure 0 to 4095, tilt -90 to 90 degrees. */
WV_EXPORT int32_t wv_input_pen(wv_input *input, uint32_t flags, int32_t x, int32_t y,
                               uint32_t pressure, int32_t tilt_x, int32_t tilt_y);
/* Plugs pad 0 to 3 in or out; bits of the standard layout of the Gamepad API. */
WV_EXPORT int32_t wv_input_pad(wv_input *input, uint32_t slot, uint8_t present, uint32_t buttons);
/* Axis 0 to 3 a stick, -32767 to 32767; 4 and 5 the triggers, from 0. Not of a pad that is out. */
WV_EXPORT int32_t wv_input_pad_axis(wv_input *input, uint32_t slot, uint32_t axis, int32_t value);
/* Types a character; positive: not yet, ask again after so many microseconds. */
WV_EXPORT int32_t wv_input_text(wv_input *input, uint32_t code_point);
/* Bits 0 to 2: Caps, Num and Scroll Lock; those that are not known stay as they are. */
WV_EXPORT int32_t wv_input_locks(wv_input *input, uint32_t on, uint32_t known);
/* What programs asked of pads since the last call; gives how many. They wait for it meanwhile. */
WV_EXPORT int32_t wv_input_take_rumbles(wv_input *input, wv_rumble_data *rumbles,
                                        uint32_t capacity);
/* Releases what this connection holds, brings pads to rest; gives how many. */
WV_EXPORT int32_t wv_input_release_all(wv_input *input);
WV_EXPORT void wv_input_close(wv_input *input);

/*
 * The selections of the zero-terminated display, on an own connection and thread; PRIMARY only where
 * with_primary is not 0. On NULL as wv_stream_create. Waits for X.
 */
WV_EXPORT wv_clipboard *wv_clipboard_open(const uint8_t *display, uint32_t with_primary,
                                          char *error, uint32_t error_bytes);
/* Waits for news: 1 and the event, 0 after the timeout, WV_STATUS_CLOSED when the thread is gone. Of
 * each kind only the newest is kept. */
WV_EXPORT int32_t wv_clipboard_next(wv_clipboard *clipboard, wv_clipboard_event *event,
                                    uint32_t timeout_ms);
/* Reads one type of the offer `serial`, of bytes_max at most; WV_CLIPBOARD_READ tells its end. */
WV_EXPORT int32_t wv_clipboard_read(wv_clipboard *clipboard, uint32_t serial, uint32_t type,
                                    uint32_t bytes_max);
/* Copies what was read, text as UTF-8, from offset on; gives the bytes. */
WV_EXPORT int32_t wv_clipboard_take(wv_clipboard *clipboard, uint32_t offset, uint8_t *buffer,
                                    uint32_t bytes);
/* Frees what was read, or ends a read without news. */
WV_EXPORT int32_t wv_clipboard_drop(wv_clipboard *clipboard);
/* Owns the selections with content of these types, which is asked for when a client wants it; 0 owns
 * nothing. WV_CLIPBOARD_OWNED tells what came of it. */
WV_EXPORT int32_t wv_clipboard_own(wv_clipboard *clipboard, uint32_t types, uint32_t serial);
/* Gives content in order of its bytes, `total` in all: 1 when it is whole, WV_STATUS_CLOSED when
 * something else is owned by now. */
WV_EXPORT int32_t wv_clipboard_give(wv_clipboard *clipboard, uint32_t serial, uint32_t type,
                                    uint32_t total, uint32_t offset, const uint8_t *bytes,
                                    uint32_t count);
/* Content of these types (bits) cannot be had: clients that wait for it are refused. */
WV_EXPORT int32_t wv_clipboard_refuse(wv_clipboard *clipboard, uint32_t serial, uint32_t types);
WV_EXPORT int32_t wv_clipboard_stats(wv_clipboard *clipboard, wv_clipboard_stats_data *stats);
/* Lets a clipboard manager copy what is owned, then ends the thread: within a second. */
WV_EXPORT int32_t wv_clipboard_close(wv_clipboard *clipboard);
/* Closes, waits for wv_clipboard_next to leave, frees. */
WV_EXPORT void wv_clipboard_destroy(wv_clipboard *clipboard);

#include "audio/audio_native.h"

#endif
