/*
 * Content: bytes of a clipboard that several may use at once: it grows by doubling while it comes in,
 * never beyond what its reader allows, and goes with its last user.
 */
#include <string.h>

#include "../memory.h"
#include "selection.h"

#define CONTENT_BYTES_MIN 4096u

wv_content *wv_content_new(uint32_t bytes)
{
    wv_content *content = wv_memory_new(WV_MEMORY_CLIPBOARD, sizeof *content);
    if (content == NULL) return NULL;
    content->users = 1;
    content->capacity = bytes < CONTENT_BYTES_MIN ? CONTENT_BYTES_MIN : bytes;
    content->bytes = wv_memory_new(WV_MEMORY_CLIPBOARD, content->capacity);
    if (content->bytes != NULL) return content;
    wv_memory_free(WV_MEMORY_CLIPBOARD, content, sizeof *content);
    return NULL;
}

bool wv_content_add(wv_content *content, const uint8_t *bytes, uint32_t count)
{
    if (count > content->capacity - content->size) {
        uint64_t capacity = (uint64_t)content->capacity * 2;
        if (capacity < (uint64_t)content->size + count) capacity = content->size + (uint64_t)count;
        if (capacity > UINT32_MAX) return false;
        uint8_t *larger = wv_memory_new(WV_MEMORY_CLIPBOARD, capacity);
        if (larger == NULL) return false;
        memcpy(larger, content->bytes, content->size);
        wv_memory_free(WV_MEMORY_CLIPBOARD, content->bytes, content->capacity);
        content->bytes = larger;
        content->capacity = (uint32_t)capacity;
    }
    if (count > 0) memcpy(content->bytes + content->size, bytes, count);
    content->size += count;
    return true;
}

wv_content *wv_content_share(wv_content *content)
{
    content->users++;
    return content;
}

void wv_content_drop(wv_content *content)
{
    if (content == NULL || --content->users > 0) return;
    wv_memory_free(WV_MEMORY_CLIPBOARD, content->bytes, content->capacity);
    wv_memory_free(WV_MEMORY_CLIPBOARD, content, sizeof *content);
}

wv_content *wv_content_from_latin(const wv_content *latin)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < latin->size; i++) size += latin->bytes[i] < 0x80 ? 1 : 2;
    if (size > UINT32_MAX) return NULL;
    wv_content *text = wv_content_new((uint32_t)size);
    if (text == NULL) return NULL;
    for (uint32_t i = 0; i < latin->size; i++) {
        uint8_t byte = latin->bytes[i];
        if (byte >= 0x80) text->bytes[text->size++] = (uint8_t)(0xc0 | byte >> 6);
        text->bytes[text->size++] = byte < 0x80 ? byte : (uint8_t)(0x80 | (byte & 0x3f));
    }
    return text;
}

/* Characters beyond Latin-1 become question marks: who asks for STRING can show no others. */
wv_content *wv_content_to_latin(const wv_content *utf8)
{
    wv_content *latin = wv_content_new(utf8->size);
    if (latin == NULL) return NULL;
    for (uint32_t i = 0; i < utf8->size;) {
        uint8_t byte = utf8->bytes[i++];
        uint8_t first = byte;
        uint32_t more = byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        uint8_t second = i < utf8->size ? utf8->bytes[i] : 0;
        while (more > 0 && i < utf8->size && (utf8->bytes[i] & 0xc0) == 0x80) {
            i++;
            more--;
        }
        if (first >= 0x80) {
            bool fits = first == 0xc2 || first == 0xc3;
            byte = fits ? (uint8_t)((first & 3) << 6 | (second & 0x3f)) : '?';
        }
        latin->bytes[latin->size++] = byte;
    }
    return latin;
}
