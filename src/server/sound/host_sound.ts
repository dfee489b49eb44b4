/**
 * HostSound: the sound of one host: decides where it comes from, has it captured while somebody
 * listens, and says what there is. A sound server that cannot be had costs sound and nothing else.
 */

import type { SoundConfig } from "../../ipc/sound_command.ts";
import type { SoundStats, VoiceStats } from "../../ipc/sound_message.ts";
import type { MediaState } from "../../ipc/media_handlers.ts";
import type { MediaMessage } from "../../ipc/media_message.ts";
import type { MediaSound, MediaSoundState } from "../../ipc/sound_record.ts";
import type { FeatureSession } from "../../session/session_feature.ts";
import { SOUND_SAMPLE_RATE } from "../../wire/audio.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";
import { Microphones, type VoicePlace } from "./microphones.ts";
import { PulseServer } from "./pulse_server.ts";
import { SoundHub, type SoundHubStats } from "./sound_hub.ts";
import { planSound, type SoundPlan, userSoundVariables } from "./sound_plan.ts";
import { SoundSession } from "./sound_session.ts";

const MAX_REASON = 256;
/** Capture goes on for a moment when nobody listens any more: who comes back waits for nothing. */
const LINGER_MS = 2000;

/** What can be counted of the sound of a host. */
export interface SoundFigures {
  /** Something is captured. */
  readonly isHeard: boolean;
  readonly listeners: number;
  readonly hub: Readonly<SoundHubStats>;
  readonly speakers: number;
  /** Of those who speak now. */
  readonly voices: VoiceStats | undefined;
}

