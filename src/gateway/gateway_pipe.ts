/**
 * gateway_pipe: the two pipes between the server process and a gateway process, as one thing to read
 * from and write to, at either end.
 */

/** A pair of pipes; reads and writes come one at a time. */
export interface GatewayPipe {
  /** Reads into `buffer`, whose memory is taken; undefined at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Writes all of `bytes`, which must not change meanwhile. */
  write(bytes: Uint8Array): Promise<void>;
  /** Lets both go; never throws. */
  close(): void;
}

/** The pipes to a child process. */
export function childPipe(process: Deno.ChildProcess): GatewayPipe {
  const reader = process.stdout.getReader({ mode: "byob" });
  const writer = process.stdin.getWriter();
  reader.closed.catch(() => {});
  writer.closed.catch(() => {});
  return {
    read: async (buffer) => {
      const { value, done } = await reader.read(buffer);
      return done ? undefined : value;
    },
    write: (bytes) => writer.write(bytes),
    close: () => {
      reader.cancel().catch(() => {});
      writer.abort().catch(() => {});
    },
  };
}

/** The pipes to the process that started this one: standard input and output. */
export function parentPipe(): GatewayPipe {
  return {
    read: async (buffer) => {
      const bytes = await Deno.stdin.read(buffer);
      return bytes === null ? undefined : buffer.subarray(0, bytes);
    },
    write: async (bytes) => {
      for (let offset = 0; offset < bytes.length;) {
        offset += await Deno.stdout.write(bytes.subarray(offset));
      }
    },
    close: () => {},
  };
}
