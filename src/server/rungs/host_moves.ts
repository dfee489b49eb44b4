/**
 * HostMoves: the capability "moves" of a host: a session may take the place of another one of the same
 * browser, when its viewer has found a better way here or lost the old one. What the old one holds down
 * is raised before the new one hears of it. It holds nothing.
 */

import type { FeatureSession, SessionFeature } from "../../session/session_feature.ts";
import type { ViewerSession } from "../../session/viewer_session.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { ClientMessage } from "../../wire/control.ts";
import { moveClientMessages } from "../../wire/move_messages.ts";
import type { HostFeature } from "../host_feature.ts";

type TakeOver = Extract<ClientMessage, { type: "take_over" }>;

/** What it needs of a session that may be followed. */
export type FollowedSession = Pick<ViewerSession, "id" | "browserSessionId" | "end">;

/** What it needs of the host. */
export interface HostMovesContext {
  sessions(): Iterable<FollowedSession>;
}

/** Lets sessions go on over another connection. */
export class HostMoves implements HostFeature {
  readonly name = "moves";
  readonly #context: HostMovesContext;
  #moves = 0;

  constructor(context: HostMovesContext) {
    this.#context = context;
  }

  /** Its part of a session. */
  readonly makeSession = (session: FeatureSession): SessionFeature => ({
    messages: Object.keys(moveClientMessages) as TakeOver["type"][],
    onMessage: (message) => this.#takeOver(session, (message as TakeOver).sessionId),
    close: () => {},
  });

  report(): Record<string, unknown> {
    return { sessions: this.#moves };
  }

  #takeOver(session: FeatureSession, id: string): void {
    for (const followed of this.#context.sessions()) {
      const isItsOwn = followed.browserSessionId === session.browserSessionId;
      if (followed.id !== id || id === session.id || !isItsOwn) continue;
      this.#moves++;
      followed.end("quit", "The session goes on over another connection", false);
    }
    session.send(encodeServerMessage({ type: "taken_over", sessionId: id }));
  }
}
