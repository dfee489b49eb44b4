/**
 * FileRig: the host's side of files over a real folder, and sessions with it over connections in
 * memory, without a server: what a session does with streams and messages is done here as the
 * session does it.
 */

import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { DropFolder } from "../../../../src/files/drop_folder.ts";
import { TransferShare } from "../../../../src/files/transfer_share.ts";
import type { UploadEnd } from "../../../../src/files/upload_transfer.ts";
import { FileSession } from "../../../../src/server/files/file_session.ts";
import type { FilePeer, FileRights } from "../../../../src/server/files/file_session.ts";
import type { Connection } from "../../../../src/transport/connection.ts";
import { createLoopbackPair } from "../../../../src/transport/loopback.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import type { ClientMessage, ServerMessage } from "../../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/wire/framing.ts";

/** One session with files, and the viewer's end of it. */
export class RigSession {
  readonly said: ServerMessage[] = [];
  readonly client;
  readonly files: FileSession;
  /** What ended the session, if something did. */
  fault: unknown;
  permission = true;
  /** Hears what the host says. */
  onSaid: (message: ServerMessage) => void = () => {};
  readonly #isDead = { yes: false };

  constructor(rig: FileRig, browserSessionId: string) {
    const { client, server } = createLoopbackPair();
    this.client = client;
    const session: FilePeer = {
      ...{ id: `${browserSessionId}-${rig.sessions.length}`, browserSessionId, streamId: 0 },
      may: () => this.permission,
      send: (framed) => {
        const message = parseServerMessage(framed.subarray(LENGTH_PREFIX_BYTES));
        this.said.push(message);
        if (!this.#isDead.yes) this.onSaid(message);
      },
      ...{ nowUs: () => rig.clock.nowUs(), feed: () => undefined },
    };
    this.files = rig.makeSession(session);
    rig.sessions.push(this);
    this.files.onStart();
    void this.#readStreams(server);
  }

  /** The viewer says something. */
  send(message: ClientMessage): void {
    if (this.#isDead.yes) return;
    try {
      this.files.onMessage(message, 0);
    } catch (error) {
      this.fault = error;
      this.cut();
    }
  }

  /** The connection dies, at whatever byte it is. */
  cut(): void {
    this.#isDead.yes = true;
    this.client.sever("cut");
    this.files.close();
  }

  async #readStreams(server: Connection): Promise<void> {
    for (;;) {
      const stream = await server.acceptUnidirectional();
      if (stream === undefined) return;
      void this.#readStream(stream);
    }
  }

  async #readStream(stream: ReadableStream<Uint8Array>): Promise<void> {
    const reader = stream.getReader();
    try {
      const { value, done } = await reader.read();
      if (done) return;
      const firstBytes = value.subarray(1);
      await this.files.onStream(value[0]!, { firstBytes, reader, writable: undefined });
    } catch (error) {
      if (this.#isDead.yes) return;
      this.fault = error;
      this.cut();
    }
  }
}

/** A host's files. */
export class FileRig {
  readonly clock = new ManualClock();
  readonly folder: DropFolder;
  readonly sessions: RigSession[] = [];
  readonly ends: UploadEnd[] = [];
  rights: FileRights = { upload: true, download: true, maxBytes: 1e9 };
  places = 16;
  hasFolder = true;
  /** Bits a second that pictures get. */
  targetBps: number | undefined;

  static async open(path: string): Promise<FileRig> {
    const limits = { fileBytesMax: 1e9, quotaBytes: 0, nowMs: Date.now };
    return new FileRig(await DropFolder.open({ path, ...limits }));
  }

  constructor(folder: DropFolder) {
    this.folder = folder;
  }

  connect(browserSessionId = "b1"): RigSession {
    return new RigSession(this, browserSessionId);
  }

  makeSession(session: FilePeer): FileSession {
    return new FileSession(session, new TransferShare(), {
      folder: () => this.hasFolder ? this.folder : undefined,
      rights: this.rights,
      ...{ clock: this.clock, log: silentLogger },
      hasPlace: () => this.places > 0,
      targetBps: () => this.targetBps,
      onEnd: (end) => void this.ends.push(end),
      onClose: () => {},
    });
  }

  /** Names of whole files. */
  async names(): Promise<string[]> {
    return (await this.folder.list()).files.map(({ name }) => name).sort();
  }
}
