/**
 * fec: what forward error correction costs and what it saves: GB/s of each kernel, Gbit/s of the
 * codec, the time of single repair calls, and the loss that is left behind two channels. One thread,
 * no network; the calls run in slices so that Ctrl+C ends the run.
 */

import process from "node:process";
import { FecDecoder } from "../../src/fec/fec_decoder.ts";
import { StreamingFecEncoder } from "../../src/fec/fec_encoder.ts";
import { TERM_BYTES } from "../../src/fec/kernel.ts";
import type { FecKernelName } from "../../src/fec/kernel.ts";
import { createFecKernel, supportedKernels } from "../../src/fec/kernel_choice.ts";
import { isRepairPacket } from "../../src/wire/repair.ts";
import { randomFromSeed } from "../../tests/seeded.ts";
import { SourceStream } from "../../tests/unit/fec/source_stream.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { atLeast, atMost, type Check, type Value } from "../report/report.ts";
import { type Scenario, type ScenarioRun, wholeNumberOption } from "../scenario.ts";
import { burstLoss, independentLoss } from "../simulator/loss_process.ts";
import { measureResidualLoss, type ResidualLoss } from "./fec_residual.ts";

const SYMBOL_BYTES = 1280;
const SYMBOL_HEADER_BYTES = 16;
const WINDOW = 64;
const REDUNDANCY = 0.2;
/** Loss of the decoding run: half of what the redundancy can bear. */
const DECODE_LOSS = 0.1;
/** Source packets of one round: 5 MB, more than the caches close to the core. */
const ROUND_PACKETS = 4096;
const ROUND_BYTES = 80_000_000;
/** Rounds before the compiler of the runtime has done its work. */
const WARM_UP_ROUNDS = 3;
const PACKETS_PER_SLICE = 2_000_000;

/** GB/s that each kernel must reach; see design figures in docs/BENCHMARKS.md. */
const KERNEL_TARGETS: Readonly<Record<FecKernelName, number>> = {
  relaxed: 20,
  strict: 15,
  table: 1,
};

interface Options {
  rounds: number;
  packets: number;
}

interface Output {
  readonly distributions: Record<string, Distribution>;
  readonly values: Record<string, Value>;
  readonly checks: Check[];
}

/** Speed of the code and the loss that it leaves. */
export const fec: Scenario<Options> = {
  name: "fec",
  summary: "speed of forward error correction and the loss that it leaves",
  options: {
    rounds: wholeNumberOption("--rounds <n>", "rounds of each measurement of speed", {
      min: 4,
      max: 200,
      fallback: 25,
    }),
    packets: wholeNumberOption("--packets <n>", "source packets of each channel", {
      min: 100_000,
      max: 100_000_000,
      fallback: 4_000_000,
    }),
  },
  deadlineSeconds: ({ rounds, packets }) => 120 + 4 * rounds + packets / 10_000,
  async run(run) {
    const out: Output = { distributions: {}, values: {}, checks: [] };
    for (const name of supportedKernels()) await measureKernel(run, name, out);
    await measureCodec(run, out);
    await measureChannels(run, out);
    const missing = (["relaxed", "strict"] as const)
      .filter((name) => !supportedKernels().includes(name));
    const notes = [
      "GB/s count the source bytes that one call over a window of 64 symbols of 1,280 bytes reads",
      "Gbit/s count source symbols; decoding loses 10 % of all packets and ends with them recovered",
      "Speeds are per second of processor time, one round each; checks are against the median",
      "The time of one call is of the wall clock, so other load on the machine shows in its tail",
      ...missing.map((name) => `This runtime cannot run the kernel "${name}"`),
    ];
    return {
      results: { distributions: out.distributions, values: out.values, notes },
      checks: out.checks,
    };
  },
};

