/*
 * Clipboard pair: two clipboards of one display copy from each other, for the tools that watch memory
 * and threads: small and large content, refusals, changes in mid-read, and ends at every point.
 * `clipboard_pair DISPLAY`
 */
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../native.h"
#include "check.h"

#define LARGE 700000u
#define NEWS_MS 5000u
#define ROUNDS 20u

static uint8_t large[LARGE], copy[LARGE];

/* The next news of a kind; others are passed over. */
static wv_clipboard_event hear(wv_clipboard *clipboard, uint32_t kind)
{
    wv_clipboard_event event;
    while (wv_clipboard_next(clipboard, &event, NEWS_MS) == 1) {
        if (event.kind == kind) return event;
    }
    return (wv_clipboard_event){.kind = WV_CLIPBOARD_EVENT_KINDS};
}

/* An offer that has something. */
static wv_clipboard_event hear_offer(wv_clipboard *clipboard)
{
    for (;;) {
        wv_clipboard_event offer = hear(clipboard, WV_CLIPBOARD_OFFERED);
        if (offer.kind != WV_CLIPBOARD_OFFERED || offer.types != 0) return offer;
    }
}

static void give(wv_clipboard *owner, uint32_t serial, uint32_t type, uint32_t total)
{
    int32_t status = 0;
    for (uint32_t offset = 0; offset == 0 || offset < total; offset += 7000) {
        uint32_t count = total - offset < 7000 ? total - offset : 7000;
        status = wv_clipboard_give(owner, serial, type, total, offset, large + offset, count);
    }
    CHECK(status == 1, "%u bytes given", total);
}

static void copy_over(wv_clipboard *owner, wv_clipboard *reader, uint32_t serial, uint32_t bytes)
{
    wv_clipboard_own(owner, 1u << WV_CLIPBOARD_TEXT, serial);
    CHECK(hear(owner, WV_CLIPBOARD_OWNED).status == WV_STATUS_OK, "%u bytes owned", bytes);
    wv_clipboard_event offer = hear_offer(reader);
    CHECK(offer.types == 1u << WV_CLIPBOARD_TEXT, "text is offered");
    wv_clipboard_read(reader, offer.serial, WV_CLIPBOARD_TEXT, LARGE);
    CHECK(hear(owner, WV_CLIPBOARD_WANTED).serial == serial, "it is wanted");
    give(owner, serial, WV_CLIPBOARD_TEXT, bytes);
    wv_clipboard_event read = hear(reader, WV_CLIPBOARD_READ);
    CHECK(read.status == WV_STATUS_OK && read.bytes == bytes, "%u bytes read", read.bytes);
    memset(copy, 0, sizeof copy);
    CHECK(wv_clipboard_take(reader, 0, copy, LARGE) == (int32_t)bytes, "and taken");
    CHECK(memcmp(copy, large, bytes) == 0, "as they were");
}

static void refuse(wv_clipboard *owner, wv_clipboard *reader)
{
    wv_clipboard_own(owner, 1u << WV_CLIPBOARD_PNG, 50);
    wv_clipboard_event offer = hear_offer(reader);
    wv_clipboard_read(reader, offer.serial, WV_CLIPBOARD_PNG, LARGE);
    hear(owner, WV_CLIPBOARD_WANTED);
    wv_clipboard_refuse(owner, 50, 1u << WV_CLIPBOARD_PNG);
    CHECK(hear(reader, WV_CLIPBOARD_READ).status == WV_STATUS_UNAVAILABLE, "what is refused");
    wv_clipboard_read(reader, offer.serial, WV_CLIPBOARD_PNG, LARGE / 2);
    hear(owner, WV_CLIPBOARD_WANTED);
    give(owner, 50, WV_CLIPBOARD_PNG, LARGE);
    CHECK(hear(reader, WV_CLIPBOARD_READ).status == WV_STATUS_TOO_LARGE, "what is too large");
    wv_clipboard_read(reader, offer.serial + 100, WV_CLIPBOARD_PNG, LARGE);
    CHECK(hear(reader, WV_CLIPBOARD_READ).status == WV_STATUS_UNAVAILABLE, "what is not offered");
}

/* Ends in the middle of everything. */
static void end_anywhere(const uint8_t *display)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        wv_clipboard *owner = wv_clipboard_open(display, round % 2, NULL, 0);
        wv_clipboard *reader = wv_clipboard_open(display, round % 2, NULL, 0);
        if (owner == NULL || reader == NULL) exit(3);
        wv_clipboard_own(owner, 7, 1);
        if (round > 2) hear(owner, WV_CLIPBOARD_OWNED);
        if (round > 5) {
            wv_clipboard_event offer = hear_offer(reader);
            wv_clipboard_read(reader, offer.serial, round % 3, LARGE);
        }
        if (round > 8) hear(owner, WV_CLIPBOARD_WANTED);
        if (round > 11) {
            wv_clipboard_give(owner, 1, round % 3, LARGE, 0, large, LARGE - round % 2);
        }
        if (round > 14) wv_clipboard_own(round % 2 == 0 ? owner : reader, 1, 2);
        wv_clipboard_destroy(round % 2 == 0 ? owner : reader);
        wv_clipboard_destroy(round % 2 == 0 ? reader : owner);
    }
    CHECK(true, "%u ends", ROUNDS);
}

int main(int count, char **words)
{
    if (count < 2) return 2;
    const uint8_t *display = (const uint8_t *)words[1];
    for (uint32_t i = 0; i < LARGE; i++) large[i] = (uint8_t)('a' + i % 23);
    wv_clipboard *owner = wv_clipboard_open(display, 0, NULL, 0);
    wv_clipboard *reader = wv_clipboard_open(display, 0, NULL, 0);
    if (owner == NULL || reader == NULL) return 3;
    copy_over(owner, reader, 1, 5);
    copy_over(owner, reader, 2, 0);
    copy_over(owner, reader, 3, LARGE);
    copy_over(reader, owner, 4, LARGE);
    refuse(owner, reader);
    wv_clipboard_destroy(reader);
    wv_clipboard_destroy(owner);
    end_anywhere(display);
    uint64_t memory[4 * WV_MEMORY_TYPES];
    wv_memory_stats(memory);
    CHECK(memory[4 * WV_MEMORY_CLIPBOARD] == 0, "all memory came back");
    return checks_end();
}
