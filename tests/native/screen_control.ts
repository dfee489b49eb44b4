/**
 * ScreenControl for tests: the program build/native/wavry_screen on one X display, which tells its
 * monitors and sets its size; and xrandr for monitors that software makes.
 */

const PROGRAM = new URL("../../build/native/wavry_screen", import.meta.url).pathname;

/** A line that the program says. */
export interface ScreenLine {
  readonly type: "monitors" | "resized";
  readonly width: number;
  readonly height: number;
  readonly isDone?: boolean;
  readonly why?: string;
  readonly monitors?: readonly Record<string, unknown>[];
}

/** The program, running. */
export class ScreenControl implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #lines: ScreenLine[] = [];
  #rest = "";

  constructor(display: string) {
    this.#child = new Deno.Command(PROGRAM, {
      args: [display],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Sets the size and gives the answer. */
  async size(width: number, height: number, dpi = 96): Promise<ScreenLine> {
    await this.say(`size ${width} ${height} ${dpi}`);
    return await this.next("resized");
  }

  /** Sends a line. */
  async say(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
  }

  /** The next line of that type, past others. Rejects when the program ends. */
  async next(type: ScreenLine["type"]): Promise<ScreenLine> {
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        if (line.type === type) return line;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("wavry_screen ended");
      const lines = (this.#rest + value).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines.map((line) => JSON.parse(line) as ScreenLine));
    }
  }

  /** Ends its standard input and gives its exit code. */
  async end(): Promise<number> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel();
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Width, height and place of a monitor, in pixels. */
export type MonitorPlace = readonly [width: number, height: number, x: number, y: number];

/** Plugs a monitor in. */
export async function addMonitor(
  display: string,
  name: string,
  place: MonitorPlace,
): Promise<void> {
  await xrandr(display, ["--setmonitor", name, geometryOf(place), "none"]);
}

/** Gives a monitor another place: out and in again in one go, as programs for screens do. */
export async function moveMonitor(
  display: string,
  name: string,
  place: MonitorPlace,
): Promise<void> {
  const again = ["--setmonitor", name, geometryOf(place), "none"];
  await xrandr(display, ["--delmonitor", name, ...again]);
}

/** Unplugs a monitor. */
export async function removeMonitor(display: string, name: string): Promise<void> {
  await xrandr(display, ["--delmonitor", name]);
}

function geometryOf([width, height, x, y]: MonitorPlace): string {
  return `${width}/100x${height}/100+${x}+${y}`;
}

async function xrandr(display: string, args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command("xrandr", {
    args: [...args],
    env: { DISPLAY: display },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`xrandr ${args.join(" ")} failed`);
}
