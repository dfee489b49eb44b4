/**
 * filesPageFeature: the page's half of files: a button, a target over the picture for what is dragged
 * onto it, and the door to the panel, which is loaded with its first use. What is dropped where no file
 * is taken must not replace the page, as browsers would have it.
 */

import type { PageFeature, PageFeatureContext } from "../features/page_feature.ts";
import { element, icon } from "../ui/element.ts";
import { loadStyle } from "../ui/load_style.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { FileRights } from "./file_messages.ts";
import type { FilesHandle } from "./files_handle.ts";

const BUNDLE = "files.js";
const STYLE = "files.css";

/** Browsers say several times a second that something is dragged over the page. */
const DRAG_GONE_MS = 1500;

type PanelModule = typeof import("./files_panel.ts");

const NO_RIGHTS: FileRights = { upload: false, download: false, maxBytes: 0 };

/** Makes it. */
export function filesPageFeature(context: PageFeatureContext): PageFeature {
  return new FilesPageFeature(context);
}

class FilesPageFeature implements PageFeature {
  readonly workerMessages = ["files"] as const;
  readonly shortcuts = ["files"] as const;
  readonly #context: PageFeatureContext;
  readonly #listening = new AbortController();
  readonly #button: HTMLButtonElement;
  readonly #targetText = element("strong");
  readonly #target = element(
    "div",
    { class: "drop-target", hidden: true },
    element("p", {}, icon("files"), this.#targetText),
  );
  #rights = NO_RIGHTS;
  #isConnected = false;
  #style: Promise<void> | undefined;
  #loading: Promise<FilesHandle | undefined> | undefined;
  #handle: FilesHandle | undefined;
  #isLaid = false;
  /** Hides the target when nothing is dragged any more, whatever the browser says of that. */
  #hideTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: PageFeatureContext) {
    this.#context = context;
    const { toolbar } = context.window;
    this.#button = toolbar.addButton(
      { action: "files", icon: "files", label: "Files" },
      () => void this.#toggle(),
    );
    this.#button.setAttribute("aria-pressed", "false");
    this.#button.hidden = true;
    const options = { signal: this.#listening.signal };
    globalThis.addEventListener("dragenter", (event) => this.#enter(event), options);
    globalThis.addEventListener("dragover", (event) => this.#over(event), options);
    globalThis.addEventListener("dragleave", (event) => this.#leave(event), options);
    globalThis.addEventListener("drop", (event) => this.#drop(event), options);
  }

  onWorkerMessage(message: WorkerMessage): void {
    if (message.type !== "files") return;
    const { event } = message;
    if (event.event === "sent") return this.#handle?.take(event);
    this.#rights = event.rights;
    const { upload, download } = event.rights;
    this.#button.hidden = !upload && !download;
    if (upload || download) this.#loadStyle();
    this.#handle?.setRights(event.rights);
  }

  onShortcut(): void {
    void this.#toggle();
  }

  onConnected(): void {
    this.#isConnected = true;
    this.#handle?.setConnected(true);
  }

  onDisconnected(): void {
    this.#isConnected = false;
    this.#handle?.setConnected(false);
  }

  close(): void {
    this.#listening.abort();
    this.#hideTarget();
    this.#handle?.close();
  }

  async #toggle(): Promise<void> {
    const { upload, download } = this.#rights;
    if (this.#handle?.isOpen === true) return this.#handle.close();
    if (!upload && !download) {
      return this.#context.window.notices.show("This host shares no files with you");
    }
    (await this.#load())?.open(true);
  }

  #enter(event: DragEvent): void {
    if (!hasFiles(event)) return;
    this.#over(event);
    if (this.#rights.upload) this.#showTarget();
  }

  #over(event: DragEvent): void {
    if (!hasFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = this.#rights.upload ? "copy" : "none";
    clearTimeout(this.#hideTimer);
    this.#hideTimer = setTimeout(() => this.#hideTarget(), DRAG_GONE_MS);
  }

  #leave(event: DragEvent): void {
    // Of an element that is left for another one, that is named.
    if (hasFiles(event) && event.relatedTarget === null) this.#hideTarget();
  }

  #drop(event: DragEvent): void {
    if (!hasFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    this.#hideTarget();
    const { files, folders } = filesOf(event.dataTransfer);
    const { notices } = this.#context.window;
    if (!this.#rights.upload) return notices.show("This host takes no files from you");
    if (folders > 0) notices.show("Folders cannot be sent: drop the files in them");
    if (files.length > 0) void this.#send(files);
  }

  async #send(files: readonly File[]): Promise<void> {
    const handle = await this.#load();
    handle?.open(false);
    handle?.add(files);
  }

  #showTarget(): void {
    this.#lay();
    this.#targetText.textContent = `Drop to send to ${this.#context.hostName}`;
    this.#target.hidden = false;
  }

  #hideTarget(): void {
    clearTimeout(this.#hideTimer);
    this.#target.hidden = true;
  }

  /** The window takes layers only when it is built, which a capability cannot know. */
  #lay(): void {
    if (this.#isLaid) return;
    this.#isLaid = true;
    this.#context.window.addLayer(this.#target);
  }

  #loadStyle(): Promise<void> {
    this.#style ??= loadStyle(STYLE).catch(() => void (this.#style = undefined));
    return this.#style;
  }

  #load(): Promise<FilesHandle | undefined> {
    this.#loading ??= this.#import();
    return this.#loading;
  }

  async #import(): Promise<FilesHandle | undefined> {
    const { window, send } = this.#context;
    try {
      const url = new URL(BUNDLE, document.baseURI).href;
      const [{ FilesPanel }] = await Promise.all([
        import(url) as Promise<PanelModule>,
        this.#loadStyle(),
      ]);
      const handle = new FilesPanel({
        hostName: () => this.#context.hostName,
        send: (command) => send({ type: "files", command }),
        notice: (text) => window.notices.show(text),
        opened: (isOpen) => this.#opened(isOpen),
        busy: (isBusy) => this.#button.classList.toggle("busy", isBusy),
      });
      window.addLayer(handle.root);
      handle.setRights(this.#rights);
      handle.setConnected(this.#isConnected);
      this.#handle = handle;
      return handle;
    } catch {
      this.#loading = undefined;
      window.notices.show("The list of files could not be loaded");
      return undefined;
    }
  }

  #opened(isOpen: boolean): void {
    this.#button.setAttribute("aria-pressed", String(isOpen));
    if (isOpen) this.#context.releaseInput();
    else this.#context.window.stage.focus();
  }
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") === true;
}

/** The files of a drag; folders come as entries that cannot be read as a file. */
function filesOf({ items, files }: DataTransfer): { files: File[]; folders: number } {
  const found: File[] = [];
  let folders = 0;
  for (const item of items) {
    if (item.kind !== "file") continue;
    if (item.webkitGetAsEntry?.()?.isDirectory === true) {
      folders++;
      continue;
    }
    const file = item.getAsFile();
    if (file !== null) found.push(file);
  }
  return found.length === 0 && folders === 0 ? { files: [...files], folders } : {
    files: found,
    folders,
  };
}
