/**
 * HeapProbe: counts the living objects of a process by their class, or by their properties where
 * they have none, through V8's debugger: those of this process, or of a child that was started with
 * `--inspect`. Each count is a heap snapshot after a full collection, so it is exact and no class has
 * to be named beforehand; it stops the process that is counted for half a second.
 */

import inspector from "node:inspector";

/** Living objects by kind and name, such as `object ViewerSession` or `closure onFrame`. */
export type Census = ReadonlyMap<string, number>;

/** Runtime flags of a child that can be counted; the port is a free one. */
export const INSPECT_FLAGS = ["--inspect=127.0.0.1:0"] as const;

/** Kinds of nodes that a program makes; the rest is the engine's own. */
const COUNTED_KINDS = new Set(["object", "closure", "native", "regexp", "bigint"]);
/** What the engine keeps for itself in step with what it compiles and optimises. */
const ENGINE_NAME = /^system \/ (?!JSArrayBufferData)/;
/** What the engine keeps of each literal of the program, and copies when the literal is evaluated. */
const PATTERN_OWNER = "system / AllocationSite";
/** Properties that tell one plain object from another. */
const SHAPE_NAMES_MAX = 8;
/** Where the engine says that its debugger waits. */
const DEBUGGER_URL = /Debugger listening on (ws:\/\/\S+)/;
const ANSWER_TIMEOUT_MS = 20_000;
const CHUNK_EVENT = "HeapProfiler.addHeapSnapshotChunk";

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly chunk?: string };
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A way to the debugger of one process: messages in the debugger's own protocol. */
interface DebuggerLink {
  post(method: string, params: object): Promise<unknown>;
  close(): void;
}

/** Counts the objects of one process. */
export class HeapProbe implements Disposable {
  readonly #link: DebuggerLink;
  readonly #chunks: string[];

  /** Counts this process. */
  static ofThisProcess(): HeapProbe {
    const chunks: string[] = [];
    return new HeapProbe(linkToThisProcess(chunks), chunks);
  }

  /** Counts a child; `log` is what it wrote to standard error so far. */
  static async ofChild(log: string): Promise<HeapProbe> {
    const url = DEBUGGER_URL.exec(log)?.[1];
    if (url === undefined) throw new Error("Cannot count a process that opened no debugger");
    const chunks: string[] = [];
    return new HeapProbe(await linkToChild(url, chunks), chunks);
  }

  private constructor(link: DebuggerLink, chunks: string[]) {
    this.#link = link;
    this.#chunks = chunks;
  }

  /** Collects everything that can be, and counts the rest. */
  async census(): Promise<Census> {
    this.#chunks.length = 0;
    await this.#link.post("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
    const text = this.#chunks.join("");
    this.#chunks.length = 0;
    return countNodes(text);
  }

  /** What the runtime holds open, by its name, such as `child` or `udpSocket`. */
  async resources(): Promise<Census> {
    const expression = "JSON.stringify(Deno[Deno.internal].core.resources())";
    const answer = await this.#link.post("Runtime.evaluate", { expression, returnByValue: true });
    const { result } = answer as { result: { value?: string } };
    if (result.value === undefined) throw new Error("Cannot read the resources of the runtime");
    return countNames(Object.values(JSON.parse(result.value) as Record<string, string>));
  }

  /** Lets the debugger go. */
  [Symbol.dispose](): void {
    this.#link.close();
  }
}

/** How often each name is in a list. */
export function countNames(names: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

function countNodes(text: string): Census {
  const { snapshot: { meta }, nodes, edges, strings } = JSON.parse(text) as Snapshot;
  const { node_fields: fields, node_types: [kinds] } = meta;
  const [typeAt, nameAt, edgesAt] = ["type", "name", "edge_count"].map((f) => fields.indexOf(f));
  const edgeFields = meta.edge_fields.length;
  const propertyType = meta.edge_types[0].indexOf("property");
  const counts = new Map<string, number>();
  const patterns = new Set<number>();
  visit((_node, name, [first, end]) => {
    if (name !== PATTERN_OWNER) return;
    for (let edge = first; edge < end; edge += edgeFields) patterns.add(edges[edge + 2]!);
  });
  visit((node, name, own) => {
    const kind = kinds[nodes[node + typeAt!]!] ?? "";
    if (!COUNTED_KINDS.has(kind) || ENGINE_NAME.test(name) || patterns.has(node)) return;
    const key = `${kind} ${kind === "object" && name === "Object" ? shapeOf(own) : name}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  return counts;

  /** Gives each node with its name, and where its edges are. */
  function visit(take: (node: number, name: string, own: [number, number]) => void): void {
    const own: [number, number] = [0, 0];
    for (let node = 0, edge = 0; node < nodes.length; node += fields.length) {
      own[0] = edge;
      own[1] = edge += nodes[node + edgesAt!]! * edgeFields;
      take(node, strings[nodes[node + nameAt!]!] ?? "", own);
    }
  }

  /** Names of the properties: plain objects are all of one class, but seldom alike. */
  function shapeOf([first, end]: [number, number]): string {
    const names: string[] = [];
    for (let edge = first; edge < end && names.length < SHAPE_NAMES_MAX; edge += edgeFields) {
      const name = strings[edges[edge + 1]!] ?? "";
      if (edges[edge] === propertyType && name !== "__proto__") names.push(name);
    }
    return `{${names.join(",")}}`;
  }
}

function linkToThisProcess(chunks: string[]): DebuggerLink {
  const session = new inspector.Session();
  session.connect();
  session.on(
    CHUNK_EVENT,
    (event: { params: { chunk: string } }) => chunks.push(event.params.chunk),
  );
  return {
    post(method, params) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      session.post(method, params, (error: Error | null, result?: object) => {
        if (error === null) resolve(result);
        else reject(error);
      });
      return within(promise, method);
    },
    close: () => session.disconnect(),
  };
}

async function linkToChild(url: string, chunks: string[]): Promise<DebuggerLink> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(data) as Answer;
    if (answer.method === CHUNK_EVENT) chunks.push(answer.params?.chunk ?? "");
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  };
  await within(
    new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`Cannot open the debugger at ${url}`));
    }),
    "the connection",
  );
  let lastId = 0;
  return {
    async post(method, params) {
      const id = ++lastId;
      const { promise, resolve } = Promise.withResolvers<Answer>();
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
      const answer = await within(promise, method).finally(() => waiting.delete(id));
      if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
      return answer.result;
    },
    close: () => socket.close(),
  };
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `The debugger does not answer: ${what}`;
    timer = setTimeout(() => reject(new Error(message)), ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
