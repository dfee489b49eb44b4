/**
 * People rights: what this viewer may do, as the page and its worker ask it: of the host's words, or of
 * the role alone where a host says no more. Functions only.
 */

import type { Role } from "../../../src/wire/control.ts";
import type { Permission } from "../../../src/wire/permission.ts";

/** What a viewer may do. */
export interface ViewerRights {
  readonly role: Role;
  readonly permissions: readonly Permission[];
}

/** Hands that count on the host now. */
export interface Hands {
  readonly keyboard: boolean;
  readonly pointer: boolean;
  readonly pad: boolean;
}

/** Hands of a host that says nothing of them: all. */
export const ALL_HANDS: Hands = { keyboard: true, pointer: true, pad: true };

/** What a host of before there were permissions allows a role. */
const FORMER_PERMISSIONS: readonly Permission[] = ["keyboard", "pointer", "pad"];

/** The rights that a welcome names. */
export function rightsOf(role: Role, permissions: readonly Permission[] | undefined): ViewerRights {
  return { role, permissions: permissions ?? (role === "viewer" ? [] : FORMER_PERMISSIONS) };
}

/** True when a viewer may decide what the host records and holds. */
export function mayDecide(rights: ViewerRights | undefined): boolean {
  return rights !== undefined && rights.role !== "viewer";
}

/** True when a viewer may send input of some kind. */
export function mayInput({ permissions }: ViewerRights): boolean {
  return mayControl({ permissions }) || permissions.includes("pad");
}

/** True when a viewer may hold keyboard or pointer. */
export function mayControl({ permissions }: Pick<ViewerRights, "permissions">): boolean {
  return permissions.includes("keyboard") || permissions.includes("pointer");
}

/** Hands that count, with control of the stream or without. */
export function handsOf({ permissions }: ViewerRights, hasControl: boolean): Hands {
  return {
    keyboard: hasControl && permissions.includes("keyboard"),
    pointer: hasControl && permissions.includes("pointer"),
    pad: permissions.includes("pad"),
  };
}
