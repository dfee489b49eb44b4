/**
 * DashboardBench: the dashboard's feed over a real stream, a real session on a loopback connection and
 * a memory that the test sets, for the tests of the feed.
 */

import { ManualClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { MediaStats } from "../../../src/ipc/media_message.ts";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { MemoryPressure } from "../../../src/memory/memory_pressure.ts";
import { memorySample } from "../../../src/memory/memory_sample.ts";
import { DashboardFeed } from "../../../src/server/dashboard/dashboard_feed.ts";
import { Stream } from "../../../src/server/streams/stream.ts";
import { ControlChannel } from "../../../src/session/control_channel.ts";
import type { HostFrame } from "../../../src/session/session_host.ts";
import { SessionRights } from "../../../src/session/session_rights.ts";
import { ViewerSession } from "../../../src/session/viewer_session.ts";
import { hostFrame, TestHost } from "../session/test_host.ts";
import { TestViewer } from "../session/test_viewer.ts";
import { EventParser } from "../../../web/dashboard/event_parser.ts";
import type { ServerEvent } from "../../../web/dashboard/event_parser.ts";

const MB = 1_000_000;
export const STARTED_MS = 1_700_000_000_000;
export const LIMIT_BYTES = 1000 * MB;

/** A feed with everything it reads. */
export class DashboardBench {
  readonly clock = new ManualClock();
  readonly ledger = new MemoryLedger();
  readonly sessions: ViewerSession[] = [];
  readonly host = new TestHost();
  readonly stream: Stream;
  readonly feed: DashboardFeed;
  readonly pressure = new MemoryPressure({
    limitBytes: LIMIT_BYTES,
    onChange: () => {},
    onFault: (_name, error) => {
      throw error;
    },
  });
  rssBytes = 200 * MB;
  /** Samples that were taken of the memory. */
  samples = 0;
  media: MediaStats | undefined;

  constructor() {
    this.stream = makeStream(this.clock);
    this.feed = new DashboardFeed({
      ledger: this.ledger,
      sources: {
        sample: () => this.#sample(),
        pressure: this.pressure,
        sessions: () => this.sessions,
        person: ({ id }) => ({ name: `Guest ${id}`, controls: id === "v0" ? [0] : [] }),
        turnedAway: () => 2,
        media: () => this.media,
        mediaState: () => ({ state: "running", restarts: 1 }),
        uptimeSeconds: () => 5,
        nowUs: () => this.clock.nowUs(),
      },
      streams: () => [{ id: 0, name: "Desktop", stream: this.stream }],
      hello: () => ({
        ...{ version: "1.2.3", machineName: "desk", startedMs: STARTED_MS, maxViewers: 8 },
        ...{ limitBytes: LIMIT_BYTES, highBytes: 750 * MB, criticalBytes: 900 * MB },
        ...{ budgetBytes: 300 * MB, caps: [{ owner: "dashboard", bytes: MB }] },
      }),
      hostTimeUs: (nowUs) => nowUs + 1_000_000,
      nowMs: () => this.clock.nowUs() / 1000,
      log: silentLogger,
    });
  }

  /** A second passes, and a sample is taken. */
  tick(): void {
    this.clock.advance(1_000_000);
    this.feed.tick();
  }

  /** A viewer on a loopback connection. */
  async join(): Promise<TestViewer> {
    const viewer = await new TestViewer().open();
    const control = await viewer.server.acceptBidirectional();
    const session: ViewerSession = new ViewerSession({
      ...{ id: `v${this.sessions.length}`, browserSessionId: "s1" },
      rights: new SessionRights("player"),
      ...{ connection: viewer.server, host: this.host, clock: this.clock, log: silentLogger },
      control: new ControlChannel(control!, (why) => session.end("quit", why, true)),
    });
    void session.run();
    await viewer.heard("welcome");
    this.sessions.push(session);
    return viewer;
  }

  /** A frame for the stream and those who watch. */
  frame(frameId: number): HostFrame {
    const frame = hostFrame(frameId, frameId === 1 ? 0 : 1);
    this.stream.onFrame(frame, this.clock.nowUs());
    this.host.push(frame, this.clock.nowUs());
    return frame;
  }

  #sample() {
    this.samples++;
    const { rssBytes, media } = this;
    const rest = { pssBytes: undefined, virtualBytes: undefined, descriptors: 9 };
    return memorySample({
      timeMs: STARTED_MS + this.clock.nowUs() / 1000,
      server: { ...rest, rssBytes, heapUsedBytes: MB, externalBytes: 0 },
      media: media && { ...rest, rssBytes: 0, heapUsedBytes: 0, externalBytes: undefined },
      native: { bytes: 0, live: 0 },
      owners: this.ledger.snapshot(),
    });
  }
}

function makeStream(clock: ManualClock): Stream {
  const nothing = () => {};
  return new Stream({
    ...{ id: 0, name: "Desktop", bitrateBps: MB, fps: 60, controller: "trend", keepWarmMs: 0 },
    port: {
      ...{ start: nothing, stop: nothing, requestKeyframe: nothing },
      ...{ setRate: nothing, invalidate: nothing, sendInput: nothing },
    },
    ...{ clock, log: silentLogger, broadcast: nothing, tell: nothing },
    ...{ onDescribed: nothing, onDeviceLost: nothing },
  });
}

/** The events of a stream, one after the other. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #parser = new EventParser();
  #events: ServerEvent[] = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next event; undefined when the stream is over. */
  async next(): Promise<{ name: string; id: string | undefined; data: unknown } | undefined> {
    while (this.#events.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#events = this.#parser.push(new TextDecoder().decode(value));
    }
    const { name, id, data } = this.#events.shift()!;
    return { name, id, data: JSON.parse(data) };
  }

  /** The page goes away. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
