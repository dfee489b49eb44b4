/**
 * Sound: the page's half of sound: joins device, controls, microphone and worker. Sound is asked for
 * while a host has some, a session runs, the device may play and nobody muted it; else nothing is sent.
 */

import type { PageFeatureContext, PageSession } from "../features/page_feature.ts";
import type { ViewerRights } from "../people/people_rights.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import { SoundControl } from "../ui/sound_control.ts";
import { soundSection } from "../ui/sound_lines.ts";
import { outputChannels } from "./down_mix.ts";
import { Microphone } from "./microphone.ts";
import type {
  MeasuredSound,
  SoundCommand,
  SoundEvent,
  SoundState,
  SoundStats,
} from "./sound_messages.ts";
import { SoundOutput } from "./sound_output.ts";
import { SoundSettings } from "./sound_settings.ts";
import { ToneMeter } from "./tone_meter.ts";

/** The browser's latency is looked at so often. */
const OUTPUT_INTERVAL_MS = 250;
/** A change of it that the worker is told. */
const OUTPUT_CHANGE_US = 1_000;
/** A context that may begin has begun after this time. */
const BLOCKED_AFTER_MS = 400;
/** Devices come and go in groups. */
const DEVICE_SETTLE_MS = 500;
/** Long enough for the wall clock to begin another millisecond. */
const WALL_CLOCK_LOOK_MS = 2.5;
const WAKING_EVENTS = ["pointerdown", "keydown", "touchend"] as const;