async function measureKernel(
  run: ScenarioRun<Options>,
  name: FecKernelName,
  out: Output,
): Promise<void> {
  const regionBytes = WINDOW * SYMBOL_BYTES;
  const kernel = createFecKernel(regionBytes + WINDOW * TERM_BYTES + SYMBOL_BYTES, name);
  const base = kernel.arenaStart;
  const terms = base + regionBytes;
  const destination = terms + WINDOW * TERM_BYTES;
  kernel.bytes.set(randomFromSeed(run.seed).bytes(regionBytes), base);
  for (let term = 0; term < WINDOW; term++) {
    kernel.words[(terms >> 2) + 2 * term] = base + term * SYMBOL_BYTES;
    kernel.words[(terms >> 2) + 2 * term + 1] = 1 + (term * 37) % 255;
  }
  // The slow kernel gets fewer bytes, so that its rounds take as long.
  const calls = Math.ceil(ROUND_BYTES / regionBytes / (name === "table" ? 10 : 1));
  const rates = await measureRounds(run, () => {
    for (let call = 0; call < calls; call++) {
      kernel.combine(destination, terms, WINDOW, SYMBOL_BYTES);
    }
    return calls * regionBytes;
  });
  const rate = distributionOf(rates.map((bytesPerMs) => bytesPerMs / 1e6), "GB/s");
  out.distributions[`kernel ${name}`] = rate;
  out.checks.push(atLeast(`kernel ${name}: GB/s, median`, rate.p50, KERNEL_TARGETS[name]));
  run.log(`kernel ${name}: ${rate.p50?.toFixed(1)} GB/s`);
}

async function measureCodec(run: ScenarioRun<Options>, out: Output): Promise<void> {
  const random = randomFromSeed(run.seed);
  const bounds = { windowPacketsMin: WINDOW, windowPacketsMax: WINDOW };
  const encoder = new StreamingFecEncoder({ streamId: 0, ...bounds });
  encoder.setRedundancy(REDUNDANCY);
  const stream = new SourceStream(random, {
    framePackets: 20,
    payloadBytes: SYMBOL_BYTES - SYMBOL_HEADER_BYTES,
  });
  const packets = Array.from({ length: ROUND_PACKETS }, () => stream.next());
  let sourceId = 0;
  const encodeUs: number[] = [];
  const encodeRound = (received?: Uint8Array[]) => {
    for (const packet of packets) {
      setSourceId(packet, sourceId++);
      encoder.push(packet);
      if (received !== undefined && random.next() >= DECODE_LOSS) received.push(packet.slice());
      for (;;) {
        const startMs = performance.now();
        const repair = encoder.pullRepair(0);
        if (repair === undefined) break;
        encodeUs.push((performance.now() - startMs) * 1000);
        if (received !== undefined && random.next() >= DECODE_LOSS) received.push(repair.slice());
      }
    }
    return ROUND_PACKETS * SYMBOL_BYTES;
  };
  const encodeRates = await measureRounds(run, () => encodeRound());
  addCodec(run, out, { name: "encode", rates: encodeRates, target: 5 });

  const decoder = new FecDecoder({ streamId: 0 });
  const decodeUs: number[] = [];
  let recovered = 0;
  let received: Uint8Array[] = [];
  const decodeRates = await measureRounds(run, () => {
    for (const packet of received) {
      if (isRepairPacket(packet)) {
        const startMs = performance.now();
        decoder.pushRepair(packet);
        decodeUs.push((performance.now() - startMs) * 1000);
      } else decoder.pushSource(packet);
      while (decoder.pull() !== undefined) recovered++;
    }
    return ROUND_PACKETS * SYMBOL_BYTES;
  }, () => {
    received = [];
    encodeRound(received);
  });
  addCodec(run, out, { name: "decode", rates: decodeRates, target: 8 });
  out.values["decode: recovered packets"] = { value: recovered, unit: "packets" };
  out.values["encoder memory"] = { value: encoder.bufferBytes, unit: "bytes" };
  out.values["decoder memory"] = { value: decoder.bufferBytes, unit: "bytes" };
  out.checks.push(atMost("decoder memory: bytes", decoder.bufferBytes, 819_200));
  for (const [name, samples] of [["encode", encodeUs], ["decode", decodeUs]] as const) {
    const calls = distributionOf(samples.slice(samples.length >> 2), "us");
    out.distributions[`${name} one repair`] = calls;
    out.checks.push(atMost(`${name} one repair: us, p99.9`, calls["p99.9"], 200));
  }
}

