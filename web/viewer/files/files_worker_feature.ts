/**
 * filesWorkerFeature: the worker's half of files: it tells the page what may be done, and hands files
 * to the sender, which is loaded with the first of them.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";
import type {
  FeatureLink,
  WorkerFeature,
  WorkerFeatureContext,
} from "../features/worker_feature.ts";
import type { PageMessage } from "../worker_messages.ts";
import type { FileCommand, FileRights } from "./file_messages.ts";
import type { TransferMessage } from "./sent_file.ts";

/** Commands that wait for the bundle. */
const WAITING_MAX = 1000;
const BUNDLE = "file_sender.js";

type SenderModule = typeof import("./file_sender.ts");
type Sender = InstanceType<SenderModule["FileSender"]>;

const NO_RIGHTS: FileRights = { upload: false, download: false, maxBytes: 0 };

/** Makes it. */
export function filesWorkerFeature(context: WorkerFeatureContext): WorkerFeature {
  return new FilesWorkerFeature(context);
}

class FilesWorkerFeature implements WorkerFeature {
  readonly serverMessages = [
    ...["file_rights", "file_ready", "file_credit"] as const,
    ...["file_held", "file_done", "file_failed"] as const,
  ];
  readonly pageMessages = ["files"] as const;
  readonly #context: WorkerFeatureContext;
  #waiting: FileCommand[] = [];
  #sender: Sender | undefined;
  #isLoading = false;
  #link: FeatureLink | undefined;
  #rights = NO_RIGHTS;

  constructor(context: WorkerFeatureContext) {
    this.#context = context;
  }

  onServerMessage(message: ServerMessage): void {
    if (message.type === "file_rights") {
      const { upload, download, maxBytes } = message;
      return this.#setRights({ upload, download, maxBytes });
    }
    this.#sender?.take(message as TransferMessage);
  }

  onPageMessage(message: PageMessage): void {
    if (message.type !== "files") return;
    if (this.#sender !== undefined) return this.#sender.handle(message.command);
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(message.command);
    if (!this.#isLoading) void this.#load();
  }

  onConnected(link: FeatureLink): void {
    // Told anew by the host, where there are any.
    this.#link = link;
    this.#setRights(NO_RIGHTS);
  }

  onDisconnected(): void {
    this.#link = undefined;
    this.#sender?.disconnected();
  }

  #setRights(rights: FileRights): void {
    this.#rights = rights;
    if (this.#link !== undefined) this.#sender?.connected(this.#link, rights.upload);
    this.#context.post({ type: "files", event: { event: "rights", rights } });
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    try {
      const url = new URL(BUNDLE, self.location.href).href;
      const { FileSender } = await import(url) as SenderModule;
      const sender = new FileSender((event) => this.#context.post({ type: "files", event }));
      this.#sender = sender;
      for (const command of this.#waiting) sender.handle(command);
      if (this.#link !== undefined) sender.connected(this.#link, this.#rights.upload);
    } catch {
      for (const command of this.#waiting) this.#fail(command);
    }
    this.#waiting = [];
    this.#isLoading = false;
  }

  #fail({ do: what, id }: FileCommand): void {
    if (what !== "send" && what !== "retry") return;
    this.#context.post({
      type: "files",
      event: { event: "sent", id, state: "failed", written: 0, reason: "not_loaded" },
    });
  }
}
