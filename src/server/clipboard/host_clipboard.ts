/**
 * HostClipboard: the clipboards of a host: one for each X display that its streams show, and the
 * sessions that take part. Off unless the options open a way.
 */

import type { MediaState } from "../../ipc/media_handlers.ts";
import type { MediaMessage } from "../../ipc/media_message.ts";
import type {
  ClipboardContent,
  ClipboardItem,
  ClipboardLimits,
  ClipboardMember,
  ClipboardPort,
  IncomingContent,
} from "../../session/clipboard_port.ts";
import { ClipboardSession } from "../../session/clipboard_session.ts";
import type { SessionFeatureFactory } from "../../session/session_feature.ts";
import type { ClipboardFailure, ClipboardHeader, ClipboardType } from "../../wire/clipboard.ts";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";
import { clipboardLimits, isToHost, isToViewer } from "./clipboard_settings.ts";
import { ScreenClipboard } from "./screen_clipboard.ts";

/** Of what a viewer's path is given: a person waits for it, and the picture goes on. */
const PATH_SHARE = 0.5;

/** The clipboards of one host. */
export class HostClipboard implements HostFeature, ClipboardPort {
  readonly name = "clipboard";
  readonly limits: ClipboardLimits;
  readonly toViewer: boolean;
  readonly toHost: boolean;
  readonly makeSession?: SessionFeatureFactory;
  readonly #context: HostFeatureContext;
  /** By the lowest stream that shows the display: at most 16. */
  readonly #screens = new Map<number, ScreenClipboard>();
  readonly #members = new Set<ClipboardMember>();
  #serial = 0;

  constructor(context: HostFeatureContext) {
    this.#context = context;
    const { config } = context;
    this.limits = clipboardLimits(config);
    this.toViewer = isToViewer(config);
    this.toHost = isToHost(config);
    if (this.#isOn) this.makeSession = (session) => new ClipboardSession(session, this);
  }

  onMediaState(state: MediaState): void {
    if (!this.#isOn) return;
    if (state === "running") {
      for (const { id } of this.#context.streams().all) this.#open(this.#slot(id));
      return;
    }
    for (const screen of this.#screens.values()) screen.lost(`The media process is ${state}`);
    for (const member of this.#members) this.greet(member);
  }

  onMediaMessage(message: MediaMessage): void {
    if (!isClipboardMessage(message)) return;
    this.#screens.get(message.streamId)?.take(message);
  }

  report(): Record<string, unknown> | undefined {
    if (!this.#isOn) return undefined;
    const screens = [...this.#screens].map(([streamId, { reason, stats }]) => {
      return { streamId, isOpen: reason === "", reason, ...stats };
    });
    return { members: this.#members.size, screens };
  }

  close(): void {
    for (const screen of this.#screens.values()) screen.close();
  }

  reason(streamId: number | undefined): string {
    return this.#screen(streamId)?.reason ?? "The display has no clipboard";
  }

  join(member: ClipboardMember): void {
    this.#members.add(member);
  }

  leave(member: ClipboardMember): void {
    this.#members.delete(member);
    this.withdraw(member);
  }

  withdraw(member: ClipboardMember): void {
    for (const screen of this.#screens.values()) screen.withdraw(member);
  }

  greet(member: ClipboardMember, isNew = false): void {
    const { mayRead, mayWrite, streamId } = member;
    const reason = this.reason(streamId);
    member.tell({
      type: "clipboard_state",
      toViewer: mayRead,
      toHost: mayWrite,
      limits: [...this.limits].map(([type, bytes]) => ({ type, bytes })),
      reason: mayRead || mayWrite ? reason : "",
    });
    const offer = mayRead ? this.#screen(streamId)?.offerTo(member) : undefined;
    if (offer !== undefined) member.tell({ type: "clipboard_offer", ...offer, isNew });
  }

  offer(member: ClipboardMember, serial: number, items: readonly ClipboardItem[]): void {
    const screen = this.#screen(member.streamId);
    if (screen !== undefined && member.mayWrite) return screen.offer(member, serial, items);
    const outcome = member.mayWrite ? "failed" : "not_allowed";
    member.tell({ type: "clipboard_outcome", serial, outcome });
  }

  refuse(member: ClipboardMember, serial: number, type: ClipboardType): void {
    for (const screen of this.#screens.values()) screen.refuse(member, serial, type);
  }

  async fetch(
    member: ClipboardMember,
    serial: number,
    type: ClipboardType,
  ): Promise<ClipboardContent | ClipboardFailure> {
    return await this.#screen(member.streamId)?.fetch(serial, type) ?? "gone";
  }

  rate(member: ClipboardMember): number | undefined {
    for (const { id, sent, streamId } of this.#context.sessions()) {
      if (id !== member.id || streamId === undefined || sent === undefined) continue;
      return sent.targetBps * PATH_SHARE / 8;
    }
    return undefined;
  }

  expect(member: ClipboardMember, header: ClipboardHeader): IncomingContent | undefined {
    for (const screen of this.#screens.values()) {
      const content = screen.expect(member, header);
      if (content !== undefined) return content;
    }
    return undefined;
  }

  get #isOn(): boolean {
    return (this.toViewer || this.toHost) && this.limits.size > 0;
  }

  /** The stream that names the clipboard of a stream's display. */
  #slot(streamId: number): number {
    const display = this.#context.xDisplay(streamId);
    const same = this.#context.streams().all.find(({ id }) => {
      return this.#context.xDisplay(id) === display;
    });
    return same?.id ?? streamId;
  }

  #screen(streamId: number | undefined): ScreenClipboard | undefined {
    return this.#screens.get(this.#slot(streamId ?? this.#context.streams().first.id));
  }

  #open(slot: number): void {
    let screen = this.#screens.get(slot);
    if (screen !== undefined) {
      if (screen.reason !== "") screen.open();
      return;
    }
    const { config, ledger, log } = this.#context;
    screen = new ScreenClipboard({
      streamId: slot,
      display: () => this.#context.xDisplay(slot),
      withPrimary: config.clipboardPrimary,
      limits: this.limits,
      account: ledger.account("clipboard"),
      command: (command) => this.#context.command(command),
      nextSerial: () => this.#serial = this.#serial % 0xffff_ffff + 1,
      changed: (isNew) => this.#tell(slot, isNew),
      log,
    });
    this.#screens.set(slot, screen);
    screen.open();
  }

  /** Tells everybody who watches a display what its clipboard has now. */
  #tell(slot: number, isNew: boolean): void {
    const first = this.#context.streams().first.id;
    for (const member of this.#members) {
      if (this.#slot(member.streamId ?? first) === slot) this.greet(member, isNew);
    }
  }
}

function isClipboardMessage(
  message: MediaMessage,
): message is Extract<MediaMessage, { type: `clipboard_${string}` }> {
  return message.type.startsWith("clipboard_");
}
