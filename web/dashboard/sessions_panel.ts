/**
 * Sessions panel: who watches, how their paths are, and the way to send somebody away: asked once more
 * in a dialog, done by the API, said aloud when it is done.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { DashboardSample } from "../../src/wire/dashboard.ts";
import { countText } from "./figure_text.ts";
import { Panel } from "./panels.ts";
import { sessionRows, viewerText } from "./session_rows.ts";
import type { Cell, SessionRow } from "./session_rows.ts";

/** Ends a session; resolves with what went wrong, or undefined. */
export type Kick = (sessionId: string) => Promise<string | undefined>;

/** What the panel works with. */
export interface SessionsProps {
  readonly sample: DashboardSample;
  /** False while the figures are old: whom they name may be gone. */
  readonly isLive: boolean;
  readonly kick: Kick;
  /** Says something to people, seen or heard. */
  readonly say: (text: string) => void;
}

/** The table of sessions with its dialog. */
export function SessionsPanel({ sample, isLive, kick, say }: SessionsProps): ComponentChild {
  const [asked, setAsked] = useState<SessionRow | undefined>(undefined);
  const rows = sessionRows(sample);
  const end = async (row: SessionRow) => {
    const fault = await kick(row.id);
    say(fault ?? `The session of the ${viewerText(row)} was ended`);
    setAsked(undefined);
  };
  const note = rows.length === 0 ? "" : countText(rows.length, "session");
  return h(Panel, { title: "Sessions", area: "sessions", note }, [
    rows.length === 0
      ? h("p", { class: "empty" }, [
        h("b", {}, "Nobody watches."),
        " A viewer appears here as soon as one opens a link that the host printed.",
      ])
      : h(SessionTable, { rows, isLive, onEnd: setAsked }),
    asked === undefined ? null : h(KickDialog, {
      row: asked,
      onCancel: () => setAsked(undefined),
      onConfirm: () => end(asked),
    }),
  ]);
}

const HEADS = [
  ...["Viewer", "Stream", "State", "Connected", "Sent", "Allowed", "Round trip", "Loss"],
  ...["Send queue", "Redundancy", "Repair", "Reorder"],
];

function SessionTable({ rows, isLive, onEnd }: {
  readonly rows: readonly SessionRow[];
  readonly isLive: boolean;
  readonly onEnd: (row: SessionRow) => void;
}): ComponentChild {
  const box = {
    class: "session-table",
    tabIndex: 0,
    role: "region",
    "aria-label": "Table of sessions",
  };
  return h("div", box, [
    h("table", {}, [
      h("caption", { class: "unseen" }, "Sessions"),
      h(
        "thead",
        {},
        h("tr", {}, [
          ...HEADS.map((head) => h("th", { key: head, scope: "col" }, head)),
          h("td", {}),
        ]),
      ),
      h("tbody", {}, rows.map((row) => h(Row, { key: row.id, row, isLive, onEnd }))),
    ]),
  ]);
}

function Row({ row, isLive, onEnd }: {
  readonly row: SessionRow;
  readonly isLive: boolean;
  readonly onEnd: (row: SessionRow) => void;
}): ComponentChild {
  const cells: (readonly [string, Cell])[] = [
    ["Stream", { text: row.stream }],
    ["State", row.state],
    ["Connected", { text: row.connected }],
    ["Sent", { text: row.sent }],
    ["Allowed", { text: row.target }],
    ["Round trip", row.rtt],
    ["Loss", row.loss],
    ["Send queue", row.queue],
    ["Redundancy", { text: row.redundancy }],
    ["Repair", { text: row.repair }],
    ["Reorder", { text: row.reorder }],
  ];
  return h("tr", { "data-session": row.id }, [
    h("th", { scope: "row" }, [
      h("span", { class: `role role-${row.role.toLowerCase()}` }, row.role),
      " ",
      row.name === "" ? null : [h("span", { class: "person" }, row.name), " "],
      row.hasControl ? [h("span", { class: "controls" }, "Has control"), " "] : null,
      h("span", { class: "address" }, row.address),
    ]),
    ...cells.map(([name, cell]) =>
      h("td", { key: name, "data-name": name, class: cell.isPoor ? "poor" : "" }, [
        cell.isPoor ? h("span", { class: "flag", "aria-hidden": "true" }, "▲") : null,
        cell.text,
        cell.isPoor ? h("span", { class: "unseen" }, ", worse than it should be") : null,
      ])
    ),
    h(
      "td",
      { class: "act" },
      h("button", {
        type: "button",
        class: "quiet",
        disabled: !isLive,
        "aria-label": `End the session of the ${viewerText(row)}`,
        onClick: () => onEnd(row),
      }, "End…"),
    ),
  ]);
}

function KickDialog({ row, onCancel, onConfirm }: {
  readonly row: SessionRow;
  readonly onCancel: () => void;
  readonly onConfirm: () => Promise<void>;
}): ComponentChild {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      // The row may have gone with its session.
      const isThere = opener instanceof HTMLElement && opener.isConnected;
      (isThere ? opener : document.getElementById("panel-sessions"))?.focus();
    };
  }, []);
  return h(
    "dialog",
    { ref: dialog, "aria-labelledby": "kick-title", onCancel, onClose: onCancel },
    [
      h("h2", { id: "kick-title" }, "End this session?"),
      h("p", {}, [
        `The ${viewerText(row)} is told that the host ended the session. `,
        "Every tab of that browser is closed, and it cannot come back without a new link.",
      ]),
      h("div", { class: "buttons" }, [
        h("button", { type: "button", autofocus: true, onClick: onCancel }, "Keep it"),
        h("button", {
          type: "button",
          class: "danger",
          disabled: isBusy,
          onClick: () => {
            setBusy(true);
            void onConfirm();
          },
        }, isBusy ? "Ending…" : "End session"),
      ]),
    ],
  );
}
