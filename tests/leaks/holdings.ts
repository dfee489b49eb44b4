/**
 * Holdings: everything that a process may hold and must give back, as counts by name: objects of our
 * classes and of the runtime's, resources, descriptors, threads, native allocations, bytes of the
 * ledger's owners. Two of them are compared by one rule per kind, and what differs is a list of
 * sentences; an empty one means that nothing leaked.
 */

import type { Census } from "./heap_probe.ts";

/** Counts by name. Names begin with their kind, such as `object ViewerSession`. */
export type Holdings = ReadonlyMap<string, number>;

const SOURCE_FOLDERS = ["src", "ffi"].map((name) => new URL(`../../${name}`, import.meta.url));
const CLASS_DECLARATION = /^(?:export )?(?:abstract )?class (\w+)/gm;
/** Classes of the runtime behind which something outside of the heap stands, or that wait. */
const RUNTIME_CLASSES =
  /^(?:Quic|Readable|Writable|Transform|Abort|Timeout|Immediate|Interval|Http|Tcp|Udp|Unix|Child|Worker|Message|WebSocket|Finalization)/;

/** Views: one is kept for each length that a datagram ever had. Lost bytes show as an ArrayBuffer. */
const UNCOUNTED = "object Uint8Array";

/** Names of all classes that our sources declare: nothing has to be listed by hand. */
export async function sourceClasses(): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const visit = async (folder: URL): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const url = new URL(`${folder.href.replace(/\/$/, "")}/${name}`);
      if (isDirectory) await visit(url);
      else if (name.endsWith(".ts")) {
        const text = await Deno.readTextFile(url);
        for (const [, found = ""] of text.matchAll(CLASS_DECLARATION)) names.add(found);
      }
    }
  };
  for (const folder of SOURCE_FOLDERS) await visit(folder);
  return names;
}

/**
 * A census as holdings: what is an object of our own classes or stands for something of the runtime
 * counts exactly; of the rest, which is the engine's to cache, only growth with each repetition is
 * told apart from a cache.
 */
export function objectHoldings(census: Census, ours: ReadonlySet<string>): Map<string, number> {
  const holdings = new Map<string, number>();
  for (const [key, count] of census) {
    if (key === UNCOUNTED) continue;
    const name = key.slice(key.indexOf(" ") + 1);
    const isExact = key.startsWith("object ") && (ours.has(name) || RUNTIME_CLASSES.test(name));
    holdings.set(isExact ? key : `any ${key}`, count);
  }
  return holdings;
}

/** Prefixes each name with where it was counted. */
export function prefixed(prefix: string, holdings: Holdings): [string, number][] {
  return [...holdings].map(([name, count]) => [`${prefix} ${name}`, count]);
}

/**
 * What differs: every count must be equal, except `any` ones, which must have grown by less than one
 * for each repetition of what was done in between.
 */
export function differences(before: Holdings, after: Holdings, repetitions: number): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].sort().flatMap((name) => {
    const was = before.get(name) ?? 0;
    const is = after.get(name) ?? 0;
    const isFine = / ?\bany /.test(name) ? is - was < repetitions : is === was;
    return isFine ? [] : [`${name}: ${was} -> ${is}`];
  });
}

/** Open descriptors of a process by what they are, such as `socket` or `pipe`. */
export async function descriptorHoldings(pid: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of await listed(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => undefined);
    if (target === undefined) continue;
    const key = `descriptor ${target.replace(/:\[\d+\]$/, "")}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Threads of our native code in a process, by name. */
export async function threadHoldings(pid: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of await listed(`/proc/${pid}/task`)) {
    const text = await Deno.readTextFile(`/proc/${pid}/task/${name}/comm`).catch(() => "");
    if (!text.startsWith("wv-")) continue;
    const key = `thread ${text.trim()}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

async function listed(folder: string): Promise<Deno.DirEntry[]> {
  return await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
}
