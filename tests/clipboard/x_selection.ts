/**
 * XSelection: what programs of an X display copy and paste, by xclip, which speaks all of the protocol
 * of selections, INCR included. Everything that it starts ends with `close`.
 */

/** Target of text. */
export const TEXT_TARGET = "UTF8_STRING";
const PASTE_TIMEOUT_MS = 20_000;

/** The selections of one display. */
export class XSelection {
  readonly #env: Record<string, string>;
  readonly #selection: string;
  readonly #owners: Deno.ChildProcess[] = [];

  constructor(display: string, selection: "clipboard" | "primary" = "clipboard") {
    this.#env = { DISPLAY: display };
    this.#selection = selection;
  }

  /** A program copies content; it gives it to others until something else is copied. */
  async copy(content: Uint8Array | string, target = TEXT_TARGET): Promise<void> {
    const child = this.#xclip(["-in", "-quiet", "-target", target], "piped");
    this.#owners.push(child);
    const writer = child.stdin.getWriter();
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await writer.write(bytes);
    await writer.close();
  }

  /** What a program gets that pastes; undefined when it gets nothing. */
  async paste(target = TEXT_TARGET): Promise<Uint8Array | undefined> {
    const child = this.#xclip(["-out", "-target", target], "null");
    const timer = setTimeout(() => child.kill("SIGKILL"), PASTE_TIMEOUT_MS);
    const { code, stdout } = await child.output();
    clearTimeout(timer);
    return code === 0 ? stdout : undefined;
  }

  /** As `paste`, as text. */
  async pasteText(target = TEXT_TARGET): Promise<string | undefined> {
    const bytes = await this.paste(target);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** Targets that the owner names. */
  async targets(): Promise<string[]> {
    return (await this.pasteText("TARGETS") ?? "").split("\n").filter((line) => line !== "");
  }

  /** Ends the programs that copied. */
  async close(): Promise<void> {
    for (const owner of this.#owners) {
      try {
        owner.kill("SIGKILL");
      } catch {
        // It ended when something else was copied.
      }
      await owner.status;
    }
  }

  #xclip(args: readonly string[], stdin: "piped" | "null"): Deno.ChildProcess {
    return new Deno.Command("xclip", {
      args: ["-selection", this.#selection, ...args],
      env: this.#env,
      stdin,
      stdout: args[0] === "-out" ? "piped" : "null",
      stderr: "null",
    }).spawn();
  }
}
