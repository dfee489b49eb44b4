/**
 * ClipboardPort: the host's clipboards as a session sees them, and a session as they see it. Contents
 * are held by the host and counted by their users: who gets one drops it.
 */

import type { ClipboardFailure, ClipboardHeader, ClipboardType } from "../wire/clipboard.ts";
import type { ServerMessage } from "../wire/control.ts";

/** Types that are taken, with the most bytes of each. */
export type ClipboardLimits = ReadonlyMap<ClipboardType, number>;

/** One thing that a viewer's clipboard has. */
export interface ClipboardItem {
  readonly type: ClipboardType;
  readonly bytes: number;
}

/** Content with its hash; `bytes` are whole. */
export interface ClipboardContent {
  readonly type: ClipboardType;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** Something newer is offered: it is of no use any more. */
  readonly isStale: boolean;
  /** One user fewer. */
  drop(): void;
}

/** Content that is coming in from a viewer. */
export interface IncomingContent {
  /** Takes the next bytes; false when there are more than the header said. */
  push(bytes: Uint8Array): boolean;
  /** True when as many came as the header said. */
  readonly isWhole: boolean;
  /** It is over: whole, or it never will be. Checks hash and type; false when they do not fit. */
  end(): boolean;
}

/** A session that takes part in a clipboard. */
export interface ClipboardMember {
  readonly id: string;
  /** The stream that it watches, whose display's clipboard is its own. */
  readonly streamId: number | undefined;
  /** The host's clipboard may come to it. */
  readonly mayRead: boolean;
  /** Its clipboard may go to the host. */
  readonly mayWrite: boolean;
  tell(message: ServerMessage): void;
}

/** The host's clipboards. */
export interface ClipboardPort {
  readonly limits: ClipboardLimits;
  /** Whether the host is configured to take part, either way. */
  readonly toViewer: boolean;
  readonly toHost: boolean;
  /** Why there is no clipboard at the display of a stream; empty when there is one. */
  reason(streamId: number | undefined): string;
  join(member: ClipboardMember): void;
  leave(member: ClipboardMember): void;
  /** Tells a member what there is at the display that it watches now, none of it new. */
  greet(member: ClipboardMember): void;
  /** A member's clipboard has something new; it is told what came of it. */
  offer(member: ClipboardMember, serial: number, items: readonly ClipboardItem[]): void;
  /** A member has nothing for the host any more. */
  withdraw(member: ClipboardMember): void;
  /** A member cannot give what it was asked for. */
  refuse(member: ClipboardMember, serial: number, type: ClipboardType): void;
  /** Content of an offer; whoever gets it drops it. Never rejects. */
  fetch(
    member: ClipboardMember,
    serial: number,
    type: ClipboardType,
  ): Promise<ClipboardContent | ClipboardFailure>;
  /** Bytes a second that contents may take of a member's path; undefined while no picture needs it. */
  rate(member: ClipboardMember): number | undefined;
  /** Room for content that was asked for; undefined when nobody waits for it. */
  expect(member: ClipboardMember, header: ClipboardHeader): IncomingContent | undefined;
}
