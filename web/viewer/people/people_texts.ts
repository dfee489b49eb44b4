/**
 * People texts: what the viewer says of people, roles and permissions, in one place. Functions and data
 * only.
 */

import type { Role } from "../../../src/wire/control.ts";
import type { Permission } from "../../../src/wire/permission.ts";
import type { ControlStand, PeopleNews } from "./people_model.ts";

/** Roles as people read them. */
export const ROLE_TEXTS: Readonly<Record<Role, string>> = {
  viewer: "Viewer",
  player: "Player",
  admin: "Admin",
};

/** Permissions as people read them, in the order in which they are shown. */
export const PERMISSION_TEXTS: Readonly<Record<Permission, string>> = {
  keyboard: "Keyboard",
  pointer: "Mouse and touch",
  pad: "Gamepads",
  clipboard_read: "Copy from the host",
  clipboard_write: "Paste to the host",
  files: "Files",
  microphone: "Microphone",
  publish: "Publish a stream",
};

/** A line for something that happened; undefined for what shows itself. */
export function newsText(news: PeopleNews): string | undefined {
  switch (news.kind) {
    case "gained":
      return "You have control";
    case "lost":
      return news.name === "" ? "Control went on" : `${news.name} has control now`;
    case "came":
      return `${news.name} is here`;
    case "left":
      return `${news.name} left`;
    case "plays":
      return `You are player ${news.player}`;
    case "allowed":
      return `You may use now: ${listText(news.permissions)}`;
    case "denied":
      return `An admin took away: ${listText(news.permissions)}`;
  }
}

/** Where control is, in a few words; undefined while there is nothing to say. */
export function standText(stand: ControlStand): string | undefined {
  switch (stand.kind) {
    case "none":
      return undefined;
    case "holding":
      if (stand.askers.length === 0) return "You have control";
      return stand.askers.length === 1
        ? `${stand.askers[0]?.name} asks for control`
        : `${stand.askers[0]?.name} and ${stand.askers.length - 1} more ask for control`;
    case "watching": {
      const name = stand.holder?.name ?? "Somebody else";
      return stand.isIdle ? `${name} has control and rests` : `${name} has control`;
    }
    case "waiting":
      return stand.ahead === 0
        ? `Waiting for ${stand.holder?.name ?? "control"}`
        : `Waiting for control, ${stand.ahead} before you`;
  }
}

function listText(permissions: readonly Permission[]): string {
  return permissions.map((permission) => PERMISSION_TEXTS[permission].toLowerCase()).join(", ");
}
