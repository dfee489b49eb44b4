/**
 * ScreenControl: one X screen from the server process, which opens no X display itself: the program
 * `wavry_screen` tells of its monitors whenever they change, and sets its size. It is kept running, and
 * a screen that started anew gets the size that was asked for last.
 */

import { NativeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import * as schema from "../../core/schema.ts";
import { MAX_PICTURE_SIDE } from "../../wire/codec.ts";
import { MAX_MONITOR_NAME, MAX_MONITORS } from "../../wire/monitor_messages.ts";
import type { PictureSize } from "../config/option_schemas.ts";
import type { ChildReaper } from "../processes/child_reaper.ts";
import { SupervisedChild } from "../processes/supervised_child.ts";

/** How long a change of size may take; 10 ms are usual. */
const RESIZE_TIMEOUT_MS = 3000;
/** What is kept of one line: sixteen monitors are 2 KB. */
const MAX_LINE = 8192;
/** Dots an inch of a screen whose pixels are of usual size. */
const USUAL_DPI = 96;

const side = schema.integer(0, 65_535);
const place = schema.integer(-32_768, 32_767);

const lineSchema = schema.variants({
  monitors: {
    width: side,
    height: side,
    monitors: schema.list(
      schema.object({
        name: schema.text(MAX_MONITOR_NAME),
        x: place,
        y: place,
        width: side,
        height: side,
        primary: schema.boolean,
        refreshMilliHz: schema.integer(0, 0xffff_ffff),
      }),
      MAX_MONITORS,
    ),
  },
  resized: { width: side, height: side, isDone: schema.boolean, why: schema.text(256) },
});

type Line = schema.Infer<typeof lineSchema>;

/** How a screen is divided. */
export type ScreenLayout = Omit<Extract<Line, { type: "monitors" }>, "type">;
/** What became of a change of size. */
export type ResizeOutcome = Omit<Extract<Line, { type: "resized" }>, "type">;

/** What a control needs. */
export interface ScreenControlOptions {
  /** Path of the program. */
  readonly program: string;
  /** The screen's name now, such as `:7`; empty while there is none. */
  readonly display: () => string;
  /** Variables that open it. */
  readonly environment: () => Readonly<Record<string, string>>;
  readonly reaper: ChildReaper;
  readonly log: Logger;
  readonly onLayout: (layout: ScreenLayout) => void;
}

interface Wish {
  readonly size: PictureSize;
  readonly dpi: number;
}

/** Controls one screen. */
export class ScreenControl {
  readonly #options: ScreenControlOptions;
  #child: SupervisedChild | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #layout: ScreenLayout | undefined;
  #wish: Wish | undefined;
  /** Takes the next answer. */
  #answer: ((outcome: ResizeOutcome) => void) | undefined;
  #isClosed = false;

  /** Starts the program. */
  constructor(options: ScreenControlOptions) {
    this.#options = options;
    this.revive();
  }

  /** How the screen is divided, once that is known. */
  get layout(): ScreenLayout | undefined {
    return this.#layout;
  }

  /** Starts the program again where it was given up: its screen may be there by now. */
  revive(): void {
    if (this.#isClosed || this.#child !== undefined) return;
    const { reaper, log, program, display, environment } = this.#options;
    this.#child = new SupervisedChild({
      name: "the control of a screen",
      ...{ reaper, log },
      command: () => {
        const name = display();
        // Without a name the X library would take the one of this program's own environment.
        if (name === "") {
          throw new NativeError("Cannot open a screen that has ended", {
            reason: "display_lost",
            status: -1,
          });
        }
        return new Deno.Command(program, {
          args: [name],
          env: environment(),
          stdin: "piped",
          stdout: "piped",
          stderr: "null",
          detached: true,
        });
      },
      onStart: (process) => this.#begin(process),
      onGivenUp: () => this.#child = undefined,
    });
  }

  /** The screen has started anew: gives it the size that was asked for last. Never rejects. */
  async begin(): Promise<void> {
    this.revive();
    this.#child?.hurry();
    // Who is asking already is answered by the new screen.
    const wish = this.#wish;
    if (wish === undefined || this.#answer !== undefined) return;
    const { isDone } = await this.resize(wish.size, wish.dpi);
    // A screen that was too slow to answer had it before, and the next one can have it.
    if (!isDone) this.#wish ??= wish;
  }

  /** Gives the screen another size; one call at a time. Never rejects: the outcome tells. */
  async resize(size: PictureSize, dpi = USUAL_DPI): Promise<ResizeOutcome> {
    if (this.#answer !== undefined) return failed("another change of size is under way");
    this.#wish = { size, dpi };
    const { promise, resolve } = Promise.withResolvers<ResizeOutcome>();
    this.#answer = resolve;
    const timer = setTimeout(
      () => resolve(failed("the screen does not answer")),
      RESIZE_TIMEOUT_MS,
    );
    // Without a program now, it is asked as soon as that has started.
    this.#ask();
    const outcome = await promise;
    clearTimeout(timer);
    this.#answer = undefined;
    // What was refused once is not asked of the next server.
    if (!outcome.isDone) this.#wish = undefined;
    return outcome;
  }

  /** Ends the program; never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#answer?.(failed("the host ends"));
    await this.#child?.close();
  }

  #begin(process: Deno.ChildProcess): void {
    const input = process.stdin.getWriter();
    this.#input = input;
    this.#ask();
    process.status.then(() => {
      if (this.#input === input) this.#input = undefined;
      input.abort().catch(() => {});
    });
    this.#read(process.stdout).catch((error: unknown) => {
      this.#options.log.warn("Cannot read what a screen says", { message: String(error) });
    });
  }

  #ask(): void {
    if (this.#wish === undefined) return;
    const { size: { width, height }, dpi } = this.#wish;
    const line = new TextEncoder().encode(`size ${width} ${height} ${dpi}\n`);
    this.#input?.write(line).catch(() => {});
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
      rest = (lines.pop() ?? "").slice(-MAX_LINE);
      for (const line of lines) this.#take(lineSchema(JSON.parse(line), "line"));
    }
  }

  #take(line: Line): void {
    const { type: _type, ...facts } = line;
    if (line.type === "resized") return this.#answer?.(facts as ResizeOutcome);
    this.#layout = facts as ScreenLayout;
    this.#options.onLayout(this.#layout);
  }
}

/** An even size between `least` and `most` a side, in the proportions of `wanted` where that can be. */
export function fitScreen(wanted: PictureSize, most: PictureSize, least: number): PictureSize {
  const shrink = Math.min(1, most.width / wanted.width, most.height / wanted.height);
  const fit = (value: number, max: number): number => {
    const limit = Math.min(max, MAX_PICTURE_SIDE) & ~1;
    return Math.max(Math.min(least, limit), Math.min(limit, Math.floor(value * shrink) & ~1));
  };
  return { width: fit(wanted.width, most.width), height: fit(wanted.height, most.height) };
}

function failed(why: string): ResizeOutcome {
  return { width: 0, height: 0, isDone: false, why };
}
