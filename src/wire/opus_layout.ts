/**
 * OpusLayout: how channels share the streams of an Opus packet, for the encoder of the host and the
 * decoder of a viewer alike: mapping families 0 (1 and 2 channels) and 1 (3 to 8) of RFC 7845.
 */

import { MAX_SOUND_CHANNELS, SOUND_SAMPLE_RATE } from "./audio.ts";

/** Streams of a packet, how many of them are pairs, and which of their channels each output is. */
export interface OpusLayout {
  readonly streams: number;
  readonly coupled: number;
  readonly mapping: readonly number[];
}

/** By channels: mono, stereo, 3.0, quad, 5.0, 5.1, 6.1, 7.1; in the order of Vorbis. */
const LAYOUTS: readonly OpusLayout[] = [
  { streams: 1, coupled: 0, mapping: [0] },
  { streams: 1, coupled: 1, mapping: [0, 1] },
  { streams: 2, coupled: 1, mapping: [0, 2, 1] },
  { streams: 2, coupled: 2, mapping: [0, 1, 2, 3] },
  { streams: 3, coupled: 2, mapping: [0, 4, 1, 2, 3] },
  { streams: 4, coupled: 2, mapping: [0, 4, 1, 2, 3, 5] },
  { streams: 4, coupled: 3, mapping: [0, 4, 1, 2, 3, 5, 6] },
  { streams: 5, coupled: 3, mapping: [0, 6, 1, 2, 3, 4, 5, 7] },
];

/** The layout of 1 to 8 channels. Throws RangeError. */
export function opusLayout(channels: number): OpusLayout {
  const layout = LAYOUTS[channels - 1];
  if (layout === undefined) {
    throw new RangeError(`Cannot lay out ${channels} channels: 1 to ${MAX_SOUND_CHANNELS}`);
  }
  return layout;
}

/**
 * The identification header (RFC 7845, section 5.1), which is the `description` that WebCodecs wants
 * for more than two channels. Nothing is to be skipped: capture times allow for the encoder's delay.
 */
export function opusDescription(channels: number): Uint8Array<ArrayBuffer> {
  const { streams, coupled, mapping } = opusLayout(channels);
  const isSurround = channels > 2;
  const head = new Uint8Array(isSurround ? 21 + channels : 19);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode("OpusHead"));
  view.setUint8(8, 1);
  view.setUint8(9, channels);
  view.setUint32(12, SOUND_SAMPLE_RATE, true);
  if (isSurround) {
    view.setUint8(18, 1);
    view.setUint8(19, streams);
    view.setUint8(20, coupled);
    head.set(mapping, 21);
  }
  return head;
}
