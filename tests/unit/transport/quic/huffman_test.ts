import t from "tap";
import {
  huffmanDecode,
  huffmanEncode,
  huffmanLength,
} from "../../../../src/transport/quic/huffman.ts";
import { fromHex } from "../../../vectors/read_vectors.ts";

/** The Huffman strings of RFC 7541, appendices C.4 and C.6. */
const VECTORS: readonly (readonly [string, string])[] = [
  ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
  ["no-cache", "a8eb10649cbf"],
  ["custom-key", "25a849e95ba97d7f"],
  ["custom-value", "25a849e95bb8e8b4bf"],
  ["302", "6402"],
  ["307", "640eff"],
  ["private", "aec3771a4b"],
  ["gzip", "9bd9ab"],
  ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
  ["Mon, 21 Oct 2013 20:13:22 GMT", "d07abe941054d444a8200595040b8166e084a62d1bff"],
  ["https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"],
  [
    "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
  ],
];

const toHex = (bytes: Uint8Array) => bytes.toHex();

t.test("huffmanEncode gives the strings of RFC 7541, appendix C", (t) => {
  for (const [text, hex] of VECTORS) {
    const plain = new TextEncoder().encode(text);
    t.equal(toHex(huffmanEncode(plain)), hex, text);
    t.equal(huffmanLength(plain), hex.length / 2);
  }
  t.end();
});

t.test("huffmanDecode reads the strings of RFC 7541, appendix C", (t) => {
  for (const [text, hex] of VECTORS) {
    t.equal(new TextDecoder().decode(huffmanDecode(fromHex(hex))), text);
  }
  t.end();
});

t.test("huffmanEncode and huffmanDecode know every byte", (t) => {
  for (let byte = 0; byte < 256; byte++) {
    const plain = Uint8Array.of(byte, byte, byte);
    const decoded = huffmanDecode(huffmanEncode(plain));
    if (decoded?.join() !== plain.join()) t.fail(`byte ${byte} became ${decoded}`);
  }
  t.same([...huffmanDecode(new Uint8Array(0))!], []);
  t.end();
});

t.test("huffmanDecode refuses what RFC 7541, section 5.2 forbids", (t) => {
  t.equal(huffmanDecode(fromHex("ff")), undefined, "padding of 8 bits");
  t.equal(huffmanDecode(fromHex("1fff")), undefined, "padding of 11 bits");
  t.equal(huffmanDecode(fromHex("18")), undefined, "padding that is not all ones");
  t.equal(huffmanDecode(fromHex("ffffffff")), undefined, "the end-of-string code");
  t.equal(huffmanDecode(fromHex("fffffffc")), undefined, "the end-of-string code, then zeros");
  t.end();
});
