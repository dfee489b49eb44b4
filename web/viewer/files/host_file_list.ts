/**
 * HostFileList: the files of the host's folder as a list with a link for each, asked for anew
 * while it is seen. Names are text and never markup; a link is a download and never a page.
 */

import { element, outlineIcon } from "../ui/element.ts";
import { dateText, shownName, sizeText } from "./file_words.ts";

const REFRESH = ["M19 12a7 7 0 1 1-2.2-5.1", "M19 4v4h-4"];
const DOWNLOAD = ["M12 4v11", "M7.5 11l4.5 4.5 4.5-4.5", "M5 20h14"];
const REFRESH_MS = 5000;

/** One file of the host's folder. */
export interface HostFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

interface Listing {
  readonly files: readonly HostFile[];
  readonly total: number;
}

/** Shows what there is to take. */
export class HostFileList {
  readonly root: HTMLElement;
  readonly #hostName: () => string;
  readonly #title = element("h3", { id: "host-files-title" });
  readonly #list = element("ul", { class: "file-list", "aria-labelledby": "host-files-title" });
  readonly #note = element("p", { class: "file-note", role: "status" });
  readonly #refresh = element(
    "button",
    { type: "button", class: "file-tool", "aria-label": "Refresh", title: "Refresh" },
    outlineIcon(REFRESH),
  );
  #shown = "";
  #timer: ReturnType<typeof setInterval> | undefined;
  #isConnected = false;

  constructor(hostName: () => string) {
    this.#hostName = hostName;
    this.#refresh.addEventListener("click", () => void this.load());
    this.root = element(
      "section",
      { class: "host-files" },
      element("header", {}, this.#title, this.#refresh),
      this.#note,
      this.#list,
    );
  }

  /** Asks now and then while it is seen. */
  watch(isSeen: boolean): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!isSeen || this.root.hidden) return;
    this.#title.textContent = `On ${this.#hostName()}`;
    this.#timer = setInterval(() => {
      if (document.visibilityState === "visible") void this.load();
    }, REFRESH_MS);
    void this.load();
  }

  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    if (this.#timer === undefined) return;
    if (isConnected) void this.load();
    else this.#say("Not connected");
  }

  /** Asks the host what there is. */
  async load(): Promise<void> {
    if (!this.#isConnected) return this.#say("Not connected");
    try {
      const response = await fetch("/api/files", { cache: "no-store" });
      if (!response.ok) {
        await response.body?.cancel();
        return this.#say("The list could not be loaded");
      }
      this.#show(await response.json() as Listing);
    } catch {
      this.#say("The list could not be loaded");
    }
  }

  #show({ files, total }: Listing): void {
    const more = total - files.length;
    this.#note.textContent = total === 0
      ? "Nothing there yet. What is put into the folder appears here."
      : more > 0
      ? `The newest ${files.length.toLocaleString()} of ${total.toLocaleString()} files`
      : "";
    this.#note.classList.remove("error");
    const nowMs = Date.now();
    const key = JSON.stringify([files, new Date(nowMs).toDateString()]);
    // A list that did not change keeps its focus.
    if (key === this.#shown) return;
    this.#shown = key;
    const focused = this.root.contains(document.activeElement)
      ? document.activeElement?.getAttribute("href")
      : null;
    this.#list.replaceChildren(...files.map((file) => rowOf(file, nowMs)));
    for (const link of this.#list.querySelectorAll("a")) {
      if (link.getAttribute("href") === focused) link.focus();
    }
  }

  #say(text: string): void {
    this.#note.textContent = text;
    this.#note.classList.add("error");
  }
}

function rowOf({ name, bytes, modifiedMs }: HostFile, nowMs: number): HTMLLIElement {
  const shown = shownName(name);
  const label = `Download ${shown}, ${sizeText(bytes)}`;
  return element(
    "li",
    { class: "file" },
    element(
      "div",
      { class: "file-facts" },
      element("bdi", { class: "file-name", title: shown }, shown),
      element("p", { class: "file-state" }, `${sizeText(bytes)}, ${dateText(modifiedMs, nowMs)}`),
    ),
    element(
      "a",
      {
        class: "file-tool",
        href: `/api/files/${encodeURIComponent(name)}`,
        download: "",
        "aria-label": label,
        title: label,
      },
      outlineIcon(DOWNLOAD),
    ),
  );
}