/** The page's half of sound. */
export class SoundPage {
  readonly #context: PageFeatureContext;
  readonly #settings: SoundSettings;
  readonly #output: SoundOutput;
  readonly #control: SoundControl;
  readonly #microphone: Microphone;
  readonly #meter = new ToneMeter();
  readonly #listening = new AbortController();
  readonly #outputTimer: ReturnType<typeof setInterval>;
  #state: SoundState | undefined;
  #stats: SoundStats | undefined;
  #failure = "";
  #isConnected = false;
  /** Channels that are open; undefined while nothing is. */
  #opened: number | undefined;
  #isPreparing = false;
  #mayBeBlocked = false;
  #toldUs = 0;
  #isTapped = false;
  #deviceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: PageFeatureContext) {
    this.#context = context;
    const query = new URLSearchParams(location.search);
    this.#settings = new SoundSettings(storage(), query.get("volume"));
    this.#output = new SoundOutput(globalThis.crossOriginIsolated === true, {
      changed: () => this.#update(),
      tapped: (block) => this.#meter.push(block),
    });
    this.#control = new SoundControl(context.window.toolbar, {
      toggleMute: () => this.#toggleMute(),
      setVolume: (volume) => this.#setVolume(volume),
      unblock: () => this.#wake(),
    });
    context.window.addLayer(this.#control.prompt);
    this.#microphone = new Microphone({
      window: context.window,
      send: (command, transfer) => this.#send(command, transfer),
    });
    context.window.stats.addSection(() => soundSection(this.#stats, this.#reason || "off"));
    this.#output.setVolume(this.#settings.volume / 100);
    this.#outputTimer = setInterval(() => this.#measureOutput(), OUTPUT_INTERVAL_MS);
    this.#listen();
    this.#offerMeasurements();
  }

  /** The worker has something to say. */
  onEvent(event: SoundEvent): void {
    switch (event.name) {
      case "state":
        this.#state = event.state;
        this.#failure = "";
        return this.#update();
      case "failed":
        this.#failure = event.reason;
        return this.#update();
      case "stats":
        this.#stats = event.stats;
        return;
      default:
        return this.#microphone.onEvent(event);
    }
  }

  onConnected(session: PageSession): void {
    this.#isConnected = true;
    this.#microphone.onConnected(session);
    this.#update();
  }

  onRights(rights: ViewerRights): void {
    this.#microphone.onRights(rights);
  }

  onDisconnected(): void {
    this.#isConnected = false;
    this.#microphone.onDisconnected();
    this.#state = undefined;
    this.#update();
  }

  onShortcut(action: ShortcutAction): void {
    if (action === "sound") this.#toggleMute();
    else this.#microphone.toggle();
  }

  close(): void {
    clearInterval(this.#outputTimer);
    clearTimeout(this.#deviceTimer);
    this.#listening.abort();
    this.#closeSink();
    this.#output.close();
    this.#microphone.close();
  }

  /** Why there is no sound; empty while there is. */
  get #reason(): string {
    if (this.#failure !== "") return this.#failure;
    if (this.#state === undefined) return "No session";
    if (this.#state.available) return "";
    return this.#state.reason === "" ? "No sound on this host" : `No sound: ${this.#state.reason}`;
  }

  #listen(): void {
    const options = { signal: this.#listening.signal, capture: true };
    for (const name of WAKING_EVENTS) {
      // Whatever somebody does on the page is the click that the browser waits for.
      addEventListener(name, () => this.#wake(), options);
    }
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      clearTimeout(this.#deviceTimer);
      this.#deviceTimer = setTimeout(() => this.#deviceChanged(), DEVICE_SETTLE_MS);
    }, options);
  }

  #update(): void {
    const wanted = this.#isConnected && this.#reason === "" && !this.#settings.isMuted;
    // A device that stands plays nothing, so nothing is to be sent for it.
    if (!wanted || !this.#output.isRunning) this.#closeSink();
    if (wanted && this.#output.isRunning && !this.#isPreparing) this.#openSink();
    else if (wanted) this.#prepare();
    this.#control.show({
      reason: this.#reason,
      isMuted: this.#settings.isMuted,
      volume: this.#settings.volume,
      isBlocked: wanted && this.#mayBeBlocked && !this.#output.isRunning,
    });
  }

  async #prepare(): Promise<void> {
    if (this.#isPreparing) return;
    this.#isPreparing = true;
    setTimeout(() => {
      this.#mayBeBlocked = true;
      this.#update();
    }, BLOCKED_AFTER_MS);
    try {
      await this.#output.prepare();
    } catch {
      this.#failure = "This browser cannot play sound";
    } finally {
      this.#isPreparing = false;
    }
    if (this.#output.isRunning || this.#failure !== "") this.#update();
  }

  #wake(): void {
    if (this.#output.isRunning || this.#state === undefined) return;
    this.#output.prepare().catch(() => {});
  }

  #openSink(): void {
    const channels = outputChannels(this.#state?.channels ?? 2, this.#output.deviceChannels);
    if (this.#opened === channels) return;
    this.#opened = channels;
    const sink = this.#output.open(channels);
    this.#output.tap(this.#isTapped);
    this.#toldUs = this.#output.measureOutput();
    this.#send(
      { name: "open", sink, outputUs: this.#toldUs },
      sink.port === undefined ? [] : [sink.port],
    );
  }

  #closeSink(): void {
    if (this.#opened === undefined) return;
    this.#opened = undefined;
    this.#stats = undefined;
    this.#send({ name: "close" });
    this.#output.closeSink();
  }

  #toggleMute(): void {
    this.#settings.toggleMute();
    this.#output.setVolume(this.#settings.volume / 100);
    this.#context.window.notices.show(this.#settings.isMuted ? "Sound off" : "Sound on");
    this.#update();
  }

  #setVolume(volume: number): void {
    this.#settings.setVolume(volume);
    this.#output.setVolume(this.#settings.volume / 100);
    this.#update();
  }

  #measureOutput(): void {
    if (this.#opened === undefined) return;
    const outputUs = this.#output.measureOutput();
    if (Math.abs(outputUs - this.#toldUs) < OUTPUT_CHANGE_US) return;
    this.#toldUs = outputUs;
    this.#send({ name: "output", outputUs });
  }

  /** Headphones came or went: another device may have other channels and another latency. */
  #deviceChanged(): void {
    this.#closeSink();
    this.#output.renew();
    this.#update();
  }

  #send(command: SoundCommand, transfer: Transferable[] = []): void {
    this.#context.send({ type: "sound", command }, transfer);
  }

  #offerMeasurements(): void {
    const offered: MeasuredSound = {
      startSoundMeasurement: () => {
        this.#isTapped = true;
        this.#meter.restart();
        this.#output.tap(true);
      },
      takeSoundMeasurements: () => ({
        tone: this.#meter.take(),
        stats: this.#stats,
        outputUs: this.#toldUs,
        wallOffsetUs: wallOffsetUs(),
      }),
    };
    Object.assign(this.#context.root, offered);
  }
}

/** The page's clock moves with `performance.now()`, that of the audio thread is the wall clock. */
function wallOffsetUs(): number {
  const untilMs = performance.now() + WALL_CLOCK_LOOK_MS;
  let least = Infinity;
  while (performance.now() < untilMs) {
    // It counts whole milliseconds: the truth is where one has just begun.
    least = Math.min(least, performance.timeOrigin + performance.now() - Date.now());
  }
  return Math.round(least * 1000);
}

/** A browser that denies storage throws where others have it. */
function storage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
