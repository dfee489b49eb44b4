/**
 * Screen options: the rows of the option table about the size of screens and their monitors. The table
 * takes them as they are.
 */

import { onOff, pictureSize, wholeNumber } from "./option_schemas.ts";
import { option } from "./option_spec.ts";

/** See option_table.ts. */
export const SCREEN_OPTIONS = {
  maxSize: option({
    group: "Picture",
    schema: pictureSize(),
    fallback: { width: 2560, height: 1600 },
    value: "WxH",
    summary: "Largest size that viewers may give a screen, to fit their window; --size at least",
  }),
  allowResize: option({
    group: "Picture",
    schema: onOff(),
    fallback: false,
    summary: "Viewers may give real displays another size as well, not just virtual screens",
  }),
  maxMonitors: option({
    group: "Picture",
    schema: wholeNumber(0, 12),
    fallback: 4,
    value: "N",
    summary: "Most monitors of the displays of --display that are streams of their own, beside " +
      "the whole display; 0 shows whole displays alone",
  }),
} as const;
