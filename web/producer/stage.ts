/**
 * Stage: the preview of what is published, with its state over it, what the state means beneath it, and
 * the figures of a stream that is live. Every part keeps its place whatever the state.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.ts";
import type { Producer } from "./producer.ts";
import { bitrateText, phaseOf, phaseText } from "./producer_view.ts";
import type { ProducerPhase, ProducerView } from "./producer_view.ts";

/** What a state is called in the corner of the picture. */
const PILLS: Readonly<Partial<Record<ProducerPhase, string>>> = {
  ready: "Preview",
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
};

const CHOOSE_TEXTS = {
  screen: "Choose a screen",
  window: "Choose a window",
  tab: "Choose a tab",
  camera: "Turn the camera on",
} as const;

/** The left side of the page. */
export function Stage({ view, producer }: {
  readonly view: ProducerView<MediaStream>;
  readonly producer: Producer;
}): ComponentChild {
  const phase = phaseOf(view);
  const pill = PILLS[phase];
  return h("section", { class: "stage", "aria-label": "Preview" }, [
    h("div", { class: "frame" }, [
      view.stream === undefined
        ? h(Empty, { view, producer })
        : h(Preview, { stream: view.stream, isMirrored: view.choices.kind === "camera" }),
      pill === undefined ? null : h("span", { class: `pill ${phase}` }, pill),
      phase === "live" || phase === "reconnecting" ? h(Viewers, { view }) : null,
    ]),
    h(Status, { view, producer }),
    h(Figures, { view }),
  ]);
}

function Preview({ stream, isMirrored }: {
  readonly stream: MediaStream;
  readonly isMirrored: boolean;
}): ComponentChild {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video !== null && video.srcObject !== stream) video.srcObject = stream;
  }, [stream]);
  const label = "What you are about to publish";
  const mirrored = isMirrored ? " mirrored" : "";
  return h("video", {
    ...{ ref: element, class: `preview${mirrored}`, "aria-label": label },
    ...{ muted: true, autoplay: true, playsInline: true },
  });
}

function Empty({ view, producer }: {
  readonly view: ProducerView<MediaStream>;
  readonly producer: Producer;
}): ComponentChild {
  const { title, text } = phaseText(view);
  const { kind } = view.choices;
  const isStuck = view.missing !== undefined;
  return h("div", { class: "empty" }, [
    h(Icon, { name: isStuck ? "warning" : kind }),
    h("h2", {}, title),
    h("p", {}, text),
    isStuck ? null : h("button", {
      ...{ type: "button", class: "choose", disabled: view.isOpening },
      onClick: () => void producer.openSource(),
    }, CHOOSE_TEXTS[kind]),
  ]);
}

function Viewers({ view }: { readonly view: ProducerView<MediaStream> }): ComponentChild {
  const viewers = view.host?.viewers ?? 0;
  const text = viewers === 1 ? "1 viewer" : `${viewers} viewers`;
  return h("span", { class: "viewers" }, [h(Icon, { name: "people" }), text]);
}

function Status({ view, producer }: {
  readonly view: ProducerView<MediaStream>;
  readonly producer: Producer;
}): ComponentChild {
  const { title, text } = phaseText(view);
  const name = view.host?.name ?? "";
  const isShown = view.stream !== undefined;
  return h("div", { class: "status" }, [
    h(
      "p",
      { role: "status" },
      isShown
        ? [
          h("strong", {}, name === "" || phaseOf(view) !== "live" ? title : `${title}: ${name}`),
          text === "" ? null : ` ${text}`,
        ]
        : "",
    ),
    h(
      "div",
      { class: "tools" },
      isShown
        ? [
          // Another camera is picked by its name.
          view.choices.kind === "camera"
            ? null
            : h("button", { type: "button", onClick: () => void producer.openSource(true) }, [
              h(Icon, { name: "change" }),
              "Choose another",
            ]),
          h("button", { type: "button", onClick: () => producer.closeSource() }, [
            h(Icon, { name: "off" }),
            "Turn off",
          ]),
        ]
        : [],
    ),
  ]);
}

function Figures({ view }: { readonly view: ProducerView<MediaStream> }): ComponentChild {
  const { figures } = view;
  const shown = (text: string) => figures === undefined ? "–" : text;
  const { fps = 0, targetFps = 0, width = 0, height = 0, bitrateBps = 0, quality = 1 } = figures ??
    {};
  const { processingUs = 0, dropRate = 0, encoder = "", transport = "", rttUs, score = 0 } =
    figures ?? {};
  const { pathBps = 0 } = figures ?? {};
  const rows: (readonly [string, string, string?])[] = [
    ["Frame rate", shown(`${Math.round(fps)} of ${Math.round(targetFps)} fps`)],
    ["Picture", shown(`${width} × ${height}`), quality < 1 ? `${Math.round(quality * 100)} %` : ""],
    ["Bitrate", shown(bitrateText(bitrateBps)), pathBps > 0 ? `of ${bitrateText(pathBps)}` : ""],
    ["Encoding", shown(`${(processingUs / 1000).toFixed(1)} ms`), encoder],
    ["Dropped", shown(`${(dropRate * 100).toFixed(1)} %`)],
    [
      "Path",
      shown(rttUs === undefined ? "–" : `${(rttUs / 1000).toFixed(0)} ms`),
      transport.toUpperCase(),
    ],
  ];
  return h("div", { class: "figures" }, [
    h("div", { class: "score" }, [
      h("span", { class: "label", id: "score-label" }, "Score"),
      h("span", { class: "value" }, figures === undefined ? "–" : String(score)),
      h("div", {
        ...{ class: "track", role: "meter", "aria-labelledby": "score-label" },
        ...{ "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": score },
        "aria-valuetext": figures === undefined ? "Not live" : `${score} of 100`,
      }, h("i", { style: { width: `${figures === undefined ? 0 : score}%` } })),
    ]),
    h(
      "dl",
      {},
      rows.map(([label, value, detail = ""]) =>
        h("div", { key: label }, [
          h("dt", {}, label),
          h("dd", {}, [value, detail === "" ? null : h("small", {}, detail)]),
        ])
      ),
    ),
  ]);
}
