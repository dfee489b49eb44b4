/**
 * docs/OPERATING.md against the program: each warning and error that the log can say is explained
 * there and none that it cannot, and the limits that it names are those of the code.
 */

import t from "tap";
import { PACER_AGE_US_MAX, PACER_BYTES_MAX } from "../../../src/congestion/pacer.ts";
import { DEFAULT_RESTART_LIMITS } from "../../../src/core/restart_backoff.ts";
import {
  IDLE_ENCODER_BYTES,
  IDLE_ENCODER_SECONDS,
  IDLE_ENCODERS,
  OUTPUT_RING_BYTES,
  STAGING_FRAMES,
} from "../../../src/memory/media_limits.ts";
import { PRESSURE_MARKS } from "../../../src/memory/memory_pressure.ts";
import { MAX_METRICS, MAX_SERIES } from "../../../src/metrics/metric_registry.ts";
import { FLIGHT_BYTES_MAX } from "../../../src/pipeline/sender_path.ts";
import { REORDER_WINDOW_PACKETS } from "../../../src/reorder/reorder_buffer.ts";
import { MAX_RANGES } from "../../../src/recording/byte_range.ts";
import { WAIT_MAX_US, WAITING_MAX } from "../../../src/recording/delivery_admission.ts";
import { DELIVERY_LIMITS } from "../../../src/recording/delivery_limits.ts";
import { READS_MAX } from "../../../src/recording/read_gate.ts";
import { defaultConfig } from "../../../src/server/config/config.ts";
import { MAX_READERS } from "../../../src/server/dashboard/dashboard_feed.ts";
import {
  SNAPSHOT_FILES_MAX,
  SNAPSHOT_INTERVAL_MS,
} from "../../../src/server/memory/heap_snapshots.ts";
import { MAX_BODY_BYTES } from "../../../src/server/pages/request_guard.ts";
import { STEP_TIMEOUT_MS } from "../../../src/server/processes/shutdown.ts";
import { TELL_INTERVAL_MS } from "../../../src/server/people/host_people.ts";
import { MAX_LINKS } from "../../../src/session/access_token.ts";
import { MAX_QUEUED_BYTES } from "../../../src/session/control_channel.ts";
import { HANDSHAKE_TIMEOUT_MS } from "../../../src/session/handshake.ts";
import { IDLE_US } from "../../../src/session/control_arbiter.ts";
import { RESERVE_US } from "../../../src/session/player_slots.ts";
import { PAD_SLOTS } from "../../../src/wire/pad.ts";
import { MAX_BROWSER_SESSIONS } from "../../../src/session/session_registry.ts";
import { TICKET_LIFETIME_MS } from "../../../src/session/ticket_store.ts";
import { QUIC_LIMITS } from "../../../src/transport/quic/quic_limits.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../../../src/wire/control.ts";
import { MAX_FRAME_BYTES } from "../../../src/wire/frame.ts";

const ROOT = new URL("../../../", import.meta.url);
const runbook = await Deno.readTextFile(new URL("docs/OPERATING.md", ROOT));

