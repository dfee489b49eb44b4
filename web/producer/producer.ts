/**
 * Producer: the page's side of publishing: sources and devices, the worker, and what the page shows of
 * them. Whatever people do returns at once; what takes time changes the view when it is done.
 */

import type { PublishWish } from "../../src/wire/publish_messages.ts";
import type { Rung } from "../transport/ladder.ts";
import { cameraWish, displayWish } from "./capture_wish.ts";
import { listDevices } from "./device_list.ts";
import { pictureBounds, processingPolicy } from "./device_class.ts";
import type { PictureBounds, PictureChoice } from "./device_class.ts";
import { MachineWatch } from "./machine_watch.ts";
import { MemoryMonitor } from "./memory_monitor.ts";
import { MicrophoneSource } from "./microphone_source.ts";
import { PictureFeed } from "./picture_feed.ts";
import type { ProducerCommand, ProducerEvent } from "./producer_messages.ts";
import type { MissingPart, ProducerView } from "./producer_view.ts";
import { saveChoices } from "./saved_choices.ts";
import type { Choices } from "./saved_choices.ts";
import { SoundFeed } from "./sound_feed.ts";
import { captureProblem, SOURCE_KINDS } from "./source_kind.ts";
import type { SourceKind } from "./source_kind.ts";
import { StreamReuse } from "./stream_reuse.ts";
import { WakeHold } from "./wake_hold.ts";

const NOTICE_MS = 8000;
/** How often kept streams are looked at. */
const SWEEP_MS = 15_000;

/** What a producer is made of. */
export interface ProducerOptions {
  readonly worker: URL;
  readonly missing: MissingPart | undefined;
  readonly choices: Choices;
  readonly secret: string | undefined;
  readonly transport: Rung | undefined;
  /** Memory from which on it is short; default: what suits the machine. */
  readonly memoryBytes: number | undefined;
  readonly changed: (view: ProducerView<MediaStream>) => void;
}

