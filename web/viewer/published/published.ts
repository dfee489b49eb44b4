/**
 * Published: what a viewer sees of streams that other people publish: a line when one begins or ends,
 * and a label on the one that is watched, which takes no input. Loaded with the first of them.
 */

import type { ServerMessage, StreamName } from "../../../src/wire/control.ts";
import { element } from "../ui/element.ts";
import { loadStyle } from "../ui/load_style.ts";

/** What the host says of published streams. */
export type PublishedEvent = Extract<ServerMessage, { type: "published_list" }>;
type Published = PublishedEvent["streams"][number];

/** Where its words go. */
export interface PublishedPlace {
  readonly notices: { show(text: string): void };
  /** Names of the streams that can be picked now. */
  readonly streams: readonly StreamName[];
  addLayer(layer: HTMLElement): void;
}

/** What changed between two lists, in words; undefined for nothing that people must know. */
export function publishedNews(
  before: readonly Published[],
  streams: readonly Published[],
  { names, streamId }: {
    readonly names: readonly StreamName[];
    /** The one that is watched. */
    readonly streamId: number | undefined;
  },
): string | undefined {
  const nameOf = (id: number) => names.find((one) => one.id === id)?.name ?? "a stream";
  const begun = streams.find((one) => !before.some((known) => known.streamId === one.streamId));
  if (begun !== undefined) return `${begun.by} publishes “${nameOf(begun.streamId)}”`;
  const ended = before.find((known) => !streams.some((one) => one.streamId === known.streamId));
  if (ended !== undefined) return `${ended.by} no longer publishes`;
  const watched = (list: readonly Published[]) => list.find((one) => one.streamId === streamId);
  const isBack = watched(before)?.isLive === false && watched(streams)?.isLive === true;
  return isBack ? `${watched(streams)!.by} is back` : undefined;
}

const NOTES = new WeakMap<PublishedPlace, PublishedNotes>();

/** Shows it. */
export class PublishedNotes {
  readonly #place: PublishedPlace;
  readonly #label = element("p", { class: "published-label", hidden: true });
  #streams: readonly Published[] = [];

  private constructor(place: PublishedPlace) {
    this.#place = place;
    place.addLayer(this.#label);
    void loadStyle("published.css");
  }

  /** Those of a page. */
  static of(place: PublishedPlace): PublishedNotes {
    const known = NOTES.get(place) ?? new PublishedNotes(place);
    NOTES.set(place, known);
    return known;
  }

  /** Takes what there is now, and which stream is watched. */
  show({ streams, isNews }: PublishedEvent, streamId: number | undefined): void {
    const names = this.#place.streams;
    const news = isNews ? publishedNews(this.#streams, streams, { names, streamId }) : undefined;
    this.#streams = streams;
    if (news !== undefined) this.#place.notices.show(news);
    const watched = streams.find((one) => one.streamId === streamId);
    this.#label.hidden = watched === undefined;
    this.#label.textContent = watched === undefined ? "" : `Published by ${watched.by}, view only`;
  }
}
