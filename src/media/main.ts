/**
 * The media process: capture, staging, encode and input of one host, started by the server process
 * with foreign functions of one library and no other right. Commands come on standard input, records
 * leave on standard output; when either ends, so does the process.
 */

import { MediaOutput } from "../../ffi/mod.ts";
import { MAX_COMMAND_BYTES, parseMediaCommand } from "../ipc/media_command.ts";
import { OUTPUT_RING_BYTES } from "../memory/media_limits.ts";
import { MessageSplitter } from "../wire/framing.ts";
import { MediaProcess } from "./media_process.ts";

const STDOUT_DESCRIPTOR = 1;
/** Thousands of commands in one read; the pipe holds no more. */
const READ_BYTES = 64 * 1024;
/** Exit codes: asked to, or the server is gone; and a fault. */
const EXIT_ENDED = 0;
const EXIT_FAULT = 1;

/** Reads commands until the server closes the pipe. Rejects with ProtocolError on broken framing. */
async function readCommands(media: MediaProcess): Promise<void> {
  const splitter = new MessageSplitter(MAX_COMMAND_BYTES);
  const buffer = new Uint8Array(READ_BYTES);
  while (true) {
    const bytes = await Deno.stdin.read(buffer);
    if (bytes === null) return;
    for (const payload of splitter.push(buffer.subarray(0, bytes))) {
      media.handle(parseMediaCommand(payload));
    }
  }
}

async function main(): Promise<number> {
  // Ctrl+C in a terminal reaches this process too; the server decides when it ends.
  Deno.addSignalListener("SIGINT", () => {});
  const output = MediaOutput.open({ ringBytes: OUTPUT_RING_BYTES });
  output.attach(STDOUT_DESCRIPTOR);
  const media = new MediaProcess(output);
  let exitCode = EXIT_ENDED;
  try {
    await Promise.race([media.run(), readCommands(media)]);
  } catch (error) {
    exitCode = EXIT_FAULT;
    console.error(error instanceof Error ? error.message : String(error));
  }
  await media.close();
  return exitCode;
}

// Threads that a hanging display holds do not keep the process.
if (import.meta.main) Deno.exit(await main());
