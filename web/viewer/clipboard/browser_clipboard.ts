/**
 * BrowserClipboard: the clipboard of the browser as the page may use it: what it may do without asking,
 * reading and writing of the types that hosts share, and what a paste brings. Lines of text end in a
 * line feed from here on.
 */

import type { ClipboardType } from "../../../src/wire/clipboard.ts";
import type { LocalClipboard, LocalContent } from "./local_clipboard.ts";

/** Types of the web for those of the wire. */
const MEDIA_TYPES: Readonly<Record<ClipboardType, string>> = {
  text: "text/plain",
  png: "image/png",
  html: "text/html",
};

/** The clipboard of this browser. */
export const browserClipboard: LocalClipboard = {
  canRead: () => isGranted("clipboard-read"),
  canWrite: () => isGranted("clipboard-write"),
  hasFocus: () => document.hasFocus(),
  async read(types) {
    const items = await navigator.clipboard.read();
    const contents: LocalContent[] = [];
    for (const type of types) {
      const item = items.find((candidate) => candidate.types.includes(MEDIA_TYPES[type]));
      if (item === undefined) continue;
      contents.push(await contentOf(type, await item.getType(MEDIA_TYPES[type])));
    }
    return contents;
  },
  async write(contents) {
    // Promises, so that Safari sees the gesture although the content is still on its way.
    const parts = contents.map(({ type, bytes }) =>
      [
        MEDIA_TYPES[type],
        bytes.then((part) => new Blob([part], { type: MEDIA_TYPES[type] })),
      ] as const
    );
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(parts))]);
  },
};

/** What a paste brings, of the types that are wanted. */
export async function pastedContents(
  data: DataTransfer,
  types: readonly ClipboardType[],
): Promise<LocalContent[]> {
  // All that is read at once: the browser takes the data back when the event is over.
  const parts = types.flatMap((type): { type: ClipboardType; blob: Blob }[] => {
    if (type === "png") {
      const file = [...data.files].find((candidate) => candidate.type === MEDIA_TYPES.png);
      return file === undefined ? [] : [{ type, blob: file }];
    }
    const text = data.getData(MEDIA_TYPES[type]);
    return text === "" ? [] : [{ type, blob: new Blob([text]) }];
  });
  return await Promise.all(parts.map(({ type, blob }) => contentOf(type, blob)));
}

async function contentOf(type: ClipboardType, blob: Blob): Promise<LocalContent> {
  if (type !== "text") return { type, bytes: new Uint8Array(await blob.arrayBuffer()) };
  const text = (await blob.text()).replaceAll("\r\n", "\n");
  return { type, bytes: new TextEncoder().encode(text) };
}

async function isGranted(name: string): Promise<boolean> {
  try {
    const { state } = await navigator.permissions.query({ name: name as PermissionName });
    return state === "granted";
  } catch {
    // Browsers that do not know the name want a gesture each time.
    return false;
  }
}
