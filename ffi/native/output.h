/*
 * Output, as the streams see it: a bounded ring of records that one reader (JavaScript) or one file
 * descriptor empties. A stream asks for room before it grabs, so a slow reader costs no encoding.
 */
#ifndef WV_OUTPUT_H
#define WV_OUTPUT_H

#include <stdbool.h>

#include "native.h"

/* Frames of one stream that may wait: more would only be old when they arrive. */
#define WV_OUTPUT_FRAMES_WAITING_MAX 3u

/* True when stream_id may make one more frame of about `bytes`. */
bool wv_output_has_room(wv_output *output, uint8_t stream_id, uint32_t bytes);
/*
 * Takes header (magic is filled) and its payload_bytes of payload, whole or not at all:
 * WV_STATUS_FULL, WV_STATUS_CLOSED, WV_STATUS_TOO_LARGE.
 */
int32_t wv_output_put(wv_output *output, wv_record_header *header, const uint8_t *payload);

#endif
