/**
 * Transports run: the same stream over each way to a host, through the relay: one screen, host and
 * browser for all of them, one viewer at a time. The relay shares this program's event loop.
 */

import type { Rung } from "../../web/transport/ladder.ts";
import { bestClockSample, stageSamples } from "../measure/frame_statistics.ts";
import { drawnFrames, findFreezes } from "../measure/picture_flow.ts";
import type { ProcessGroup } from "../measure/process_group.ts";
import { CpuMeter, partOf, processTree, readMemory } from "../measure/process_usage.ts";
import { type Rig, startRig } from "../measure/rig.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait, waitFor } from "../measure/wait.ts";
import type { Content } from "../measure/x_screen.ts";
import { FaultRelay } from "../relay/fault_relay.ts";
import { RtcRelay } from "../relay/rtc_relay.ts";
import { TcpLink } from "../relay/tcp_link.ts";
import { linksOf, type NetworkProfile, networkProfile } from "./network_profiles.ts";

/** Paths that each way is measured on. */
export const PATHS = ["clean", "2 % loss", "20 -> 4 Mbit/s"] as const;
/** One of `PATHS`. */
export type PathName = (typeof PATHS)[number];

const PROFILES = { "clean": "clean", "2 % loss": "random", "20 -> 4 Mbit/s": "capacity" } as const;
/** A picture that stands longer is seen to. */
const FREEZE_US = 100_000;
const WARM_UP_MS = 3_000;
const GONE_MS = 15_000;
const OFFERS = "**/api/rtc";
const BLACKHOLE = [
  { kind: "blackhole", fromUs: 0, toUs: Number.MAX_SAFE_INTEGER } as const,
];
/** Lets no UDP through. */
const BLOCKED: NetworkProfile = {
  ...networkProfile("clean", 1),
  ...{ down: { losses: BLACKHOLE }, up: { losses: BLACKHOLE } },
};
const PARTS = ["server", "tcp gateway", "webrtc gateway", "chromium renderer"] as const;

/** What is the same for every case. */
export interface TransportSetting {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly content: Content;
  readonly bitrateKbps: number;
  readonly delayMs: number;
  readonly seconds: number;
  readonly seed: number;
}

/** One way on one path. */
export interface TransportMeasurement {
  readonly rung: Rung;
  readonly path: PathName;
  /** From capture to drawing, milliseconds, of every picture that was drawn. */
  readonly latencyMs: readonly number[];
  readonly freezes: number;
  readonly longestFreezeMs: number;
  readonly framesPerSecond: number;
  readonly bitrateMbps: number;
  /** Processor time by part, % of one core. */
  readonly cpu: Readonly<Record<string, number>>;
  /** By which the host's processes grew while this viewer was there, with a gateway that began. */
  readonly hostBytes: number;
}

/** The parts of a run: they end with the group. */
export class TransportRig {
  readonly #setting: TransportSetting;
  readonly #signal: AbortSignal;
  readonly #relay: FaultRelay;
  readonly #rig: Rig;

  private constructor(
    { setting, signal }: { setting: TransportSetting; signal: AbortSignal },
    relay: FaultRelay,
    rig: Rig,
  ) {
    this.#setting = setting;
    this.#signal = signal;
    this.#relay = relay;
    this.#rig = rig;
  }

  /** Starts everything. */
  static async start(
    group: ProcessGroup,
    setting: TransportSetting,
    signal: AbortSignal,
  ): Promise<TransportRig> {
    const clean = networkProfile("clean", setting.seconds);
    const relay = FaultRelay.listen(linksOf(clean, setting.delayMs * 1000, setting.seed));
    group.defer(() => relay.close());
    const { width, height, content, fps, seed } = setting;
    const rig = await startRig(group, {
      ...{ width, height, content, fps, seed },
      hostArgs: ["--bitrate", String(setting.bitrateKbps), "--public-port", String(relay.port)],
    }, signal);
    relay.forwardTo(Number(new URL(rig.host.origin).port));
    const made = new TransportRig({ setting, signal }, relay, rig);
    made.#usePath(clean);
    return made;
  }

