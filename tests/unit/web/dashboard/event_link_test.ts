import t from "tap";
import { EventLink, RETRY_MS_MAX, SILENCE_MS } from "../../../../web/dashboard/event_link.ts";
import type { LinkState } from "../../../../web/dashboard/event_link.ts";
import type { ServerEvent } from "../../../../web/dashboard/event_parser.ts";

interface Asked {
  readonly path: string;
  readonly lastEventId: string | null;
  readonly secret: string | undefined;
}

/** What a host answers next: a status, or a stream that the test writes to. */
type Answer = number | "stream" | "nothing";

const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

/** A link to a host whose answers are a list. */
class Bench {
  readonly asked: Asked[] = [];
  readonly states: LinkState[] = [];
  readonly events: ServerEvent[] = [];
  readonly answers: Answer[];
  readonly link: EventLink;
  stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  cancelled = 0;
  refuses = false;
  #timers = new Map<number, { run: () => void; waitMs: number }>();
  #nextTimer = 1;

  constructor(...answers: Answer[]) {
    this.answers = answers;
    this.link = new EventLink({
      request: (path, init) => this.#answer(path, init),
      onEvent: (event) => {
        if (this.refuses) throw new Error("Another version");
        this.events.push(event);
      },
      changed: (state) => this.states.push(state),
      setTimer: (run, waitMs) => {
        this.#timers.set(this.#nextTimer, { run, waitMs });
        return this.#nextTimer++;
      },
      clearTimer: (timer) => this.#timers.delete(timer),
      random: () => 0.5,
    });
  }

  /** Waits of the timers that run. */
  get waits(): number[] {
    return [...this.#timers.values()].map(({ waitMs }) => waitMs);
  }

  get names(): string[] {
    return this.states.map((state) => state.name === "refused" ? state.cause : state.name);
  }

  /** The one timer that runs is due. */
  async due(): Promise<void> {
    const [timer, due] = [...this.#timers][0]!;
    this.#timers.delete(timer);
    due.run();
    await settle();
  }

  async say(text: string): Promise<void> {
    this.stream!.enqueue(new TextEncoder().encode(text));
    await settle();
  }

  #answer(path: string, init: RequestInit): Promise<Response> {
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body));
    const lastEventId = new Headers(init.headers).get("last-event-id");
    this.asked.push({ path, lastEventId, secret: body?.secret });
    const answer = this.answers.shift() ?? "nothing";
    if (answer === "nothing") return Promise.reject(new TypeError("Failed to fetch"));
    if (typeof answer === "number") {
      return Promise.resolve(new Response(answer === 204 ? null : "{}", { status: answer }));
    }
    return Promise.resolve(
      new Response(
        new ReadableStream({
          start: (controller) => {
            this.stream = controller;
            init.signal?.addEventListener("abort", () => controller.error(new Error("aborted")));
          },
          cancel: () => {
            this.cancelled++;
          },
        }),
      ),
    );
  }
}

t.test("EventLink signs in with a token, once, and reads", async (t) => {
  const bench = new Bench(204, "stream");
  bench.link.start("secret");
  await settle();
  t.same(bench.asked.map(({ path, secret }) => [path, secret]), [
    ["/api/admin/session", "secret"],
    ["/api/dashboard/events", undefined],
  ]);
  t.equal(bench.link.state.name, "connecting", "nothing was said yet");
  await bench.say("event: hello\ndata: {}\n\n");
  t.same(bench.names, ["live"]);
  t.same(bench.events.map(({ name }) => name), ["hello"]);
  t.same(bench.waits, [SILENCE_MS]);
  bench.link.stop();
  t.same(bench.waits, [], "nothing runs any more");
});