function addCodec(
  run: ScenarioRun<Options>,
  out: Output,
  result: { readonly name: string; readonly rates: number[]; readonly target: number },
): void {
  const { name, rates, target } = result;
  const rate = distributionOf(rates.map((bytesPerMs) => bytesPerMs * 8 / 1e6), "Gbit/s");
  out.distributions[`codec ${name}`] = rate;
  out.checks.push(atLeast(`codec ${name}: Gbit/s, median`, rate.p50, target));
  run.log(`codec ${name}: ${rate.p50?.toFixed(1)} Gbit/s`);
}

/** Bytes per millisecond of processor time of each round after warming up; `prepare` is not timed. */
async function measureRounds(
  run: ScenarioRun<Options>,
  round: () => number,
  prepare: () => void = () => {},
): Promise<number[]> {
  const rates: number[] = [];
  for (let index = -WARM_UP_ROUNDS; index < run.options.rounds; index++) {
    prepare();
    const startMs = processorMs();
    const bytes = round();
    const elapsedMs = processorMs() - startMs;
    if (index >= 0) rates.push(bytes / elapsedMs);
    await breathe(run);
  }
  return rates;
}

async function measureChannels(run: ScenarioRun<Options>, out: Output): Promise<void> {
  const burst = { rate: 0.02, meanBurst: 3 };
  const channels = [
    { name: "isolated 2 %, window 64", windowPackets: 64, burst: undefined, target: 1, share: 1 },
    { name: "bursts 2 % of 3, window 64", windowPackets: 64, burst, target: 500, share: 1 },
    // Here losses come in rare lots of some fifty: with fewer packets one lot decides.
    { name: "bursts 2 % of 3, window 128", windowPackets: 128, burst, target: 10, share: 3 },
  ];
  for (const { name, windowPackets, burst, target, share } of channels) {
    const packets = run.options.packets * share;
    const random = randomFromSeed(run.seed);
    const isLost = burst === undefined ? independentLoss(random, 0.02) : burstLoss(random, burst);
    const parts: ResidualLoss[] = [];
    for (let done = 0; done < packets; done += PACKETS_PER_SLICE) {
      const sourcePackets = Math.min(PACKETS_PER_SLICE, packets - done);
      parts.push(measureResidualLoss(isLost, {
        sourcePackets,
        windowPackets,
        redundancy: REDUNDANCY,
        framePackets: 5,
      }));
      await breathe(run);
    }
    addChannel(out, name, parts);
    const residual = out.values[`${name}: residual`]?.value;
    out.checks.push(atMost(`${name}: residual, ppm`, residual, target));
    run.log(`${name}: residual ${residual} ppm`);
    if (burst !== undefined) continue;
    out.checks.push(
      atMost(`${name}: slots to recover, p50`, out.values[`${name}: slots p50`]?.value, 3),
      atMost(`${name}: slots to recover, p99`, out.values[`${name}: slots p99`]?.value, 15),
    );
  }
}

function addChannel(out: Output, name: string, parts: readonly ResidualLoss[]): void {
  const sum = (pick: (part: ResidualLoss) => number) =>
    parts.reduce((total, part) => total + pick(part), 0);
  const largest = (pick: (part: ResidualLoss) => number) => Math.max(...parts.map(pick));
  const packets = sum((part) => part.sourcePackets);
  const never = sum((part) => part.lost - part.recovered);
  out.values[`${name}: lost`] = { value: sum((part) => part.lost), unit: "packets" };
  out.values[`${name}: never recovered`] = { value: never, unit: "packets" };
  out.values[`${name}: residual`] = { value: never / packets * 1e6, unit: "ppm" };
  out.values[`${name}: slots p50`] = {
    value: largest((part) => part.delaySlotsP50),
    unit: "slots",
  };
  out.values[`${name}: slots p99`] = {
    value: largest((part) => part.delaySlotsP99),
    unit: "slots",
  };
  out.checks.push(atMost(`${name}: wrong bytes`, sum((part) => part.wrong), 0));
}

/** Processor time of this process so far: other load on the machine is not in it. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function setSourceId(packet: Uint8Array, sourceId: number): void {
  packet[4] = sourceId;
  packet[5] = sourceId >>> 8;
  packet[6] = sourceId >>> 16;
  packet[7] = sourceId >>> 24;
}

/** Lets signals in, so that Ctrl+C and the deadline work between slices. */
async function breathe(run: ScenarioRun<Options>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  run.signal.throwIfAborted();
}
