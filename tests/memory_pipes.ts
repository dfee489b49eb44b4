/** Two ends of the pipes between a server process and a gateway process, within one process. */

import type { GatewayPipe } from "../src/gateway/gateway_pipe.ts";

/** The server's end and the gateway's. */
export function memoryPipes(): [GatewayPipe, GatewayPipe] {
  const [there, back] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
  const end = (from: TransformStream, to: TransformStream): GatewayPipe => {
    const reader = from.readable.getReader();
    const writer = to.writable.getWriter();
    return {
      read: async (buffer) => {
        const { value } = await reader.read();
        if (value === undefined) return undefined;
        buffer.set(value);
        return buffer.subarray(0, value.byteLength);
      },
      write: (bytes) => writer.write(bytes.slice()),
      close: () => void writer.close().catch(() => {}),
    };
  };
  return [end(back, there), end(there, back)];
}
