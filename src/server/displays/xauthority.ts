/**
 * Xauthority: access cookies of X displays as files of Xauth(7): one for each virtual screen and its
 * clients, and one for the media process, which must open those and the user's own displays alike.
 */

const MIT_COOKIE_BYTES = 16;
const COOKIE_NAME = new TextEncoder().encode("MIT-MAGIC-COOKIE-1");
/** Address family that matches every host. */
const FAMILY_WILD = 0xffff;
/** A user's own file has some hundred bytes for each display that was ever opened. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A fresh cookie. */
export function newCookie(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(MIT_COOKIE_BYTES));
}

/** One entry of a file, for the display of that number or, empty, for every display. */
export function cookieEntry(cookie: Uint8Array, displayNumber: string): Uint8Array<ArrayBuffer> {
  const number = new TextEncoder().encode(displayNumber);
  const fields = [new Uint8Array(), number, COOKIE_NAME, cookie];
  const bytes = fields.reduce((sum, field) => sum + 2 + field.byteLength, 2);
  const entry = new Uint8Array(bytes);
  const view = new DataView(entry.buffer);
  view.setUint16(0, FAMILY_WILD);
  let offset = 2;
  for (const field of fields) {
    view.setUint16(offset, field.byteLength);
    entry.set(field, offset + 2);
    offset += 2 + field.byteLength;
  }
  return entry;
}

/** Writes a file of entries that only this user can read; one that is there is replaced. */
export function writeXauthority(path: string, entries: readonly Uint8Array[]): void {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + entry.byteLength, 0));
  let offset = 0;
  for (const entry of entries) {
    bytes.set(entry, offset);
    offset += entry.byteLength;
  }
  // Under another name first: a client that reads meanwhile must find one or the other whole.
  Deno.writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
  Deno.renameSync(`${path}.new`, path);
}

/** The entries of the user's own file; nothing where there is none that can be read. */
export function userXauthority(environment: Readonly<Record<string, string | undefined>>) {
  const home = environment["HOME"];
  const path = environment["XAUTHORITY"] || (home === undefined ? "" : `${home}/.Xauthority`);
  try {
    const { size } = Deno.statSync(path);
    return size > MAX_FILE_BYTES ? new Uint8Array() : Deno.readFileSync(path);
  } catch {
    return new Uint8Array();
  }
}
