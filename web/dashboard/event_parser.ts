/**
 * EventParser: server-sent events out of the text of a stream, as the HTML standard has them. An event
 * that is longer than `MAX_EVENT_CHARACTERS` ends the stream: no host of ours sends one.
 */

import { ProtocolError } from "../../src/core/errors.ts";

/** Longest event; ten minutes of history are some 200,000 characters. */
export const MAX_EVENT_CHARACTERS = 2_000_000;

/** One event. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
  /** Id of the newest event that had one. */
  readonly id: string | undefined;
}

/** Takes text as it comes. */
export class EventParser {
  #rest = "";
  #id: string | undefined;
  #name = "";
  #data: string[] = [];
  #characters = 0;

  /** The events that `text` completes. Throws ProtocolError for one that is too long. */
  push(text: string): ServerEvent[] {
    this.#rest += text;
    const events: ServerEvent[] = [];
    let start = 0;
    for (;;) {
      const end = this.#rest.indexOf("\n", start);
      if (end < 0) break;
      const line = this.#rest.slice(start, end).replace(/\r$/, "");
      start = end + 1;
      if (line === "") this.#dispatch(events);
      else this.#take(line);
    }
    this.#rest = this.#rest.slice(start);
    if (this.#rest.length + this.#characters > MAX_EVENT_CHARACTERS) {
      throw new ProtocolError("Cannot take an event of that length", { reason: "too_large" });
    }
    return events;
  }

  #take(line: string): void {
    const colon = line.indexOf(":");
    // A line that begins with a colon is a comment: the sign that somebody is there.
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "id") this.#id = value;
    else if (field === "data") {
      this.#data.push(value);
      this.#characters += value.length;
    }
  }

  #dispatch(events: ServerEvent[]): void {
    if (this.#data.length > 0) {
      const name = this.#name === "" ? "message" : this.#name;
      events.push({ name, data: this.#data.join("\n"), id: this.#id });
    }
    this.#name = "";
    this.#data = [];
    this.#characters = 0;
  }
}
