/**
 * Published panel: what people publish on the host, how it comes, and the way to end it: asked once
 * more in place, done by the API, said aloud when it is done. It is there only while there is
 * something.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { DashboardSample, DashboardStream } from "../../src/wire/dashboard.ts";
import { countText, rateText } from "./figure_text.ts";
import { Panel } from "./panels.ts";

/** Ends a published stream; resolves with what went wrong, or undefined. */
export type EndStream = (streamId: number, forbid: boolean) => Promise<string | undefined>;

/** What the panel works with. */
export interface PublishedProps {
  readonly sample: DashboardSample;
  /** False while the figures are old. */
  readonly isLive: boolean;
  readonly endStream: EndStream;
  /** Says something to people, seen or heard. */
  readonly say: (text: string) => void;
}

/** One published stream, in words. */
export interface PublishedRow {
  readonly id: number;
  readonly name: string;
  readonly by: string;
  readonly state: string;
  readonly isPoor: boolean;
  readonly picture: string;
  readonly rate: string;
  readonly viewers: string;
  readonly drops: string;
  readonly score: string;
}

/** The published streams of a sample that somebody could end. */
export function publishedRows({ streams }: DashboardSample): PublishedRow[] {
  return streams.flatMap((stream) => {
    const { published } = stream;
    return published === undefined || published.phase === "ended" ? [] : [rowOf(stream, published)];
  });
}

function rowOf(
  stream: DashboardStream,
  published: NonNullable<DashboardStream["published"]>,
): PublishedRow {
  const { phase, by, kind, via, reason, framesDropped, packetsLost, score } = published;
  const { width, height, framesPerSecond, encodedBps, viewers } = stream;
  const isRefused = reason !== "";
  const drops = [
    ...framesDropped === undefined ? [] : [`${framesDropped} not encoded`],
    ...packetsLost === undefined ? [] : [`${countText(packetsLost, "packet")} lost`],
    ...published.framesRefused === 0 ? [] : [`${published.framesRefused} refused`],
  ];
  return {
    ...{ id: stream.id, name: stream.name, by: `${by}, ${kind}` },
    state: isRefused ? reason : phase === "waiting" ? "Waits for its publisher" : `Live, ${via}`,
    isPoor: isRefused || phase === "waiting",
    picture: width === undefined
      ? "None yet"
      : `${width}×${height}, ${Math.round(framesPerSecond)} a second`,
    rate: rateText(encodedBps),
    viewers: String(viewers),
    drops: drops.join(", ") || "None",
    score: score === undefined ? "–" : String(Math.round(score)),
  };
}

const HEADS = ["Stream", "Publisher", "State", "Picture", "Rate", "Viewers", "Drops", "Score"];

/** The table of published streams; nothing while there are none. */
export function PublishedPanel({ sample, isLive, endStream, say }: PublishedProps): ComponentChild {
  const [asked, setAsked] = useState<number | undefined>(undefined);
  const rows = publishedRows(sample);
  if (rows.length === 0) return null;
  const end = async ({ id, name }: PublishedRow, forbid: boolean) => {
    setAsked(undefined);
    say(await endStream(id, forbid) ?? `The stream "${name}" was ended`);
  };
  const box = { tabIndex: 0, role: "region", "aria-label": "Table of published streams" };
  return h(
    Panel,
    { title: "Published", area: "published", note: countText(rows.length, "stream") },
    [
      h("div", { class: "session-table", ...box }, [
        h("table", {}, [
          h("caption", { class: "unseen" }, "Published streams"),
          h(
            "thead",
            {},
            h("tr", {}, [
              ...HEADS.map((head) => h("th", { key: head, scope: "col" }, head)),
              h("td", {}),
            ]),
          ),
          h(
            "tbody",
            {},
            rows.map((row) =>
              h(Row, {
                key: row.id,
                row,
                isLive,
                isAsked: asked === row.id,
                ask: (isAsked: boolean) => setAsked(isAsked ? row.id : undefined),
                end: (forbid: boolean) => void end(row, forbid),
              })
            ),
          ),
        ]),
      ]),
    ],
  );
}

function Row({ row, isLive, isAsked, ask, end }: {
  readonly row: PublishedRow;
  readonly isLive: boolean;
  readonly isAsked: boolean;
  readonly ask: (isAsked: boolean) => void;
  readonly end: (forbid: boolean) => void;
}): ComponentChild {
  const cells = [
    ["Publisher", row.by],
    ["State", row.state],
    ["Picture", row.picture],
    ["Rate", row.rate],
    ["Viewers", row.viewers],
    ["Drops", row.drops],
    ["Score", row.score],
  ] as const;
  const button = (text: string, onClick: () => void, isDanger = false) =>
    h("button", {
      ...{ key: text, type: "button", class: isDanger ? "danger" : "quiet", disabled: !isLive },
      "aria-label": `${text} stream ${row.name}`,
      onClick,
    }, text);
  return h("tr", { "data-stream": row.id }, [
    h("th", { scope: "row" }, row.name),
    ...cells.map(([name, text]) => {
      const isPoor = name === "State" && row.isPoor;
      return h("td", { key: name, "data-name": name, class: isPoor ? "poor" : "" }, text);
    }),
    h(
      "td",
      { class: "act" },
      isAsked
        ? [
          button("Keep", () => ask(false)),
          button("End", () => end(false), true),
          button("End and forbid", () => end(true), true),
        ]
        : button("End…", () => ask(true)),
    ),
  ]);
}