  /** Measures one way on one path. */
  async measure(rung: Rung, path: PathName): Promise<TransportMeasurement> {
    const { seconds, fps } = this.#setting;
    const signal = this.#signal;
    const profile = networkProfile(PROFILES[path], seconds);
    const first = profile.isSteady ? profile : networkProfile("clean", seconds);
    this.#usePath(first);
    await this.#empty();
    const before = this.#hostBytes();
    const { viewer, rtc } = await this.#open(rung, first);
    try {
      await viewer.firstPicture(signal);
      await wait(WARM_UP_MS, signal);
      await viewer.startMeasurement();
      const meter = new CpuMeter(Deno.pid, partOf);
      meter.start();
      const startUs = pageTimeUs();
      if (!profile.isSteady) {
        this.#usePath(profile);
        rtc.setLinks(this.#links(profile));
      }
      await wait(seconds * 1000, signal);
      const span = { startUs, endUs: pageTimeUs() };
      const cpu = meter.read();
      const hostBytes = this.#hostBytes() - before;
      const report = await viewer.takeMeasurements();
      const drawn = drawnFrames(report.frames, span);
      const { offsetUs } = bestClockSample(report.probes);
      const freezes = findFreezes(report.frames, span, {
        ...{ longerThanUs: FREEZE_US, intervalUs: 1e6 / fps },
      });
      return {
        ...{ rung, path, hostBytes },
        latencyMs: stageSamples(drawn, offsetUs)["capture -> presented"],
        freezes: freezes.length,
        longestFreezeMs: Math.max(0, ...freezes.map(({ lengthUs }) => lengthUs / 1000)),
        framesPerSecond: drawn.length / seconds,
        bitrateMbps: sumOf(report.frames, ({ bytes }) => bytes) * 8 / seconds / 1e6,
        cpu: Object.fromEntries(PARTS.map((part) => [part, cpu[part] ?? 0])),
      };
    } finally {
      await viewer.close();
      await rtc.close();
    }
  }

  /** Milliseconds from opening the link to the first picture while UDP is blocked. */
  async firstPictureBlocked(): Promise<number> {
    this.#usePath(networkProfile("clean", 1));
    this.#relay.setLinks(this.#links(BLOCKED));
    await this.#empty();
    const { viewer, rtc } = await this.#open(undefined, BLOCKED);
    try {
      const { presentedUs } = await viewer.firstPicture(this.#signal);
      const startUs = await viewer.navigationStartUs();
      await this.#over(viewer, "tcp");
      return (presentedUs - startUs) / 1000;
    } finally {
      await viewer.close();
      await rtc.close();
    }
  }

  /** Milliseconds without a picture after UDP is blocked in mid-session. */
  async pictureBackAfterLoss(): Promise<number> {
    this.#usePath(networkProfile("clean", 1));
    await this.#empty();
    const { viewer, rtc } = await this.#open(undefined, networkProfile("clean", 1));
    try {
      await viewer.firstPicture(this.#signal);
      await this.#over(viewer, "quic");
      await wait(WARM_UP_MS, this.#signal);
      await viewer.startMeasurement();
      const blockedUs = pageTimeUs();
      this.#relay.setLinks(this.#links(BLOCKED));
      rtc.setLinks(this.#links(BLOCKED));
      await this.#over(viewer, "tcp");
      await wait(500, this.#signal);
      const { frames } = await viewer.takeMeasurements();
      const span = { startUs: blockedUs, endUs: pageTimeUs() };
      const gaps = findFreezes(frames, span, {
        ...{ longerThanUs: FREEZE_US, intervalUs: 1e6 / this.#setting.fps },
      });
      return Math.max(0, ...gaps.map(({ lengthUs }) => lengthUs / 1000));
    } finally {
      await viewer.close();
      await rtc.close();
    }
  }

  async #open(
    rung: Rung | undefined,
    profile: NetworkProfile,
  ): Promise<{ viewer: ViewerPage; rtc: RtcRelay }> {
    const { width, height } = this.#setting;
    const link = new URL(this.#relay.urlOf(await this.#rig.host.newLink()));
    if (rung !== undefined) link.searchParams.set("transport", rung);
    let rtc: RtcRelay | undefined;
    const viewer = await ViewerPage.open(
      this.#rig.browser,
      link.href,
      { width, height },
      async (page) => {
        rtc = await RtcRelay.attach(page, OFFERS, this.#links(profile));
      },
    );
    return { viewer, rtc: rtc! };
  }

  async #over(viewer: ViewerPage, rung: Rung): Promise<void> {
    await waitFor(`a picture over ${rung}`, async () => {
      const now = await viewer.page.getAttribute("wavry-viewer", "data-transport");
      return now === rung ? true : undefined;
    }, { timeoutMs: GONE_MS, signal: this.#signal });
  }

  #links(profile: NetworkProfile) {
    return linksOf(profile, this.#setting.delayMs * 1000, this.#setting.seed);
  }

  #usePath(profile: NetworkProfile): void {
    this.#relay.setLinks(this.#links(profile));
    const { down, up } = this.#links(profile);
    const roundTripUs = 2 * this.#setting.delayMs * 1000;
    this.#relay.setTcpLinks({
      down: new TcpLink(down, roundTripUs),
      up: new TcpLink(up, roundTripUs),
    });
  }

  /** The viewer before is gone, and what it had is given back. */
  async #empty(): Promise<void> {
    await waitFor("a host without viewers", async () => {
      const { viewers } = await this.#rig.host.stats() as { viewers: unknown[] };
      return viewers.length === 0 ? true : undefined;
    }, { timeoutMs: GONE_MS, signal: this.#signal });
    await wait(500, this.#signal);
  }

  /** Memory of the server process and its gateways, shared pages in proportion. */
  #hostBytes(): number {
    const parts = processTree(this.#rig.host.program.pid)
      .filter((info) => ["server", "tcp gateway", "webrtc gateway"].includes(partOf(info) ?? ""));
    return sumOf(parts, ({ pid }) => readMemory(pid)?.pssBytes ?? 0);
  }
}

/** The clock of pages: microseconds since the epoch, moving with a monotonic clock. */
function pageTimeUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

function sumOf<T>(list: readonly T[], figureOf: (one: T) => number): number {
  return list.reduce((sum, one) => sum + figureOf(one), 0);
}
