/**
 * FilesPanel: what is sent to the host and what there is to take from it, in a panel beside the
 * picture. It is a bundle of its own, loaded when it is opened or a file is dropped. It lists at
 * most `ROWS_MAX` files that are sent.
 */

import { element, icon } from "../ui/element.ts";
import type { FileEvent, FileRights } from "./file_messages.ts";
import { shownName, sizeText } from "./file_words.ts";
import type { FilesHandle, FilesParts } from "./files_handle.ts";
import { HostFileList } from "./host_file_list.ts";
import { SentRow } from "./sent_row.ts";

/** Files that are listed, and so sent or in line. */
export const ROWS_MAX = 1000;

const NO_RIGHTS: FileRights = { upload: false, download: false, maxBytes: 0 };

/** The panel. */
export class FilesPanel implements FilesHandle {
  readonly root: HTMLElement;
  readonly #parts: FilesParts;
  readonly #rows = new Map<number, SentRow>();
  readonly #close = element(
    "button",
    { type: "button", class: "file-tool", "aria-label": "Close", title: "Close" },
    icon("close"),
  );
  readonly #picker = element("input", { type: "file", multiple: true, hidden: true });
  readonly #choose = element("button", { type: "button", class: "file-choose" }, "Choose files");
  readonly #limit = element("p", { class: "file-note" });
  readonly #sentList = element("ul", { class: "file-list", "aria-label": "Files that are sent" });
  readonly #clear = element("button", { type: "button", class: "file-clear" }, "Clear finished");
  /** For who does not see the rows. */
  readonly #said = element("p", { class: "unseen", role: "status" });
  readonly #send: HTMLElement;
  readonly #list: HostFileList;
  #rights = NO_RIGHTS;
  #lastId = 0;
  #isConnected = false;

  constructor(parts: FilesParts) {
    this.#parts = parts;
    this.#list = new HostFileList(parts.hostName);
    this.#send = element(
      "section",
      { class: "sent-files" },
      element(
        "div",
        { class: "file-drop" },
        element("p", { class: "file-hint" }, "Drop files onto the picture, or"),
        this.#choose,
        this.#limit,
      ),
      this.#picker,
      this.#sentList,
      this.#clear,
    );
    this.root = element(
      "section",
      { class: "side-panel files", "aria-labelledby": "files-title", hidden: true },
      element("header", {}, element("h2", { id: "files-title" }, "Files"), this.#close),
      this.#send,
      this.#list.root,
      this.#said,
    );
    this.#close.addEventListener("click", () => this.close());
    this.#choose.addEventListener("click", () => this.#picker.click());
    this.#picker.addEventListener("change", () => {
      this.add([...this.#picker.files ?? []]);
      // The same file can be chosen again.
      this.#picker.value = "";
    });
    this.#clear.addEventListener("click", () => this.#removeFinished());
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.close();
    });
    this.#showRows();
  }

  get isOpen(): boolean {
    return !this.root.hidden;
  }

  open(takesFocus: boolean): void {
    if (!this.isOpen) {
      this.root.hidden = false;
      this.#parts.opened(true);
      this.#list.watch(true);
    }
    if (takesFocus) (this.#send.hidden ? this.#close : this.#choose).focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.root.hidden = true;
    this.#list.watch(false);
    this.#parts.opened(false);
  }

  setRights(rights: FileRights): void {
    // Between two connections nothing is known; what is shown stays.
    if (!rights.upload && !rights.download && !this.#isConnected) return;
    this.#rights = rights;
    this.#choose.disabled = !rights.upload;
    this.#send.hidden = !rights.upload && this.#rows.size === 0;
    this.#list.root.hidden = !rights.download;
    const isLimited = rights.maxBytes < Number.MAX_SAFE_INTEGER;
    this.#limit.textContent = isLimited ? `Up to ${sizeText(rights.maxBytes)} each` : "";
    if (this.isOpen) this.#list.watch(true);
  }

  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#list.setConnected(isConnected);
  }

  add(files: readonly File[]): void {
    const room = ROWS_MAX - this.#rows.size;
    if (files.length > room) {
      this.#parts.notice(`Only ${room} more files can be sent: clear the finished ones`);
    }
    for (const file of files.slice(0, room)) this.#add(file);
    this.#showRows();
  }

  take({ id, state, written, name, reason }: Extract<FileEvent, { event: "sent" }>): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    const isNews = row.state !== state;
    row.update({ state, written, ...reason === undefined ? {} : { reason } }, performance.now());
    if (!isNews) return;
    this.#showRows();
    if (state === "done") {
      this.#say(`${shownName(name ?? row.file.name)} is on ${this.#parts.hostName()}`);
      if (this.isOpen) void this.#list.load();
    } else if (state === "failed") {
      this.#say(`${shownName(row.file.name)} was not sent`);
    }
  }

  /** Says what a row shows: over the picture where the row is not seen. */
  #say(text: string): void {
    if (this.isOpen) this.#said.textContent = text;
    else this.#parts.notice(text);
  }

  #add(file: File): void {
    const id = ++this.#lastId;
    const { hostName, send } = this.#parts;
    const row = new SentRow(id, file, {
      ...{ hostName, send, maxBytes: () => this.#rights.maxBytes },
      onRemove: () => this.#remove(id),
    });
    this.#rows.set(id, row);
    this.#sentList.append(row.root);
    if (file.size > this.#rights.maxBytes) {
      row.update({ state: "failed", written: 0, reason: "too_large" }, performance.now());
    } else {
      send({ do: "send", id, file });
    }
  }

  #remove(id: number): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    const hadFocus = row.root.contains(document.activeElement);
    this.#rows.delete(id);
    row.root.remove();
    this.#showRows();
    if (hadFocus) this.#choose.focus();
  }

  #removeFinished(): void {
    for (const row of [...this.#rows.values()]) if (row.isOver) this.#remove(row.id);
    this.#choose.focus();
  }

  #showRows(): void {
    const rows = [...this.#rows.values()];
    this.#clear.hidden = !rows.some((row) => row.isOver);
    this.#sentList.hidden = rows.length === 0;
    this.#parts.busy(rows.some((row) => !row.isOver));
  }
}
