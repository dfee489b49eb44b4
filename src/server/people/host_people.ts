/**
 * HostPeople: the capability "people" of a host: gives each session its part of the PeopleHub, and the
 * hub its clock: what changes is told at once, and then at most once in `TELL_INTERVAL_MS`, however
 * much people do.
 */

import type { MediaMessage } from "../../ipc/media_message.ts";
import type { InputGate } from "../../session/input_gate.ts";
import type { FeatureSession, SessionFeature } from "../../session/session_feature.ts";
import type { ClientMessage } from "../../wire/control.ts";
import { encodeInputEvent } from "../../wire/input.ts";
import { peopleClientMessages } from "../../wire/people_messages.ts";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";
import { PeopleHub } from "./people_hub.ts";

/** Least time between two tellings: nobody sees faster, and nobody can flood the others. */
export const TELL_INTERVAL_MS = 50;
/** What a person reads whom an admin sent away. */
const KICK_MESSAGE = "An admin ended your session";

/** Without the slot. */
const UNPLUGGED = {
  kind: "pad",
  down: false,
  sequence: 0,
  pointerSequence: 0,
  x: 0,
  y: 0,
} as const;

type PeopleMessage = Extract<ClientMessage, { type: keyof typeof peopleClientMessages }>;

/** The people of one host. */
export class HostPeople implements HostFeature {
  readonly name = "people";
  readonly hub: PeopleHub;
  readonly #context: HostFeatureContext;
  #tellTimer: ReturnType<typeof setTimeout> | undefined;
  #deadlineTimer: ReturnType<typeof setTimeout> | undefined;
  #toldUs = -Infinity;
  #isClosed = false;

  constructor(context: HostFeatureContext) {
    this.#context = context;
    const { config, registry, streams } = context;
    this.hub = new PeopleHub({
      ...{ mode: config.control, registry, nowMs: Date.now },
      streamIds: () => streams().all.map(({ id }) => id),
      takesInput: (id) => streams().get(id)?.published === undefined,
      onDirty: () => this.#tellSoon(),
      unplugSlot: (slot) => {
        const records = encodeInputEvent({ ...UNPLUGGED, code: slot });
        for (const { id, published } of streams().all) {
          if (published !== undefined) continue;
          context.command({ type: "input", streamId: id, records });
        }
      },
    });
  }

  /** Its part of a session. */
  readonly makeSession = (session: FeatureSession): SessionFeature => {
    const { hub } = this;
    const gate: InputGate = {
      takesHands: (streamId, nowUs) => hub.takesHands(session, streamId, nowUs),
      slotOf: (pad, nowUs) => hub.slotOf(session, pad, nowUs),
      unplugged: (pad, nowUs) => hub.unplugged(session, pad, nowUs),
    };
    return {
      messages: Object.keys(peopleClientMessages) as PeopleMessage["type"][],
      inputGate: gate,
      onMessage: (message, nowUs) => this.#take(session, message as PeopleMessage, nowUs),
      onStart: () => hub.join(session),
      onWatch: () => hub.watched(session),
      close: () => hub.leave(session),
    };
  };

  onMediaMessage(message: MediaMessage): void {
    if (message.type !== "rumble") return;
    const { type: _type, ...rumble } = message;
    this.hub.rumble(rumble);
  }

  report(): Record<string, unknown> {
    return this.hub.report();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#tellTimer);
    clearTimeout(this.#deadlineTimer);
  }

  #take(session: FeatureSession, message: PeopleMessage, nowUs: number): void {
    const { hub } = this;
    const id = session.browserSessionId;
    switch (message.type) {
      case "set_name":
        return hub.rename(session, message.name);
      case "request_control":
        return hub.decide(message.streamId, (arbiter) => arbiter.request(id, nowUs));
      case "give_control":
        return hub.decide(
          message.streamId,
          (arbiter) => arbiter.give(id, message.personId, nowUs),
        );
      case "take_control":
        return hub.decide(message.streamId, (arbiter) => arbiter.take(id, nowUs));
      case "move_slot":
        return hub.moveSlot(message.slot, message.toSlot);
      case "set_rights":
        return this.#grant(id, message);
      case "kick":
        return this.#kick(id, message.personId);
    }
  }

  #grant(by: string, message: Extract<PeopleMessage, { type: "set_rights" }>): void {
    const { registry, log } = this.#context;
    const { personId, role } = message;
    // A host whose last admin laid that down would have none.
    if (personId === by) return;
    const usual = role === undefined ? undefined : registry.permissionsOf(role);
    const permissions = message.permissions ?? usual;
    if (!registry.grant(personId, { role, permissions })) return;
    const now = registry.rights(personId);
    const [rights, of] = [now?.permissions.join(",") ?? "", now?.role ?? ""];
    log.info("Rights changed by an admin", { session: personId, by, role: of, rights });
  }

  #kick(by: string, personId: string): void {
    const { registry, log } = this.#context;
    if (personId === by || !registry.revoke(personId, KICK_MESSAGE)) return;
    log.info("Session ended by an admin", { session: personId, by });
  }

  #tellSoon(): void {
    if (this.#tellTimer !== undefined || this.#isClosed) return;
    const waitMs = TELL_INTERVAL_MS - (this.#context.clock.nowUs() - this.#toldUs) / 1000;
    this.#tellTimer = setTimeout(() => this.#tell(), Math.max(0, waitMs));
  }

  #tell(): void {
    this.#tellTimer = undefined;
    const nowUs = this.#context.clock.nowUs();
    this.#toldUs = nowUs;
    this.hub.flush(nowUs);
    this.#watchDeadline(nowUs);
  }

  /** Every change of a deadline is told, so that this hears of it. */
  #watchDeadline(nowUs: number): void {
    clearTimeout(this.#deadlineTimer);
    this.#deadlineTimer = undefined;
    const { deadlineUs } = this.hub;
    if (deadlineUs === undefined) return;
    this.#deadlineTimer = setTimeout(() => {
      const laterUs = this.#context.clock.nowUs();
      this.hub.advance(laterUs);
      this.#watchDeadline(laterUs);
    }, Math.max(1, Math.ceil((deadlineUs - nowUs) / 1000)));
  }
}