/** The sound of one host. */
export class HostSound implements HostFeature {
  readonly name = "sound";
  /** Makes the sound of a session. */
  readonly makeSession: (session: FeatureSession) => SoundSession;
  readonly #context: HostFeatureContext;
  readonly #hub: SoundHub;
  readonly #microphones: Microphones;
  readonly #sessions = new Set<SoundSession>();
  #plan: SoundPlan;
  #server: PulseServer | undefined;
  /** Its own server takes programs, so that none is looked for in vain. */
  #isReady = false;
  /** What is heard while somebody listens; undefined until the first time. */
  #heard: MediaSoundState | undefined;
  /** Why there is none, as far as it is known before somebody listens. */
  #reason = "";
  #stats: SoundStats | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  constructor(context: HostFeatureContext) {
    this.#context = context;
    this.#plan = planSound(context.config);
    if (this.#plan.kind === "off") this.#reason = "Sound is off on this host";
    this.#hub = new SoundHub({ onListening: (isListening) => this.#listen(isListening) });
    const soundBps = context.config.audioBitrate * 1000;
    this.#microphones = new Microphones({
      place: () => this.#voicePlace(),
      command: (command) => context.command(command),
    });
    const shared = {
      ...{ hub: this.#hub, microphones: this.#microphones, soundBps },
      state: () => this.#state(),
      of: (streamId: number) => context.streams().get(streamId)?.published?.sound,
    };
    this.makeSession = (session) => {
      const made = new SoundSession(session, {
        ...shared,
        onClose: (closed) => void this.#sessions.delete(closed),
      });
      this.#sessions.add(made);
      return made;
    };
  }

  async open(): Promise<void> {
    if (this.#plan.kind !== "private") return;
    const { log } = this.#context;
    try {
      this.#server = await PulseServer.start({ log, onGivenUp: (why) => this.#onGivenUp(why) });
      log.info("Sound server started", { server: this.#server.address });
      // The screen does not wait for it.
      void this.#awaitServer(this.#server);
    } catch (error) {
      this.#onGivenUp(error instanceof Error ? error.message : String(error));
    }
  }

  async #awaitServer(server: PulseServer): Promise<void> {
    try {
      await server.ready();
      this.#isReady = true;
      if (this.#hub.isWanted) this.#capture();
    } catch (error) {
      if (this.#server !== server) return;
      await server.close();
      this.#onGivenUp(error instanceof Error ? error.message : String(error));
    }
  }

  environment(): Record<string, string> {
    if (this.#server !== undefined) return { PULSE_SERVER: this.#server.address };
    return this.#plan.kind === "user" ? userSoundVariables(Deno.env.toObject()) : {};
  }

  onSound(sound: MediaSound): void {
    const { clock } = this.#context;
    this.#hub.push(sound, this.#context.hostTimeUs(clock.nowUs()));
  }

  onSoundState(state: MediaSoundState): void {
    const { log } = this.#context;
    if (state.isHeard) log.info("Sound is captured", { source: state.source });
    else log.warn("No sound", { why: state.reason });
    this.#heard = state;
    this.#tellAll();
  }

  onMediaMessage(message: MediaMessage): void {
    if (message.type === "sound_stats") {
      const { type: _type, ...stats } = message;
      this.#stats = stats;
    } else if (message.type === "sound_failed") {
      this.onSoundState({ isHeard: false, reason: message.message });
    } else {
      if (message.type === "voices_failed") {
        this.#context.log.warn("No microphones", { why: message.message });
      }
      this.#microphones.onMessage(message);
    }
  }

  onMediaState(state: MediaState): void {
    if (state !== "running") return;
    this.#hub.restart();
    if (this.#hub.isWanted) this.#capture();
    this.#microphones.onMediaRestarted();
  }

  followSound(sink: (sound: MediaSound) => void, streamId: number): (() => void) | undefined {
    const own = this.#context.streams().get(streamId)?.published?.sound;
    if (own !== undefined) return own.hub.follow(sink);
    return this.#plan.kind === "off" ? undefined : this.#hub.follow(sink);
  }

  /** Figures of now. */
  get figures(): SoundFigures {
    return {
      isHeard: this.#heard?.isHeard ?? false,
      listeners: this.#hub.listeners,
      hub: this.#hub.stats,
      speakers: this.#microphones.speakers,
      voices: this.#microphones.stats,
    };
  }

  report(): Record<string, unknown> {
    const { isHeard, listeners, hub, speakers, voices } = this.figures;
    return {
      ...{ source: this.#plan.kind, isHeard, listeners, ...hub },
      capture: this.#stats ?? null,
      microphones: { speakers, voices: voices ?? null },
    };
  }

  async close(): Promise<void> {
    clearTimeout(this.#lingering);
    await this.#server?.close();
  }

  #listen(isListening: boolean): void {
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    if (!isListening) {
      this.#lingering = setTimeout(() => this.#stop(), LINGER_MS);
      return;
    }
    // One that goes on hears the command as well, and makes nothing of it.
    this.#capture();
  }

  #stop(): void {
    this.#lingering = undefined;
    this.#context.command({ type: "stop_sound" });
    this.#stats = undefined;
    this.#hub.restart();
  }

  #capture(): void {
    const config = this.#captured();
    if (config !== undefined) this.#context.command({ type: "start_sound", ...config });
  }

  /** What is to be captured; undefined when there is no sound. */
  #captured(): SoundConfig | undefined {
    const { audioBitrate, audioFrame } = this.#context.config;
    const source = this.#plan.kind === "tone" ? "tone" : "pulse";
    const isStarting = this.#server !== undefined && !this.#isReady;
    if (this.#reason !== "" || isStarting) return undefined;
    return {
      source,
      channels: 0,
      frameUs: audioFrame * 1000,
      bitrateBps: audioBitrate * 1000,
      server: this.#server?.address ?? "",
    };
  }

  /** Where programs hear viewers; or why they cannot. */
  #voicePlace(): VoicePlace | string {
    const { audio, microphone } = this.#context.config;
    if (microphone === "off" || audio === "off") return "Microphones are off on this host";
    if (this.#server !== undefined) return { server: this.#server.address, keepsSource: true };
    return this.#plan.kind === "user"
      ? { server: "", keepsSource: false }
      : "There is no sound server on this host";
  }

  #onGivenUp(why: string): void {
    const { log } = this.#context;
    const orTone = this.#plan.kind === "private" && this.#plan.orTone;
    this.#server = undefined;
    if (orTone) {
      this.#plan = { kind: "tone", why };
      log.warn("No sound server, playing the test tone", { why });
    } else {
      this.#reason = `There is no sound server: ${why}`;
      log.warn("No sound", { why: this.#reason });
    }
    this.#heard = undefined;
    this.#microphones.loseAll("The sound server ended");
    if (this.#hub.isWanted) this.#capture();
    this.#tellAll();
  }

  #tellAll(): void {
    for (const session of this.#sessions) session.tellState();
  }

  #state(): Uint8Array {
    const heard = this.#heard;
    const reason = heard?.isHeard === false ? heard.reason : this.#reason;
    const available = reason === "";
    return encodeServerMessage({
      type: "sound_state",
      available,
      source: heard?.isHeard === true ? heard.source : "",
      channels: heard?.isHeard === true ? heard.channels : 0,
      sampleRate: available ? SOUND_SAMPLE_RATE : 0,
      frameUs: available ? this.#context.config.audioFrame * 1000 : 0,
      reason: reason.slice(0, MAX_REASON),
    });
  }
}
