/** PlainDecoder: a decoder of sound for tests, which gives what it is told and says what was made of it. */

const FRAMES = 480;

/** Decodes a packet of 10 ms to samples that are all a hundredth of its first byte. */
export class PlainDecoder {
  static made: PlainDecoder[] = [];
  static isBroken = false;
  readonly #init: AudioDecoderInit;
  state = "configured";
  channels = 0;
  constructor(init: AudioDecoderInit) {
    this.#init = init;
    PlainDecoder.made.push(this);
  }
  configure({ numberOfChannels }: AudioDecoderConfig): void {
    this.channels = numberOfChannels;
  }
  decode(chunk: { data: Uint8Array }): void {
    if (PlainDecoder.isBroken) return this.#init.error(new DOMException("broken"));
    const data = {
      numberOfFrames: FRAMES,
      numberOfChannels: this.channels,
      copyTo: (plane: Float32Array) => plane.fill(chunk.data[0]! / 100, 0, FRAMES),
      close: () => {},
    };
    this.#init.output(data as unknown as AudioData);
  }
  close(): void {
    this.state = "closed";
  }

  /** Takes the place of the browser's decoder, with none made and none broken yet. */
  static install(): void {
    PlainDecoder.made = [];
    PlainDecoder.isBroken = false;
    Object.assign(globalThis, { AudioDecoder: PlainDecoder, EncodedAudioChunk: PlainChunk });
  }
}

class PlainChunk {
  readonly data: Uint8Array;
  constructor({ data }: { data: Uint8Array }) {
    this.data = data;
  }
}
