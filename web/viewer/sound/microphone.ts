/**
 * Microphone: the page's half of the microphone: off until somebody turns it on, off again with the
 * session, with the right to use it, and whenever the host says so.
 */

import type { PageFeatureContext, PageSession } from "../features/page_feature.ts";
import type { ViewerRights } from "../people/people_rights.ts";
import { MicrophoneControl } from "../ui/microphone_control.ts";
import type { MicrophoneView } from "../ui/microphone_control.ts";
import { MicrophoneInput } from "./microphone_input.ts";
import type { MicrophoneProblem } from "./microphone_input.ts";
import type { MicrophoneCommand, MicrophoneEvent, MicrophoneState } from "./microphone_messages.ts";

const PROBLEM_WORDS: Readonly<Record<MicrophoneProblem, string>> = {
  blocked: "The browser blocks the microphone: allow it in the address bar",
  no_device: "No microphone found",
  failed: "The microphone does not answer",
};

const OFF = "Microphone off";

/** What a microphone needs of the page's sound. */
export type MicrophoneContext = Pick<PageFeatureContext, "window"> & {
  send(command: MicrophoneCommand, transfer: Transferable[]): void;
};

/** The microphone of one page. */
export class Microphone {
  readonly #context: MicrophoneContext;
  readonly #input = new MicrophoneInput(() => this.#off("The microphone is gone"));
  readonly #control: MicrophoneControl;
  #mayUse = false;
  #state: MicrophoneState | undefined;
  #phase: "off" | "asking" | "on" = "off";
  /** The host has said that it hears us since it was turned on. */
  #isHeard = false;
  #problem: MicrophoneProblem | undefined;

  constructor(context: MicrophoneContext) {
    this.#context = context;
    this.#control = new MicrophoneControl(context.window.toolbar, () => this.toggle());
    context.window.addLayer(this.#control.indicator);
  }

  /** On or off. */
  toggle(): void {
    if (this.#phase === "off") this.#on();
    else this.#off(OFF);
  }

  /** The worker has something to say. */
  onEvent(event: MicrophoneEvent): void {
    if (event.name === "microphone_failed") {
      this.#problem = "failed";
      return this.#off(PROBLEM_WORDS.failed);
    }
    const { state } = event;
    this.#state = state;
    if (state.isOn) this.#isHeard = true;
    // The host ended it, or would not begin.
    else if (this.#phase === "on" && (this.#isHeard || state.reason !== "")) {
      return this.#off(state.reason === "" ? OFF : state.reason, false);
    }
    this.#show();
  }

  onConnected({ permissions }: Pick<PageSession, "permissions">): void {
    this.#mayUse = permissions.includes("microphone");
    this.#show();
  }

  onRights({ permissions }: Pick<ViewerRights, "permissions">): void {
    this.#mayUse = permissions.includes("microphone");
    if (this.#mayUse || this.#phase === "off") return this.#show();
    this.#off("You may not use your microphone here any more", false);
  }

  onDisconnected(): void {
    this.#mayUse = false;
    this.#state = undefined;
    if (this.#phase === "off") return this.#show();
    this.#off(OFF, false);
  }

  close(): void {
    this.#input.close();
  }

  async #on(): Promise<void> {
    if (this.#view !== "off" && this.#problem === undefined) {
      if (this.#mayUse && this.#state?.available === false) this.#notice(this.#state.reason);
      return;
    }
    this.#phase = "asking";
    this.#problem = undefined;
    this.#isHeard = false;
    this.#show();
    const opened = await this.#input.open();
    if (this.#phase !== "asking") {
      // Somebody thought better of it, or the session ended meanwhile.
      this.#input.close();
      return;
    }
    if (typeof opened === "string") {
      this.#problem = opened;
      return this.#off(PROBLEM_WORDS[opened]);
    }
    this.#phase = "on";
    this.#context.send({ name: "microphone_on", port: opened }, [opened]);
    this.#notice("Microphone on");
    this.#show();
  }

  #off(why: string, tellsHost = true): void {
    const wasOn = this.#phase === "on";
    this.#phase = "off";
    this.#input.close();
    if (wasOn) this.#context.send({ name: "microphone_off", tellsHost }, []);
    this.#notice(why);
    this.#show();
  }

  get #view(): MicrophoneView {
    if (!this.#mayUse || this.#state === undefined) return "hidden";
    if (!this.#state.available) return "unavailable";
    return this.#phase !== "off" ? this.#phase : this.#problem ?? "off";
  }

  #notice(text: string): void {
    this.#context.window.notices.show(text);
  }

  #show(): void {
    const view = this.#view;
    this.#control.show(view, view === "unavailable" ? this.#state?.reason ?? "" : "");
  }
}