t.test("EventLink comes back with growing pauses and the id of what it saw last", async (t) => {
  const bench = new Bench("stream", "nothing", 500, 502, "nothing", "nothing", "nothing", "stream");
  bench.link.start();
  await settle();
  await bench.say("event: sample\nid: 1.5\ndata: {}\n\n");
  bench.stream!.close();
  await settle();
  t.match(bench.link.state, { name: "reconnecting", attempt: 1, why: "network" });
  const waits: number[] = [];
  for (let tries = 0; tries < 7; tries++) {
    t.equal(bench.waits.length, 1, "one timer");
    waits.push(bench.waits[0]!);
    await bench.due();
  }
  t.same(waits, [500, 1000, 2000, 4000, 8000, RETRY_MS_MAX, RETRY_MS_MAX]);
  t.same(new Set(bench.asked.slice(1).map(({ lastEventId }) => lastEventId)), new Set(["1.5"]));
  await bench.say("event: sample\nid: 1.9\ndata: {}\n\n");
  t.equal(bench.link.state.name, "live");
  bench.stream!.close();
  await settle();
  t.same(bench.waits, [500], "the pauses begin small again");
  bench.link.stop();
});

t.test("EventLink gives up a stream that is silent", async (t) => {
  const bench = new Bench("stream", "stream");
  bench.link.start();
  await settle();
  await bench.say("event: sample\nid: 1.5\ndata: {}\n\n");
  await bench.due();
  t.match(bench.link.state, { name: "reconnecting", attempt: 1 });
  await bench.due();
  await bench.say(": still here\n\n");
  t.equal(bench.link.state.name, "reconnecting", "a comment is no figure");
  await bench.say("event: sample\nid: 1.6\ndata: {}\n\n");
  t.equal(bench.link.state.name, "live");
  bench.link.stop();
});

t.test("EventLink tries at once when there is a reason to", async (t) => {
  const bench = new Bench("nothing", "stream");
  bench.link.start();
  await settle();
  t.equal(bench.link.state.name, "reconnecting");
  bench.link.hurry();
  await settle();
  await bench.say("event: hello\ndata: {}\n\n");
  t.equal(bench.link.state.name, "live");
  bench.link.hurry();
  t.equal(bench.asked.length, 2, "and not while it is live");
  bench.link.stop();
});

t.test("EventLink tells why the host does not let it in, and stops", async (t) => {
  const cases: [string, Answer[], string | undefined][] = [
    ["no_token", [401], undefined],
    ["forbidden", [403], undefined],
    ["bad_token", [401], "secret"],
    ["bad_token", [400], "secret"],
    ["too_often", [429], "secret"],
    ["forbidden", [403], "secret"],
  ];
  for (const [cause, answers, secret] of cases) {
    const bench = new Bench(...answers);
    bench.link.start(secret);
    await settle();
    t.same(bench.names, [cause], `${cause} by ${answers}`);
    t.same(bench.waits, [], "it does not try again");
    t.equal(bench.asked.length, 1);
  }
  const expired = new Bench("stream", 401);
  expired.link.start();
  await settle();
  await expired.say("event: sample\nid: 1.5\ndata: {}\n\n");
  expired.stream!.close();
  await settle();
  await expired.due();
  t.same(expired.names, ["live", "reconnecting", "expired"]);
});

t.test("EventLink heeds what the host says of the end", async (t) => {
  const out = new Bench("stream");
  out.link.start();
  await settle();
  await out.say(
    'event: sample\nid: 1.5\ndata: {}\n\nevent: end\ndata: {"reason":"signed_out"}\n\n',
  );
  t.same(out.names, ["live", "expired"]);
  t.same(out.waits, []);
  const closed = new Bench("stream");
  closed.link.start();
  await settle();
  await closed.say('event: end\ndata: {"reason":"shutdown"}\n\n');
  closed.stream!.close();
  await settle();
  t.match(closed.link.state, { name: "reconnecting", why: "shutdown" });
  closed.link.stop();
  const full = new Bench(503);
  full.link.start();
  await settle();
  t.match(full.link.state, { name: "reconnecting", why: "full" });
  full.link.stop();
});

t.test("EventLink stops at what another version says", async (t) => {
  const bench = new Bench("stream");
  bench.refuses = true;
  bench.link.start();
  await settle();
  await bench.say("event: sample\nid: 1.5\ndata: {}\n\n");
  t.same(bench.names, ["version"]);
  t.same(bench.waits, []);
});
