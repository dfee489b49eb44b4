/**
 * SessionRights: what one browser session may do, now and at any time before. Tables ask `now`; what
 * arrives late, sent while it was still allowed, is told from a lie by `ever`. A change reaches
 * whoever listens before `change` returns. It holds one role and at most one bit per permission.
 */

import type { Role } from "../wire/control.ts";
import { PERMISSIONS, PLAYER_PERMISSIONS } from "../wire/permission.ts";
import type { Permission } from "../wire/permission.ts";

/** A role with the permissions that go with it. */
export interface Grant {
  readonly role: Role;
  readonly permissions: ReadonlySet<Permission>;
}

/** What a change sets; what is absent stays. */
export interface GrantChange {
  readonly role?: Role | undefined;
  readonly permissions?: readonly Permission[] | undefined;
}

/** Usual permissions of a role: those who watch have none, an admin has them all. */
export function usualPermissions(role: Role): readonly Permission[] {
  if (role === "viewer") return [];
  return role === "admin" ? PERMISSIONS : PLAYER_PERMISSIONS;
}

/** Roles from the least to the most. */
const RANKS: Readonly<Record<Role, number>> = { viewer: 0, player: 1, admin: 2 };

/** True when `role` is `least` or above it. */
export function isAtLeast(role: Role, least: Role): boolean {
  return RANKS[role] >= RANKS[least];
}

/** What a session may do. */
export class SessionRights {
  readonly #listeners = new Set<(before: Grant) => void>();
  #now: Grant;
  #ever: Grant;

  /** Has the usual permissions of `role` unless others are given. */
  constructor(role: Role, permissions: readonly Permission[] = usualPermissions(role)) {
    this.#now = { role, permissions: new Set(permissions) };
    this.#ever = this.#now;
  }

  /** What it may do. */
  get now(): Grant {
    return this.#now;
  }

  /** What it may do or could at some time: the highest role and every permission that it had. */
  get ever(): Grant {
    return this.#ever;
  }

  get role(): Role {
    return this.#now.role;
  }

  /** Permissions in the order of `PERMISSIONS`. */
  get permissions(): Permission[] {
    return PERMISSIONS.filter((permission) => this.#now.permissions.has(permission));
  }

  /** True while it has a permission. */
  may(permission: Permission): boolean {
    return this.#now.permissions.has(permission);
  }

  /** Sets role, permissions or both; false when nothing changes. */
  change({ role = this.role, permissions = this.permissions }: GrantChange): boolean {
    const before = this.#now;
    const after = new Set(permissions);
    if (role === before.role && after.symmetricDifference(before.permissions).size === 0) {
      return false;
    }
    this.#now = { role, permissions: after };
    this.#ever = {
      role: isAtLeast(role, this.#ever.role) ? role : this.#ever.role,
      permissions: this.#ever.permissions.union(after),
    };
    for (const listener of [...this.#listeners]) listener(before);
    return true;
  }

  /** Tells `listener` of each change, with what was before; the result ends that. */
  onChange(listener: (before: Grant) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
