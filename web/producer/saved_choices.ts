/**
 * Saved choices: what people chose on a publishing page, kept for the tab's life, so that a reload goes
 * on with the same stream of the host. Checked when read: anything may lie there.
 */

import * as schema from "../../src/core/schema.ts";
import { MAX_STREAM_NAME } from "../../src/wire/codec.ts";
import { MAX_PUBLISH_KEY } from "../../src/wire/publish_messages.ts";
import { SOURCE_KINDS } from "./source_kind.ts";
import type { SourceKind } from "./source_kind.ts";
import type { PictureChoice } from "./device_class.ts";

const ITEM = "wavry-publish";
const MAX_DEVICE_ID = 256;
/** Sizes that are offered, in order. */
export const PICTURE_CHOICES = ["auto", "1080p60", "1080p30", "720p30", "480p30"] as const;

const choicesSchema = schema.object({
  key: schema.text(MAX_PUBLISH_KEY),
  name: schema.text(MAX_STREAM_NAME),
  kind: schema.oneOf(SOURCE_KINDS as readonly [SourceKind, ...SourceKind[]]),
  picture: schema.oneOf(PICTURE_CHOICES),
  cameraId: schema.text(MAX_DEVICE_ID),
  microphoneId: schema.text(MAX_DEVICE_ID),
  usesSourceSound: schema.boolean,
  usesMicrophone: schema.boolean,
  /** The stream was live when the page was left. */
  isLive: schema.boolean,
});

/** What people chose. Ids are empty for the usual device. */
export interface Choices {
  readonly key: string;
  readonly name: string;
  readonly kind: SourceKind;
  readonly picture: PictureChoice;
  readonly cameraId: string;
  readonly microphoneId: string;
  readonly usesSourceSound: boolean;
  readonly usesMicrophone: boolean;
  readonly isLive: boolean;
}

/** Where they are kept: `sessionStorage`, or a test's own. */
export type ChoiceStorage = Pick<Storage, "getItem" | "setItem">;

/** The choices of this tab, or the first ones; `kind` suits the machine. */
export function loadChoices(
  storage: ChoiceStorage,
  first: { readonly key: string; readonly kind: SourceKind },
): Choices {
  try {
    return choicesSchema(JSON.parse(storage.getItem(ITEM) ?? ""), "choices");
  } catch {
    return {
      ...first,
      ...{ name: "", picture: "auto", cameraId: "", microphoneId: "" },
      ...{ usesSourceSound: true, usesMicrophone: false, isLive: false },
    };
  }
}

/** Keeps them; a browser that keeps nothing makes a reload begin anew. */
export function saveChoices(storage: ChoiceStorage, choices: Choices): void {
  try {
    storage.setItem(ITEM, JSON.stringify(choices));
  } catch {
    // Storage is full or forbidden.
  }
}
