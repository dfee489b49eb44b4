/**
 * SoundSettings: loudness and mute, as this browser remembers them from page to page. The address may
 * say another loudness (`?volume=30`, in percent) for one visit. Storage that a browser denies is
 * done without.
 */

const VOLUME_KEY = "wavry.volume";
const MUTED_KEY = "wavry.muted";
const VOLUME_DEFAULT = 80;

/** What of `Storage` is used. */
export type SettingsStorage = Pick<Storage, "getItem" | "setItem">;

/** Remembers loudness. */
export class SoundSettings {
  readonly #storage: SettingsStorage | undefined;
  #volume: number;
  #isMuted: boolean;

  /** `asked` is what the address says. */
  constructor(storage: SettingsStorage | undefined, asked: string | null) {
    this.#storage = storage;
    const given = volumeOf(asked);
    this.#volume = given ?? volumeOf(this.#read(VOLUME_KEY)) ?? VOLUME_DEFAULT;
    this.#isMuted = given === undefined && this.#read(MUTED_KEY) === "1";
  }

  /** 0 to 100. */
  get volume(): number {
    return this.#volume;
  }

  get isMuted(): boolean {
    return this.#isMuted || this.#volume === 0;
  }

  /** Remembers a loudness from 0 to 100; any but 0 is heard. */
  setVolume(volume: number): void {
    this.#volume = Math.max(0, Math.min(100, Math.round(volume)));
    this.#write(VOLUME_KEY, String(this.#volume));
    this.#setMuted(false);
  }

  /** Silence and back; who comes back from loudness 0 hears something. */
  toggleMute(): void {
    if (this.#volume === 0) return this.setVolume(VOLUME_DEFAULT);
    this.#setMuted(!this.#isMuted);
  }

  #setMuted(isMuted: boolean): void {
    this.#isMuted = isMuted;
    this.#write(MUTED_KEY, isMuted ? "1" : "0");
  }

  #read(key: string): string | null {
    try {
      return this.#storage?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  #write(key: string, value: string): void {
    try {
      this.#storage?.setItem(key, value);
    } catch {
      // Storage may be full or forbidden; then this page alone knows.
    }
  }
}

function volumeOf(text: string | null): number | undefined {
  if (text === null || !/^\d{1,3}$/.test(text)) return undefined;
  return Math.min(100, Number(text));
}
