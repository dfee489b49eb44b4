/**
 * Figures of a run of the congestion benchmark: what the samples of one part of it say.
 */

import { PACKET_OVERHEAD_BYTES } from "../simulator/link_model.ts";
import { type CongestionTrace, DATAGRAM_BYTES, type ViewerTrace } from "./congestion_run.ts";

/** A part of a run. */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** What packets waited at the bottleneck, milliseconds. */
export function queueWaits(trace: CongestionTrace, { fromUs, toUs }: Span): number[] {
  const waited: number[] = [];
  trace.sentAtUs.forEach((atUs, index) => {
    if (atUs >= fromUs && atUs < toUs) waited.push(trace.waitedUs[index]! / 1000);
  });
  return waited;
}

/** Rate that arrived at a viewer, bits a second of datagrams. */
export function arrivedBps(trace: CongestionTrace, viewer: ViewerTrace, span: Span): number {
  return rateOf(trace, viewer.arrivedBytes, span);
}

/** Rate that arrived of the loss-based flow. */
export function otherBps(trace: CongestionTrace, span: Span): number {
  return rateOf(trace, trace.otherBytes, span);
}

/** Share of the link that the packets of all viewers filled, with their headers. */
export function utilisation(
  trace: CongestionTrace,
  { linkBps, span }: { readonly linkBps: number; readonly span: Span },
): number {
  const bps = trace.viewers.reduce((sum, viewer) => sum + arrivedBps(trace, viewer, span), 0);
  return bps * (DATAGRAM_BYTES + PACKET_OVERHEAD_BYTES) / DATAGRAM_BYTES / linkBps;
}

/** Seconds from `span.fromUs` until the target reaches `bps`; undefined when it does not in the span. */
export function secondsToReach(
  trace: CongestionTrace,
  { viewer, span, bps }: {
    readonly viewer: ViewerTrace;
    readonly span: Span;
    readonly bps: number;
  },
): number | undefined {
  const { first, last } = samplesOf(trace, span);
  for (let sample = first; sample <= last; sample++) {
    if (viewer.targetBps[sample]! >= bps) return (sample - first) * trace.sampleUs / 1e6;
  }
  return undefined;
}

/** Jain's index: 1 when all rates are equal, 1 / n when one has all. */
export function fairness(rates: readonly number[]): number {
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const squares = rates.reduce((total, rate) => total + rate * rate, 0);
  return squares === 0 ? 0 : sum * sum / (rates.length * squares);
}

function rateOf(trace: CongestionTrace, bytes: readonly number[], span: Span): number {
  const { first, last } = samplesOf(trace, span);
  const elapsedUs = (last - first) * trace.sampleUs;
  return elapsedUs > 0 ? (bytes[last]! - bytes[first]!) * 8e6 / elapsedUs : 0;
}

function samplesOf(trace: CongestionTrace, span: Span): { first: number; last: number } {
  const samples = trace.otherBytes.length;
  const at = (us: number) => Math.min(samples - 1, Math.ceil(us / trace.sampleUs));
  return { first: at(span.fromUs), last: at(span.toUs) };
}