/** Publishes from one page. */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #worker: Worker | undefined;
  readonly #reuse = new StreamReuse<MediaStream>(() => performance.now());
  readonly #machine: MachineWatch;
  readonly #memory: MemoryMonitor;
  readonly #pictures: PictureFeed;
  readonly #sound: SoundFeed;
  readonly #wake = new WakeHold();
  #view: ProducerView<MediaStream>;
  #secret: string | undefined;
  readonly #microphone: MicrophoneSource;
  #opening = 0;
  #bounds: PictureBounds | undefined;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#secret = options.secret;
    this.#view = {
      ...{ missing: options.missing, isOpening: false, problem: undefined, failure: "" },
      ...{ link: { name: "off" }, choices: options.choices, stream: undefined },
      ...{ hasSourceSound: false, canSendSound: SoundFeed.isSupported, microphone: "off" },
      ...{
        cameras: [],
        microphones: [],
        kept: [],
        keptUnused: 0,
        host: undefined,
        figures: undefined,
      },
      notice: "",
    };
    const send = (command: ProducerCommand, transfer: Transferable[] = []) => {
      this.#worker?.postMessage(command, transfer);
    };
    this.#pictures = new PictureFeed(send);
    this.#sound = new SoundFeed(send);
    this.#machine = new MachineWatch({
      changed: () => this.#sendLimits(),
      memory: (bytes) => this.#onMemory(bytes),
    });
    this.#microphone = new MicrophoneSource(this.#reuse, {
      changed: (microphone) => {
        if (microphone !== "on" && microphone !== "asking") this.#choose({ usesMicrophone: false });
        this.#set({ microphone });
        this.#useSound();
        if (microphone === "on") this.#listDevices();
      },
      gone: () => this.#notice("The microphone is gone"),
    });
    this.#memory = new MemoryMonitor(options.memoryBytes ?? this.#machine.thresholdBytes);
    if (options.missing !== undefined) return;
    this.#worker = new Worker(options.worker, { name: "wavry-producer" });
    this.#worker.onmessage = ({ data }: MessageEvent<ProducerEvent>) => this.#onEvent(data);
    this.#worker.onerror = ({ message }) => this.#set({ failure: message });
    this.#machine.start();
    navigator.mediaDevices.addEventListener("devicechange", () => this.#listDevices());
    this.#listDevices();
    setInterval(() => this.#noteKept(), SWEEP_MS);
  }

  get view(): ProducerView<MediaStream> {
    return this.#view;
  }

  /** What memory is like, for people who measure. */
  get memory(): Pick<MemoryMonitor, "usedBytes" | "thresholdBytes" | "warnings" | "relief"> {
    return this.#memory;
  }

  /** Another source is to be published; one that is kept is there at once. */
  chooseKind(kind: SourceKind): void {
    const isOther = kind !== this.#view.choices.kind;
    this.#choose({ kind });
    const isKept = this.#reuse.has(this.#key(kind));
    if (isOther && (this.#isActive || isKept)) this.openSource();
    else if (isOther && this.#view.stream !== undefined) this.#useStream(undefined);
  }

  /** Asks for the source that is chosen; `again` asks even where one is kept. */
  async openSource(again = false): Promise<boolean> {
    const { kind } = this.#view.choices;
    const round = ++this.#opening;
    const key = this.#key(kind);
    this.#set({ isOpening: true, problem: undefined, failure: "" });
    try {
      // The one before stays until another one is chosen: a change of mind changes nothing.
      const fresh = again ? await this.#capture(kind, key) : undefined;
      const stream = fresh === undefined
        ? await this.#reuse.take(key, () => this.#capture(kind, key))
        : await this.#replace(key, fresh);
      if (round !== this.#opening || stream === undefined) {
        if (stream !== undefined) this.#reuse.release(stream);
        return false;
      }
      this.#set({ isOpening: false });
      this.#useStream(stream);
      this.#listDevices();
      return true;
    } catch (error) {
      if (round !== this.#opening) return false;
      const problem = captureProblem(error);
      if (this.#isActive) this.#notice("The source stays as it is");
      this.#set({ isOpening: false, ...this.#isActive ? {} : { problem } });
      return false;
    }
  }

  /** The source is turned off: nothing is captured any more. */
  closeSource(): void {
    const { stream } = this.#view;
    if (this.#isActive) this.stop();
    if (stream !== undefined) this.#reuse.discard(stream);
    this.#useStream(undefined);
  }

  /** What is kept for going back is turned off, too. */
  dropKept(): void {
    this.#reuse.dropUnused();
    this.#noteKept();
  }

  /** Publishes; asks for the source where there is none yet. */
  async start(): Promise<void> {
    if (this.#isActive) return;
    if (this.#view.stream === undefined && !await this.openSource()) return;
    const { choices } = this.#view;
    if (choices.usesMicrophone) this.#microphone.open(choices.microphoneId);
    this.#sendLimits();
    const wish: PublishWish = { name: choices.name.trim(), kind: choices.kind, key: choices.key };
    const { transport } = this.#options;
    this.#set({ failure: "", problem: undefined, host: undefined, figures: undefined });
    this.#send({ type: "start", wish, secret: this.#secret, transport });
    this.#secret = undefined;
    this.#choose({ isLive: true });
    this.#wake.hold(true);
  }

  /** Publishes no more; the source stays for now. */
  stop(): void {
    this.#send({ type: "stop" });
    this.#choose({ isLive: false });
    this.#wake.hold(false);
  }

  rename(name: string): void {
    this.#choose({ name });
  }

  /** How large and fast the picture is at most; counts at once. */
  setPicture(picture: PictureChoice): void {
    this.#choose({ picture });
    this.#sendLimits();
    const [track] = this.#view.stream?.getVideoTracks() ?? [];
    const { width, height, fps } = this.#bounds!;
    const sides = { width: { max: width }, height: { max: height } };
    track?.applyConstraints({ ...sides, frameRate: { max: fps } }).catch(() => {});
  }

  setCamera(cameraId: string): void {
    this.#choose({ cameraId });
    if (this.#view.choices.kind === "camera" && this.#view.stream !== undefined) this.openSource();
  }

  setMicrophone(microphoneId: string): void {
    this.#choose({ microphoneId });
    if (this.#view.microphone === "on") this.#microphone.open(microphoneId);
  }

  toggleMicrophone(): void {
    const usesMicrophone = !this.#view.choices.usesMicrophone;
    this.#choose({ usesMicrophone });
    if (usesMicrophone) this.#microphone.open(this.#view.choices.microphoneId);
    else this.#microphone.close();
  }

  toggleSourceSound(): void {
    this.#choose({ usesSourceSound: !this.#view.choices.usesSourceSound });
    this.#useSound();
  }

  /** The page goes away: every device is given back. */
  close(): void {
    this.#reuse.close();
    this.#machine.close();
    this.#worker?.terminate();
  }

  get #isActive(): boolean {
    return ["connecting", "live", "reconnecting"].includes(this.#view.link.name);
  }

  /** By what a source is kept: what the browser is asked for. */
  #key(kind: SourceKind): MediaStreamConstraints | DisplayMediaStreamOptions {
    const { cameraId, picture } = this.#view.choices;
    this.#bounds = pictureBounds(this.#machine.facts, picture);
    return kind === "camera"
      ? cameraWish(cameraId === "" ? undefined : cameraId, this.#bounds)
      : displayWish(kind, this.#bounds);
  }

  #capture(
    kind: SourceKind,
    wish: MediaStreamConstraints | DisplayMediaStreamOptions,
  ): Promise<MediaStream> {
    const { mediaDevices } = navigator;
    if (kind === "camera") return mediaDevices.getUserMedia(wish as MediaStreamConstraints);
    return mediaDevices.getDisplayMedia(wish);
  }

  /** Keeps `fresh` in the place of what was kept for `key`. */
  async #replace(key: unknown, fresh: MediaStream): Promise<MediaStream | undefined> {
    const before = await this.#reuse.take(key, () => Promise.resolve(fresh));
    if (before === undefined || before === fresh) return before;
    this.#reuse.discard(before);
    return await this.#reuse.take(key, () => Promise.resolve(fresh));
  }

  #useStream(stream: MediaStream | undefined): void {
    const before = this.#view.stream;
    if (before !== undefined && before !== stream) this.#reuse.release(before);
    if (stream !== undefined) this.#reuse.use(stream);
    const [track] = stream?.getVideoTracks() ?? [];
    if (track !== undefined && stream !== undefined) {
      track.onended = () => this.#sourceEnded(stream);
      track.contentHint = this.#view.choices.kind === "camera" ? "motion" : "detail";
    }
    const hasSourceSound = (stream?.getAudioTracks().length ?? 0) > 0;
    this.#set({ stream, hasSourceSound, problem: undefined });
    this.#pictures.use(track);
    this.#useSound();
    this.#noteKept();
  }

  /** The browser's own button, or a window that was closed, ended it. */
  #sourceEnded(stream: MediaStream): void {
    const isShown = stream === this.#view.stream;
    this.#reuse.discard(stream);
    this.#noteKept();
    if (!isShown) return;
    if (this.#isActive) {
      this.stop();
      this.#notice("Sharing was stopped, so the stream has ended");
    }
    this.#set({ stream: undefined, hasSourceSound: false });
    this.#pictures.use(undefined);
    this.#useSound();
  }

  #useSound(): void {
    const { stream, choices } = this.#view;
    const ofSource = choices.usesSourceSound ? stream?.getAudioTracks() ?? [] : [];
    this.#sound.use([...ofSource, ...this.#microphone.tracks]);
  }

  #onEvent(event: ProducerEvent): void {
    switch (event.type) {
      case "state": {
        const isOver = ["off", "ended", "refused"].includes(event.state.name);
        if (isOver) this.#wake.hold(false);
        if (event.state.name === "ended" || event.state.name === "refused") {
          this.#choose({ isLive: false });
        }
        return this.#set({ link: event.state, ...isOver ? { figures: undefined } : {} });
      }
      case "publish_state":
        return this.#set({ host: event.state });
      case "figures":
        return this.#set({ figures: event.figures });
      case "frame_taken":
        return this.#pictures.frameTaken();
      case "track_refused":
        return this.#pictures.trackRefused();
      case "cannot_encode":
        if (event.part === "sound") return this.#notice(`No sound: ${event.message}`);
        return this.#set({ failure: event.message });
    }
  }

  #sendLimits(): void {
    const { facts } = this.#machine;
    this.#bounds = pictureBounds(facts, this.#view.choices.picture);
    const { relief } = this.#memory;
    const { fps } = this.#bounds;
    const policy = processingPolicy(facts, { fps, qualityMax: relief.qualityMax });
    this.#send({ type: "limits", bounds: this.#bounds, policy, relief });
  }

  #onMemory(bytes: number): void {
    const { isChanged, warns } = this.#memory.push(bytes, Math.round(performance.now() * 1000));
    if (isChanged) this.#sendLimits();
    if (!warns) return;
    const used = Math.round(bytes / 1024 / 1024);
    console.warn(`Wavry uses ${used} MB of memory: less waits and the picture may become smaller`);
    this.#notice("Memory is short: the picture may become smaller");
  }

  async #listDevices(): Promise<void> {
    this.#set(await listDevices());
  }

  #noteKept(): void {
    this.#reuse.sweep();
    const { reused, reusable } = this.#reuse.stats;
    this.#send({ type: "reuse", reused, reusable });
    const kept = SOURCE_KINDS.filter((kind) => this.#reuse.has(this.#key(kind)));
    this.#set({ kept, keptUnused: this.#reuse.unused });
  }

  #notice(text: string): void {
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => this.#set({ notice: "" }), NOTICE_MS);
    this.#set({ notice: text });
  }

  #choose(change: Partial<Choices>): void {
    const choices = { ...this.#view.choices, ...change };
    saveChoices(sessionStorage, choices);
    this.#set({ choices });
  }

  #send(command: ProducerCommand): void {
    this.#worker?.postMessage(command);
  }

  #set(change: Partial<ProducerView<MediaStream>>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.changed(this.#view);
  }
}
