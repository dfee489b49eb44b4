/**
 * Network run: one profile, measured: screen, host, relay and browser are started anew, the viewer
 * watches through the relay, and what it drew, what the host counted and what the link did are taken
 * over the same span. The relay shares this program's event loop, which does nothing else meanwhile.
 */

import type { MeasurementReport } from "../../web/viewer/receive/frame_log.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { CpuMeter, partOf } from "../measure/process_usage.ts";
import type { Span } from "../measure/picture_flow.ts";
import { startRig } from "../measure/rig.ts";
import { type Stall, StallWatch } from "../measure/stall_watch.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait } from "../measure/wait.ts";
import type { Content } from "../measure/x_screen.ts";
import { FaultRelay } from "../relay/fault_relay.ts";
import type { RelayedPacket, UdpRelayStats } from "../relay/udp_relay.ts";
import {
  linksOf,
  type NetworkProfile,
  networkProfile,
  type ProfileName,
} from "./network_profiles.ts";

/** What is the same for every profile. */
export interface NetworkSetting {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly content: Content;
  readonly bitrateKbps: number;
  readonly delayMs: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly seed: number;
}

/** What was seen of one profile. */
export interface NetworkMeasurement {
  readonly name: ProfileName;
  readonly profile: NetworkProfile;
  /** The measured time on the page's clock. */
  readonly span: Span;
  readonly report: MeasurementReport;
  /** Packets from the host as they entered the link, times since the span's start. */
  readonly packets: readonly RelayedPacket[];
  readonly relay: UdpRelayStats;
  /** Counters of the viewer at the host, what they grew by. */
  readonly host: Readonly<Record<string, number>>;
  /** Times at which this program had no turn, on the page's clock. */
  readonly stalls: readonly Stall[];
  /** The same session was there all the time. */
  readonly isSameSession: boolean;
  /** Processor time by part, % of one core. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** Frames that are on their way when the time is up may still arrive and be drawn. */
const DRAIN_MS = 500;
const CALM_MS = 1000;
/** A program that has no turn for so long sits on a machine that is too busy. */
const STALL_US = 20_000;

/** Measures one profile. */
export async function measureNetwork(
  name: ProfileName,
  setting: NetworkSetting,
  signal: AbortSignal,
): Promise<NetworkMeasurement> {
  const { width, height, fps, content, seconds, delayMs, seed } = setting;
  const profile = networkProfile(name, seconds);
  const packets: RelayedPacket[] = [];
  await using group = new ProcessGroup(signal);
  const links = (chosen: NetworkProfile) => linksOf(chosen, delayMs * 1000, seed);
  const first = profile.isSteady ? profile : networkProfile("clean", seconds);
  const relay = FaultRelay.listen(links(first), (packet) => packets.push(packet));
  group.defer(() => relay.close());
  const rig = await startRig(group, {
    ...{ width, height, content, fps, seed },
    hostArgs: ["--bitrate", String(setting.bitrateKbps), "--public-port", String(relay.port)],
  }, signal);
  relay.forwardTo(Number(new URL(rig.host.origin).port));
  const link = relay.urlOf(await rig.host.newLink());
  const viewer = await ViewerPage.open(rig.browser, link, { width, height });
  await viewer.firstPicture(signal);
  await wait(setting.warmUp * 1000, signal);

  await viewer.startMeasurement();
  const meter = new CpuMeter(Deno.pid, partOf);
  meter.start();
  // Reading all processes stops the relay for a moment, which must be over when the time starts.
  await wait(CALM_MS, signal);
  const before = viewerCounters(await rig.host.stats());
  packets.length = 0;
  const relayBefore = structuredClone(relay.stats);
  using watch = new StallWatch(pageTimeUs, STALL_US);
  const startUs = pageTimeUs();
  relay.setLinks(links(profile));
  const rebinds = profile.rebindsUs.map((atUs) => setTimeout(() => relay.rebind(), atUs / 1000));
  group.defer(() => Promise.resolve(rebinds.forEach(clearTimeout)));
  await wait(seconds * 1000, signal);
  const endUs = pageTimeUs();
  const relayAfter = structuredClone(relay.stats);
  const after = viewerCounters(await rig.host.stats());
  const stalls = [...watch.stalls];
  const cpu = meter.read();
  await wait(DRAIN_MS, signal);
  const report = await viewer.takeMeasurements();
  return {
    ...{ name, profile, report, cpu, stalls },
    span: { startUs, endUs },
    packets: packets.filter(({ timeUs }) => timeUs <= endUs - startUs),
    relay: relayDifference(relayBefore, relayAfter),
    host: difference(before.counters, after.counters),
    isSameSession: before.id !== undefined && before.id === after.id,
  };
}

/** The clock of pages: microseconds since the epoch, moving with a monotonic clock. */
function pageTimeUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** The only viewer of a host, and every number that the host counts of what it sent to it. */
function viewerCounters(
  stats: Record<string, unknown>,
): { id: unknown; counters: Record<string, number> } {
  const viewers = stats["viewers"] as { id?: unknown; sent?: unknown }[];
  const [viewer] = viewers;
  return { id: viewers.length === 1 ? viewer?.id : undefined, counters: numbersOf(viewer?.sent) };
}

/** Numbers in an object and the objects in it, by their paths. */
export function numbersOf(value: unknown, path = ""): Record<string, number> {
  const numbers: Record<string, number> = {};
  if (typeof value === "number") numbers[path] = value;
  if (typeof value !== "object" || value === null) return numbers;
  for (const [key, child] of Object.entries(value)) {
    Object.assign(numbers, numbersOf(child, path === "" ? key : `${path}.${key}`));
  }
  return numbers;
}

function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)]),
  );
}

function relayDifference(before: UdpRelayStats, after: UdpRelayStats): UdpRelayStats {
  const direction = (key: "down" | "up") =>
    difference({ ...before[key] }, { ...after[key] }) as unknown as UdpRelayStats["down"];
  return {
    down: direction("down"),
    up: direction("up"),
    rebinds: after.rebinds - before.rebinds,
    latenessUsMax: after.latenessUsMax,
    late: after.late - before.late,
  };
}
