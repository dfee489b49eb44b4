/**
 * huffman: the fixed Huffman code of HPACK and QPACK strings (RFC 7541, section 5.2 and appendix B).
 * The code is canonical, so the code lengths alone define it. Decoding works on at most the bytes of
 * one header block, which its caller bounds.
 */

/** Symbol of the end-of-string code, which must never appear in a string. */
const EOS = 256;

/** Longest code in bits. */
const CODE_BITS_MAX = 30;

/** Symbols by the length of their code; ranges are written as "first-last". */
const SYMBOLS_BY_LENGTH: readonly (readonly [number, string])[] = [
  [5, "48-50 97 99 101 105 111 115-116"],
  [6, "32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117"],
  [7, "58 66-87 89 106-107 113 118-122"],
  [8, "38 42 44 59 88 90"],
  [10, "33-34 40-41 63"],
  [11, "39 43 124"],
  [12, "35 62"],
  [13, "0 36 64 91 93 126"],
  [14, "94 125"],
  [15, "60 96 123"],
  [19, "92 195 208"],
  [20, "128 130-131 162 184 194 224 226"],
  [21, "153 161 167 172 176-177 179 209 216-217 227 229-230"],
  [
    22,
    "129 132-134 136 146 154 156 160 163-164 169-170 173 178 181 185-187 189-190 196 198 228 " +
    "232-233",
  ],
  [
    23,
    "1 135 137-141 143 147 149-152 155 157-158 165-166 168 174-175 180 182-183 188 191 197 231 " +
    "239",
  ],
  [24, "9 142 144-145 148 159 171 206 215 225 236-237"],
  [25, "199 207 234-235"],
  [26, "192-193 200-202 205 210 213 218-219 238 240 242-243 255"],
  [27, "203-204 211-212 214 221-223 241 244-248 250-254"],
  [28, "2-8 11-12 14-21 23-31 127 220 249"],
  [30, "10 13 22 256"],
];

const codes = new Uint32Array(EOS + 1);
const lengths = new Uint8Array(EOS + 1);
const firstCode = new Uint32Array(CODE_BITS_MAX + 1);
const firstIndex = new Uint16Array(CODE_BITS_MAX + 1);
const count = new Uint16Array(CODE_BITS_MAX + 1);
const symbols = new Uint16Array(EOS + 1);
buildTables();

function buildTables(): void {
  const byLength = new Map(SYMBOLS_BY_LENGTH);
  let code = 0;
  let index = 0;
  for (let bits = 1; bits <= CODE_BITS_MAX; bits++) {
    code *= 2;
    firstCode[bits] = code;
    firstIndex[bits] = index;
    for (const range of byLength.get(bits)?.split(" ") ?? []) {
      const [first, last = first] = range.split("-").map(Number);
      for (let symbol = first!; symbol <= last!; symbol++) {
        codes[symbol] = code++;
        lengths[symbol] = bits;
        symbols[index++] = symbol;
      }
    }
    count[bits] = code - firstCode[bits]!;
  }
}

/** Bytes that `bytes` takes when Huffman-coded. */
export function huffmanLength(bytes: Uint8Array): number {
  let bits = 0;
  for (const byte of bytes) bits += lengths[byte]!;
  return Math.ceil(bits / 8);
}

/** `bytes` Huffman-coded, padded with ones. */
export function huffmanEncode(bytes: Uint8Array): Uint8Array {
  const coded = new Uint8Array(huffmanLength(bytes));
  let position = 0;
  const put = (code: number, bits: number) => {
    for (let bit = bits - 1; bit >= 0; bit--, position++) {
      if ((code >>> bit) & 1) coded[position >> 3]! |= 0x80 >> (position & 7);
    }
  };
  for (const byte of bytes) put(codes[byte]!, lengths[byte]!);
  const padding = coded.length * 8 - position;
  put((1 << padding) - 1, padding);
  return coded;
}

/**
 * The bytes that `coded` stands for, or undefined when it breaks RFC 7541 section 5.2: an
 * end-of-string code, padding of 8 bits or more, or padding that is not all ones.
 */
export function huffmanDecode(coded: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((coded.length * 8) / 5));
  let size = 0;
  let code = 0;
  let bits = 0;
  for (const byte of coded) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      bits++;
      const rank = code - firstCode[bits]!;
      if (rank < 0 || rank >= count[bits]!) {
        if (bits === CODE_BITS_MAX) return undefined;
        continue;
      }
      const symbol = symbols[firstIndex[bits]! + rank]!;
      if (symbol === EOS) return undefined;
      bytes[size++] = symbol;
      code = 0;
      bits = 0;
    }
  }
  if (bits > 7 || code !== (1 << bits) - 1) return undefined;
  return bytes.subarray(0, size);
}
