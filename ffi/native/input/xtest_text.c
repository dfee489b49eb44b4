/*
 * Text through XTEST: a character becomes the symbol of a key that the layout has no use for, and
 * that key is pressed. A client looks a key up when it gets to the event, not when it was pressed: so a
 * key gets another character only when the clients have had time to read about the last one. Xlib asks
 * for the keys that changed and then forgets what it heard while it waited for the answer: so a second
 * key gets its character only when that is over.
 */
#include <X11/XKBlib.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <string.h>

#include "xtest.h"

/* A client that has not read an event for so long is not being typed into by hand. */
#define SETTLE_US 200000u
/* A client that is busy for longer may miss a new character. */
#define ASSIGN_GAP_US 20000u
#define UNICODE_SYMBOL 0x01000000u

static KeySym symbol_of(uint32_t code_point)
{
    if (code_point == '\n') return XK_Return;
    if (code_point == '\t') return XK_Tab;
    bool is_latin = (code_point >= 0x20 && code_point < 0x7f) ||
                    (code_point >= 0xa0 && code_point < 0x100);
    return is_latin ? code_point : UNICODE_SYMBOL | code_point;
}

static wv_spare_key *key_of(wv_xtest_text *text, KeyCode keycode)
{
    for (uint32_t i = 0; i < text->count; i++) {
        if (text->keys[i].keycode == keycode) return &text->keys[i];
    }
    return NULL;
}

/*
 * What a key stands for that one of us has made: a letter whose two levels are the same, which no
 * layout has. It may be left over from a process that was killed. NoSymbol for any other key.
 */
static KeySym symbol_given(XkbDescPtr layout, int keycode)
{
    if (XkbKeyNumGroups(layout, keycode) != 1 || XkbKeyNumSyms(layout, keycode) != 2 ||
        XkbKeyKeyTypeIndex(layout, keycode, XkbGroup1Index) != XkbAlphabeticIndex) {
        return NoSymbol;
    }
    const KeySym *symbols = XkbKeySymsPtr(layout, keycode);
    return symbols[0] == symbols[1] ? symbols[0] : NoSymbol;
}

static bool is_empty(XkbDescPtr layout, int keycode)
{
    const KeySym *symbols = XkbKeySymsPtr(layout, keycode);
    for (int i = 0; i < XkbKeyNumSyms(layout, keycode); i++) {
        if (symbols[i] != NoSymbol) return false;
    }
    return true;
}

/* Keys without any symbol, and those that stand for a character already. */
static void find_keys(wv_xtest_text *text, Display *x)
{
    wv_spare_key found[WV_SPARE_KEYS];
    uint32_t count = 0;
    if (text->layout != NULL) XkbFreeKeyboard(text->layout, 0, True);
    text->layout = XkbGetMap(x, XkbKeyTypesMask | XkbKeySymsMask, XkbUseCoreKbd);
    if (text->layout == NULL) return;
    /* From the end: the codes of real keys are at the beginning. */
    int last = text->layout->max_key_code, first = text->layout->min_key_code;
    for (int keycode = last; keycode >= first && count < WV_SPARE_KEYS; keycode--) {
        KeySym symbol = symbol_given(text->layout, keycode);
        if (symbol == NoSymbol && !is_empty(text->layout, keycode)) continue;
        const wv_spare_key *known = key_of(text, (KeyCode)keycode);
        found[count++] = (wv_spare_key){
            .keycode = (KeyCode)keycode,
            .symbol = symbol,
            .used_us = known == NULL ? 0 : known->used_us,
        };
    }
    memcpy(text->keys, found, count * sizeof *found);
    text->count = count;
    text->is_known = true;
}

static int32_t press(wv_spare_key *key, wv_display *display)
{
    if (display->lost) return WV_STATUS_DISPLAY_LOST;
    XTestFakeKeyEvent(display->x, key->keycode, True, CurrentTime);
    XTestFakeKeyEvent(display->x, key->keycode, False, CurrentTime);
    key->used_us = wv_now_us();
    return display->lost ? WV_STATUS_DISPLAY_LOST : WV_STATUS_OK;
}

/*
 * The same symbol with and without Shift and Caps Lock: a key that is said to know of letters is the
 * only kind of which clients make no capital of their own.
 */
static bool assign(wv_xtest_text *text, wv_spare_key *key, wv_display *display, KeySym symbol)
{
    int types[XkbNumKbdGroups] = {XkbAlphabeticIndex, XkbAlphabeticIndex, XkbAlphabeticIndex,
                                  XkbAlphabeticIndex};
    int groups = symbol == NoSymbol ? 0 : 1;
    XkbMapChangesRec changes = {0};
    if (XkbChangeTypesOfKey(text->layout, key->keycode, groups, XkbGroup1Mask, types, &changes) !=
        Success) {
        return false;
    }
    KeySym *symbols = XkbKeySymsPtr(text->layout, key->keycode);
    for (int i = 0; i < XkbKeyNumSyms(text->layout, key->keycode); i++) symbols[i] = symbol;
    changes.changed |= XkbKeySymsMask;
    changes.first_key_sym = key->keycode;
    changes.num_key_syms = 1;
    key->symbol = symbol;
    return XkbChangeMap(display->x, text->layout, &changes) != 0;
}

int32_t wv_xtest_type(wv_xtest_text *text, wv_display *display, uint32_t code_point)
{
    if (display->lost) return WV_STATUS_DISPLAY_LOST;
    if (!text->is_known) find_keys(text, display->x);
    if (display->lost) return WV_STATUS_DISPLAY_LOST;
    if (text->count == 0) return WV_STATUS_UNSUPPORTED;
    KeySym symbol = symbol_of(code_point);
    wv_spare_key *oldest = &text->keys[0];
    for (uint32_t i = 0; i < text->count; i++) {
        wv_spare_key *key = &text->keys[i];
        if (key->symbol == symbol) return press(key, display);
        if (key->used_us < oldest->used_us) oldest = key;
    }
    uint64_t now_us = wv_now_us();
    uint64_t since_us = now_us - oldest->used_us, gap_us = now_us - text->assigned_us;
    if (oldest->used_us != 0 && since_us < SETTLE_US) return (int32_t)(SETTLE_US - since_us);
    if (text->assigned_us != 0 && gap_us < ASSIGN_GAP_US) return (int32_t)(ASSIGN_GAP_US - gap_us);
    if (!assign(text, oldest, display, symbol)) return WV_STATUS_FAILED;
    text->assigned_us = now_us;
    return press(oldest, display);
}

void wv_xtest_text_changed(wv_xtest_text *text)
{
    text->is_known = false;
}

bool wv_xtest_is_spare(const wv_xtest_text *text, uint32_t keycode)
{
    for (uint32_t i = 0; i < text->count; i++) {
        if (text->keys[i].keycode == keycode) return text->keys[i].symbol != NoSymbol;
    }
    return false;
}

void wv_xtest_text_end(wv_xtest_text *text, wv_display *display)
{
    for (uint32_t i = 0; i < text->count && !display->lost; i++) {
        wv_spare_key *key = &text->keys[i];
        if (key->symbol != NoSymbol) assign(text, key, display, NoSymbol);
    }
    text->count = 0;
    if (text->layout != NULL) XkbFreeKeyboard(text->layout, 0, True);
    text->layout = NULL;
}