/** Calls whose message is no text on the spot, with what they say. */
const INDIRECT: Readonly<Record<string, readonly string[]>> = {
  "src/server/processes/fault_guard.ts what": ["Unhandled rejection", "Uncaught error"],
  "src/ipc/media_supervisor.ts reason": ["Media process ended"],
  "src/ipc/media_supervisor.ts message": ["Cannot report"],
  // What the media process logs is found where it says it.
  "src/ipc/media_record_router.ts message.message": [],
  "src/media/media_process.ts message": [],
};
const CALL = /(?:\blog|#log)(?:\.(?:warn|error)|\[[\w.]+\])\(\s*("[^"]*"|`[^`]*`|[^,)]+)/g;
const MEDIA_CALL = /this\.#log\("(?:error|warn)",\s*("[^"]*"|`[^`]*`|[^,)]+)/g;

/** Beginnings of every message of `text`, a file of that name. */
function messagesOf(path: string, text: string): string[] {
  const calls = [...text.matchAll(CALL), ...text.matchAll(MEDIA_CALL)];
  return calls.flatMap(([_all, argument = ""]) => {
    const message = argument.trim();
    const literal = /^["`]([^"`$]+)/.exec(message)?.[1]?.replace(/:?\s*$/, "");
    if (literal !== undefined) return [literal];
    const known = INDIRECT[`${path} ${message}`];
    if (known === undefined) throw new Error(`Cannot tell what ${path} logs by ${message}`);
    return [...known];
  });
}

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) yield* filesOf(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

/** Rows of the table under a heading, each as its cells. */
function rowsOf(heading: string): string[][] {
  const section = runbook.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").filter((line) => line.startsWith("| ")).slice(2).map((line) => {
    return line.split("|").slice(1, -1).map((cell) => cell.trim());
  });
}

t.test("every warning and error of the log is explained, and no other", async (t) => {
  const said = new Set<string>();
  for await (const path of filesOf("src/")) {
    if (path === "src/server/log.ts") continue;
    for (const message of messagesOf(path, await Deno.readTextFile(new URL(path, ROOT)))) {
      said.add(message);
    }
  }
  t.ok(said.size >= 25, `${said.size} messages`);
  const explained = rowsOf("What the log says").flatMap(([line = ""]) => {
    return [...line.matchAll(/`([^`]+)`/g)].map(([_all, text]) => text!);
  });
  for (const message of said) t.ok(explained.includes(message), `"${message}" is in the runbook`);
  for (const text of explained) t.ok(said.has(text), `"${text}" is in the program`);
});

t.test("the runbook would miss a new message", (t) => {
  t.same(messagesOf("src/x.ts", 'log.warn("Something new", {})'), ["Something new"]);
  t.same(messagesOf("src/x.ts", "this.#log.error(\n  `Cannot do ${what} now`,"), ["Cannot do"]);
  t.same(messagesOf("src/x.ts", 'this.#log("warn", `No such ${thing}`)'), ["No such"]);
  t.same(messagesOf("src/x.ts", 'log.info("A change")'), []);
  t.throws(() => messagesOf("src/x.ts", "log.error(text)"), { message: /src\/x\.ts logs by text/ });
  t.end();
});

/** Rows of the limits of those who read recordings. */
function deliveryLimits(): Record<string, string[]> {
  const { budgetBytes, bodyBytes, cache, stalledUs, stalledWhenFullUs } = DELIVERY_LIMITS;
  return {
    "bytes that readers of recordings may hold": [
      ...[`${budgetBytes / 2 ** 20} MiB`, `${bodyBytes / 1024} KiB`, `${WAITING_MAX} more`],
      `${WAIT_MAX_US / 1e6} s`,
    ],
    "silence of a reader of a recording": [
      ...[`${stalledUs / 60e6} min`, `${stalledWhenFullUs / 1e6} s`],
    ],
    "segments of recordings that are kept": [
      ...[`${cache.bytes / 2 ** 20} MiB`, `${cache.entries},`, `${cache.lifetimeUs / 1e6} s`],
    ],
    "reads of recordings at once": [`${READS_MAX},`],
    "ranges of one request": [`${MAX_RANGES},`],
  };
}

t.test("the limits of the runbook are those of the code", (t) => {
  const { maxViewers, bitrate, fps, size, keepWarm } = defaultConfig({});
  const { unauthenticatedMax, unauthenticatedPerPrefixMax, connectTimeoutMs } = QUIC_LIMITS;
  const { firstDelayMs, delayMsMax, failuresMax, failedDelayMs } = DEFAULT_RESTART_LIMITS;
  const kib = (bytes: number) => `${bytes / 1024} KiB`;
  const mib = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
  const seconds = (ms: number) => `${ms / 1000} s`;
  const count = (value: number) => value.toLocaleString("en-US");
  const expected: Record<string, string[]> = {
    ...deliveryLimits(),
    "viewers at once": [`${maxViewers}`],
    "bitrate, frame rate, size of a picture": [
      ...[`${bitrate / 1000} Mbit/s`, `${fps}`, `${size.width}x${size.height}`],
    ],
    "capture after the last viewer": [`${keepWarm} s`],
    "raw frames of a stream": [`${STAGING_FRAMES}; those`],
    "encoders that wait for their next use": [
      ...[`${IDLE_ENCODERS} of`, `${IDLE_ENCODER_BYTES / 1e6} MB`, `${IDLE_ENCODER_SECONDS} s`],
    ],
    "encoded frames between the processes": [mib(OUTPUT_RING_BYTES)],
    "one encoded frame": [mib(MAX_FRAME_BYTES)],
    "packets that wait for a viewer": [kib(PACER_BYTES_MAX), `${PACER_AGE_US_MAX / 1000} ms`],
    "bytes in flight to a viewer": [kib(FLIGHT_BYTES_MAX)],
    "control messages that wait for a viewer": [kib(MAX_QUEUED_BYTES)],
    "reorder window of a viewer": [`${count(REORDER_WINDOW_PACKETS)} packets`],
    "connections that have not authenticated": [
      ...[`${unauthenticatedMax},`, `${unauthenticatedPerPrefixMax} from`],
    ],
    "time from first packet to an accepted request": [seconds(connectTimeoutMs)],
    "time from session to a valid ticket": [seconds(HANDSHAKE_TIMEOUT_MS)],
    "ticket": [seconds(TICKET_LIFETIME_MS)],
    "open links": [`${MAX_LINKS},`],
    "browser sessions": [`${MAX_BROWSER_SESSIONS},`],
    "body of a request": [kib(MAX_BODY_BYTES)],
    "rest of who has control before others get it": [`${IDLE_US / 1e6} s`],
    "players with gamepads": [`${PAD_SLOTS};`, `${RESERVE_US / 1e6} s`],
    "changes of people that are told": [`${TELL_INTERVAL_MS} ms`],
    "silence of a player before its keys are released": [seconds(HEARTBEAT_TIMEOUT_MS)],
    "silence of a peer before it counts as gone": [`${QUIC_LIMITS.idleTimeoutMs / 1000} to`],
    "restart of the media process": [
      ...[seconds(firstDelayMs), seconds(delayMsMax), `${failuresMax} failures`],
      `every ${seconds(failedDelayMs)}`,
    ],
    "metrics": [`${MAX_METRICS} of ${MAX_SERIES}`],
    "open pages of the dashboard": [`${MAX_READERS}`],
    "heap snapshots": [seconds(SNAPSHOT_INTERVAL_MS), `${SNAPSHOT_FILES_MAX} files`],
    "end of the host": [seconds(STEP_TIMEOUT_MS)],
  };
  const rows = new Map(rowsOf("Limits").map(([limit = "", ...cells]) => [limit, cells]));
  for (const [limit, values] of Object.entries(expected)) {
    const [text = ""] = rows.get(limit) ?? [];
    for (const value of values) t.ok(text.includes(value), `${limit}: ${value} in "${text}"`);
  }
  for (const [limit, cells] of rows) {
    t.ok(cells.length === 3 && cells.every((cell) => cell !== ""), `${limit}: what for, and how`);
  }
  const levels = rowsOf("Memory").map(([level, begins]) => [level, begins]);
  t.same(levels, [
    ["high", `${100 * PRESSURE_MARKS.high.begins} %`],
    ["critical", `${100 * PRESSURE_MARKS.critical.begins} %`],
  ]);
  t.end();
});
