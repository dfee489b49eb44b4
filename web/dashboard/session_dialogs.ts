/**
 * Session dialogs: what is asked before a session is ended, and what a person may do, to be changed.
 * Each is modal, Escape leaves things as they are, and the focus goes back to where it was.
 */

import { h } from "preact";
import type { ComponentChild, ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { PERMISSIONS, PLAYER_PERMISSIONS } from "../../src/wire/permission.ts";
import type { Permission } from "../../src/wire/permission.ts";
import { viewerText } from "./session_rows.ts";
import type { SessionRights, SessionRow } from "./session_rows.ts";

const ROLES: readonly (readonly [SessionRights["role"], string])[] = [
  ["viewer", "Viewer"],
  ["player", "Player"],
  ["admin", "Admin"],
];

const PERMISSION_TEXTS: Readonly<Record<Permission, string>> = {
  keyboard: "Keyboard",
  pointer: "Mouse and touch",
  pad: "Gamepads",
  clipboard_read: "Copy from the host",
  clipboard_write: "Paste to the host",
  files: "Files",
  microphone: "Microphone",
  publish: "Publish a stream",
};

/** Asks once more before a session is ended. */
export function KickDialog({ row, onCancel, onConfirm }: {
  readonly row: SessionRow;
  readonly onCancel: () => void;
  readonly onConfirm: () => Promise<void>;
}): ComponentChild {
  const [isBusy, setBusy] = useState(false);
  return h(Dialog, { titleId: "kick-title", onCancel }, [
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
  ]);
}

/** Shows what a person may do, and changes it. */
export function RightsDialog({ row, onCancel, onConfirm }: {
  readonly row: SessionRow;
  readonly onCancel: () => void;
  readonly onConfirm: (rights: SessionRights) => Promise<void>;
}): ComponentChild {
  const [role, setRole] = useState(row.rights.role);
  const [permissions, setPermissions] = useState<readonly Permission[]>(row.rights.permissions);
  const [isBusy, setBusy] = useState(false);
  const choose = (chosen: SessionRights["role"]) => {
    setRole(chosen);
    const usual = chosen === "admin" ? PERMISSIONS : PLAYER_PERMISSIONS;
    setPermissions(chosen === "viewer" ? [] : usual);
  };
  const toggle = (permission: Permission) => {
    setPermissions(PERMISSIONS.filter((one) => {
      return permissions.includes(one) !== (one === permission);
    }));
  };
  return h(Dialog, { titleId: "rights-title", onCancel }, [
    h("h2", { id: "rights-title" }, "What may this person do?"),
    h("p", {}, `The ${viewerText(row)}, in every tab of that browser. It counts at once.`),
    h("label", { class: "right" }, [
      "Role ",
      h("select", {
        value: role,
        autofocus: true,
        onChange: ({ currentTarget }: { currentTarget: HTMLSelectElement }) => {
          const chosen = ROLES.find(([name]) => name === currentTarget.value)?.[0];
          if (chosen !== undefined) choose(chosen);
        },
      }, ROLES.map(([name, text]) => h("option", { key: name, value: name }, text))),
    ]),
    ...PERMISSIONS.map((permission) =>
      h("label", { key: permission, class: "right" }, [
        h("input", {
          type: "checkbox",
          checked: permissions.includes(permission),
          onChange: () => toggle(permission),
        }),
        PERMISSION_TEXTS[permission],
      ])
    ),
    h("div", { class: "buttons" }, [
      h("button", { type: "button", onClick: onCancel }, "Cancel"),
      h("button", {
        type: "button",
        disabled: isBusy,
        onClick: () => {
          setBusy(true);
          void onConfirm({ role, permissions: [...permissions] });
        },
      }, isBusy ? "Changing…" : "Change rights"),
    ]),
  ]);
}

/** A modal dialog that gives the focus back. */
function Dialog({ titleId, onCancel, children }: {
  readonly titleId: string;
  readonly onCancel: () => void;
  readonly children?: ComponentChildren;
}): ComponentChild {
  const dialog = useRef<HTMLDialogElement>(null);
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
    { ref: dialog, "aria-labelledby": titleId, onCancel, onClose: onCancel },
    children,
  );
}
