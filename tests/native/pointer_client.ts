/**
 * PointerClient: a program of an X display that has pointers of any pixels and may hold the pointer
 * in a rectangle; see ffi/native/test/pointer_client.c.
 */

import { buildTestProgram } from "../../ffi/build.ts";

/** A pointer image: its side, its hotspot, and the colour of each of its pixels, not premultiplied. */
export interface PointerImage {
  readonly side: number;
  readonly hotspot: readonly [x: number, y: number];
  readonly pixel: (x: number, y: number) => readonly [r: number, g: number, b: number, a: number];
}

/** One such program. */
export class PointerClient implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #path: string;
  #rest = "";

  private constructor(child: Deno.ChildProcess, path: string) {
    this.#child = child;
    this.#path = path;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts it, and waits until it has begun. */
  static async start(display: string): Promise<PointerClient> {
    const program = await buildTestProgram("pointer_client");
    const path = await Deno.makeTempFile({ prefix: "wavry-pointer-" });
    const child = new Deno.Command(program, { args: [display], stdin: "piped", stdout: "piped" })
      .spawn();
    const client = new PointerClient(child, path);
    await client.#expect("ready");
    return client;
  }

  /** The root window has that pointer from now on. */
  async show({ side, hotspot, pixel }: PointerImage): Promise<void> {
    const words = new Uint32Array(side * side);
    for (let index = 0; index < words.length; index++) {
      const [red, green, blue, alpha] = pixel(index % side, Math.floor(index / side));
      const part = (value: number) => Math.round(value * alpha / 255);
      words[index] = alpha << 24 | part(red) << 16 | part(green) << 8 | part(blue);
    }
    await Deno.writeFile(this.#path, new Uint8Array(words.buffer));
    await this.#say(`${side} ${hotspot[0]} ${hotspot[1]} ${this.#path}`);
  }

  /** Holds the pointer in a rectangle of the screen. */
  async confine(x: number, y: number, width: number, height: number): Promise<void> {
    await this.#say(`confine ${x} ${y} ${width} ${height}`);
  }

  /** Holds it no longer. */
  async free(): Promise<void> {
    await this.#say("free");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
    await this.#reader.cancel();
    await Deno.remove(this.#path);
  }

  async #say(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
    await this.#expect("done");
  }

  async #expect(line: string): Promise<void> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`Cannot hear "${line}": the program has ended`);
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const said = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    if (said !== line) throw new Error(`Cannot go on after "${said}" instead of "${line}"`);
  }
}
