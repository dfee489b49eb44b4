/**
 * RecordingSource: what delivery needs of those who keep recordings: which there are, where their files
 * are, and how to be rid of one. Ids are made by the keeper and are the only names that a request can
 * give.
 */

/** One recording as it can be delivered. */
export interface RecordingEntry {
  readonly id: string;
  /** Its file, directly in the keeper's folder. */
  readonly path: string;
  /** For people: what a download is called, without its ending. */
  readonly title: string;
}

/** Who keeps recordings. */
export interface RecordingSource<Entry extends RecordingEntry = RecordingEntry> {
  /** The folder that holds all files. */
  readonly folder: string;
  find(id: string): Entry | undefined;
  /** Forgets a recording and removes its file; false when there is none, or it is still written. */
  delete(id: string): Promise<boolean>;
}

/** What an id looks like; anything else is no id and reaches no keeper. */
export function isRecordingId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text);
}

/** A title as a file name that every system takes and no header breaks on. */
export function fileNameOf(title: string): string {
  const plain = title.normalize("NFKD").replace(/[^A-Za-z0-9 ._-]+/g, "_")
    .replace(/^[ ._-]+|[ ._]+$/g, "").slice(0, 100);
  const isDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain);
  return plain === "" || isDevice ? `recording_${plain}` : plain;
}
