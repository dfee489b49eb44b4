/**
 * Sessions panel: who watches, how their paths are, and the way to send somebody away: asked once more
 * in a dialog, done by the API, said aloud when it is done.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { DashboardSample } from "../../src/wire/dashboard.ts";
import { countText } from "./figure_text.ts";
import { Panel } from "./panels.ts";
import { KickDialog, RightsDialog } from "./session_dialogs.ts";
import { sessionRows, viewerText } from "./session_rows.ts";
import type { Cell, SessionRights, SessionRow } from "./session_rows.ts";

/** Ends a session; resolves with what went wrong, or undefined. */
export type Kick = (sessionId: string) => Promise<string | undefined>;

/** Changes what the person of a session may do; resolves as `Kick` does. */
export type Grant = (sessionId: string, rights: SessionRights) => Promise<string | undefined>;

/** What the panel works with. */
export interface SessionsProps {
  readonly sample: DashboardSample;
  /** False while the figures are old: whom they name may be gone. */
  readonly isLive: boolean;
  readonly kick: Kick;
  readonly grant: Grant;
  /** Says something to people, seen or heard. */
  readonly say: (text: string) => void;
}

/** The table of sessions with its dialog. */
export function SessionsPanel(props: SessionsProps): ComponentChild {
  const { sample, isLive, kick, grant, say } = props;
  const [asked, setAsked] = useState<SessionRow | undefined>(undefined);
  const [changed, setChanged] = useState<SessionRow | undefined>(undefined);
  const rows = sessionRows(sample);
  const end = async (row: SessionRow) => {
    const fault = await kick(row.id);
    say(fault ?? `The session of the ${viewerText(row)} was ended`);
    setAsked(undefined);
  };
  const change = async (row: SessionRow, rights: SessionRights) => {
    const fault = await grant(row.id, rights);
    say(fault ?? `The rights of the ${viewerText(row)} were changed`);
    setChanged(undefined);
  };
  const note = rows.length === 0 ? "" : countText(rows.length, "session");
  return h(Panel, { title: "Sessions", area: "sessions", note }, [
    rows.length === 0
      ? h("p", { class: "empty" }, [
        h("b", {}, "Nobody watches."),
        " A viewer appears here as soon as one opens a link that the host printed.",
      ])
      : h(SessionTable, { rows, isLive, onEnd: setAsked, onRights: setChanged }),
    asked === undefined ? null : h(KickDialog, {
      row: asked,
      onCancel: () => setAsked(undefined),
      onConfirm: () => end(asked),
    }),
    changed === undefined ? null : h(RightsDialog, {
      row: changed,
      onCancel: () => setChanged(undefined),
      onConfirm: (rights) => change(changed, rights),
    }),
  ]);
}

const HEADS = [
  ...[
    "Viewer",
    "Stream",
    "State",
    "Transport",
    "Connected",
    "Sent",
    "Allowed",
    "Round trip",
    "Loss",
  ],
  ...["Send queue", "Redundancy", "Repair", "Reorder"],
];

interface RowActions {
  readonly isLive: boolean;
  readonly onEnd: (row: SessionRow) => void;
  readonly onRights: (row: SessionRow) => void;
}

function SessionTable({ rows, ...actions }: RowActions & {
  readonly rows: readonly SessionRow[];
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
      h("tbody", {}, rows.map((row) => h(Row, { key: row.id, row, ...actions }))),
    ]),
  ]);
}

function Row({ row, isLive, onEnd, onRights }: RowActions & {
  readonly row: SessionRow;
}): ComponentChild {
  const cells: (readonly [string, Cell])[] = [
    ["Stream", { text: row.stream }],
    ["State", row.state],
    ["Transport", { text: row.transport }],
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
      h("span", { class: "network" }, [
        h("span", { class: "address" }, row.address),
        row.hasControl ? [" ", h("span", { class: "controls" }, "Has control")] : null,
      ]),
    ]),
    ...cells.map(([name, cell]) =>
      h("td", { key: name, "data-name": name, class: cell.isPoor ? "poor" : "" }, [
        cell.isPoor ? h("span", { class: "flag", "aria-hidden": "true" }, "▲") : null,
        cell.text,
        cell.isPoor ? h("span", { class: "unseen" }, ", worse than it should be") : null,
      ])
    ),
    h("td", { class: "act" }, [
      h("button", {
        type: "button",
        class: "quiet",
        disabled: !isLive,
        "aria-label": `Rights… of the ${viewerText(row)}`,
        onClick: () => onRights(row),
      }, "Rights…"),
      " ",
      h("button", {
        type: "button",
        class: "quiet",
        disabled: !isLive,
        "aria-label": `End the session of the ${viewerText(row)}`,
        onClick: () => onEnd(row),
      }, "End…"),
    ]),
  ]);
}
