import fc from "fast-check";
import t from "tap";
import {
  contentRange,
  type FileVersion,
  judgeRequest,
  MAX_RANGES,
  parseRange,
} from "../../../src/recording/byte_range.ts";

/** What a Range header gets: spans as `start-end` with both ends in, or the kind of the answer. */
function outcomeOf(header: string, bytes: number): string {
  const outcome = parseRange(header, bytes);
  if (outcome.kind !== "part") return outcome.kind;
  return outcome.spans.map(({ start, end }) => `${start}-${end - 1}`).join(",");
}

/** A file larger than 2^53 cannot be; the largest that can is the last number that is exact. */
const HUGE = Number.MAX_SAFE_INTEGER;

const VECTORS: readonly (readonly [header: string, bytes: number, expected: string])[] = [
  // RFC 9110, 14.1.2 and its examples for 10,000 bytes.
  ["bytes=0-499", 10_000, "0-499"],
  ["bytes=500-999", 10_000, "500-999"],
  ["bytes=-500", 10_000, "9500-9999"],
  ["bytes=9500-", 10_000, "9500-9999"],
  ["bytes=0-0,-1", 10_000, "0-0,9999-9999"],
  ["bytes= 0-999, 4500-5499, -1000", 10_000, "0-999,4500-5499,9000-9999"],
  ["bytes=500-600,601-999", 10_000, "500-600,601-999"],
  ["bytes=500-700,601-999", 10_000, "500-700,601-999"],
  // Past the end, and around it.
  ["bytes=9999-", 10_000, "9999-9999"],
  ["bytes=10000-", 10_000, "unsatisfiable"],
  ["bytes=9999-20000", 10_000, "9999-9999"],
  ["bytes=-10000", 10_000, "0-9999"],
  ["bytes=-20000", 10_000, "0-9999"],
  ["bytes=-0", 10_000, "unsatisfiable"],
  ["bytes=0-,-0", 10_000, "0-9999"],
  ["bytes=20000-30000,0-1", 10_000, "0-1"],
  // nginx's tests: not_modified, range, range_clearing.
  ["bytes=0-8", 1000, "0-8"],
  ["bytes=-8", 1000, "992-999"],
  ["bytes=00-8", 1000, "0-8"],
  ["bytes=0-999", 1000, "0-999"],
  ["bytes=0-1009", 1000, "0-999"],
  ["bytes=1000-", 1000, "unsatisfiable"],
  ["bytes=5-3", 1000, "unsatisfiable"],
  ["bytes=", 1000, "whole"],
  ["bytes=-", 1000, "unsatisfiable"],
  ["bytes=a-", 1000, "unsatisfiable"],
  ["bytes=0-a", 1000, "unsatisfiable"],
  ["bytes=0", 1000, "unsatisfiable"],
  ["bytes=0--1", 1000, "unsatisfiable"],
  ["bytes=1 2-3", 1000, "unsatisfiable"],
  ["bytes=0-1;2-3", 1000, "unsatisfiable"],
  ["bytes=+1-2", 1000, "unsatisfiable"],
  ["bytes=0x1-2", 1000, "unsatisfiable"],
  ["bytes=1.5-2", 1000, "unsatisfiable"],
  ["bytes=0-1,x", 1000, "unsatisfiable"],
  ["bytes= 0 - 8 ", 1000, "0-8"],
  ["BYTES=0-8", 1000, "0-8"],
  ["bytes =0-8", 1000, "whole"],
  ["items=0-8", 1000, "whole"],
  ["0-8", 1000, "whole"],
  ["", 1000, "whole"],
  // The lists that CVE-2011-3192 and CVE-2017-7529 are made of.
  ["bytes=0-,0-,0-", 1000, "whole"],
  ["bytes=0-,0-", 1000, "whole"],
  ["bytes=0-999,5-6", 1000, "whole"],
  [`bytes=0-0${",5-6".repeat(MAX_RANGES)}`, 1000, "whole"],
  [`bytes=${Array.from({ length: 1300 }, (_, index) => `5-${index}`).join(",")}`, 1000, "whole"],
  ["bytes=-600,-9223372036854774591", 1000, "whole"],
  // Empty elements of a list do not count (RFC 9110, 5.6.1); nginx answers 416.
  ["bytes=,0-1,,2-3,", 1000, "0-1,2-3"],
  ["bytes=,,,", 1000, "unsatisfiable"],
  // Past 2^53, past 2^63, past 2^64; nginx answers 416 to an end past 2^63, RFC 9110 takes it.
  ["bytes=0-9007199254740993", 1000, "0-999"],
  ["bytes=9007199254740993-", 1000, "unsatisfiable"],
  ["bytes=-9007199254740993", 1000, "0-999"],
  ["bytes=0-9223372036854775807", 1000, "0-999"],
  ["bytes=0-9223372036854775808", 1000, "0-999"],
  ["bytes=9223372036854775808-", 1000, "unsatisfiable"],
  ["bytes=18446744073709551616-18446744073709551617", 1000, "unsatisfiable"],
  ["bytes=18446744073709551615-1", 1000, "unsatisfiable"],
  [`bytes=${"9".repeat(4000)}-`, 1000, "unsatisfiable"],
  [`bytes=${"0".repeat(4000)}5-6`, 1000, "5-6"],
  ["bytes=9007199254740990-9007199254740991", HUGE, "9007199254740990-9007199254740990"],
  ["bytes=9007199254740989-9007199254740989", HUGE, "9007199254740989-9007199254740989"],
  ["bytes=9007199254740991-", HUGE, "unsatisfiable"],
  ["bytes=-1", HUGE, "9007199254740990-9007199254740990"],
  // An empty file has no byte to give.
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-1", 0, "unsatisfiable"],
];

t.test("parseRange gives what RFC 9110 and nginx's cases say", (t) => {
  for (const [header, bytes, expected] of VECTORS) {
    t.equal(outcomeOf(header, bytes), expected, `${header.slice(0, 60)} of ${bytes}`);
  }
  t.end();
});

t.test("parseRange agrees with a naive reading in big integers", (t) => {
  const number = fc.oneof(
    fc.bigInt(0n, 2000n),
    fc.bigInt(2n ** 53n - 3n, 2n ** 53n + 3n),
    fc.bigInt(2n ** 63n - 3n, 2n ** 64n + 3n),
  );
  const spec = fc.oneof(
    fc.tuple(number, number).map(([first, last]) => ({ first, last })),
    number.map((first) => ({ first, last: undefined })),
    number.map((last) => ({ first: undefined, last })),
  );
  const size = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constant(HUGE));
  const property = fc.property(
    fc.array(spec, { minLength: 1, maxLength: 7 }),
    size,
    (specs, bytes) => {
      const header = `bytes=${
        specs.map(({ first, last }) => `${first ?? ""}-${last ?? ""}`).join(",")
      }`;
      return outcomeOf(header, bytes) === naive(specs, BigInt(bytes));
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 5000, seed: 1 }));
  t.end();
});

function naive(specs: { first: bigint | undefined; last: bigint | undefined }[], size: bigint) {
  if (specs.length > 5) return "whole";
  const kept: string[] = [];
  let sum = 0n;
  for (const { first, last } of specs) {
    const from = first ?? (last! >= size ? 0n : size - last!);
    const to = first === undefined || last === undefined || last >= size ? size - 1n : last;
    if (from > to || from >= size) continue;
    kept.push(`${from}-${to}`);
    sum += to - from + 1n;
  }
  if (kept.length === 0) return "unsatisfiable";
  return sum > size ? "whole" : kept.join(",");
}

const FILE: FileVersion = {
  bytes: 1000,
  etag: '"abc"',
  modifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
};
const DATE = "Fri, 02 Jan 2026 03:04:05 GMT";
const EARLIER = "Fri, 02 Jan 2026 03:04:04 GMT";
const LATER = "Fri, 02 Jan 2026 03:04:06 GMT";

t.test("judgeRequest takes conditions in the order of RFC 9110, 13.2.2", (t) => {
  const judge = (headers: Record<string, string>, method: "GET" | "HEAD" = "GET") =>
    judgeRequest(method, new Headers(headers), FILE).kind;
  const range = "bytes=0-1";
  const cases: [Record<string, string>, string][] = [
    [{}, "whole"],
    [{ range }, "part"],
    [{ range, "if-range": '"abc"' }, "part"],
    [{ range, "if-range": '"abd"' }, "whole"],
    [{ range, "if-range": 'W/"abc"' }, "whole"],
    [{ range, "if-range": DATE }, "part"],
    [{ range, "if-range": EARLIER }, "whole"],
    [{ range, "if-range": LATER }, "whole"],
    [{ range, "if-range": "nonsense" }, "whole"],
    [{ range: "bytes=1000-", "if-range": '"abd"' }, "whole"],
    [{ range: "bytes=1000-", "if-range": '"abc"' }, "unsatisfiable"],
    [{ "if-none-match": '"abc"' }, "not_modified"],
    [{ "if-none-match": 'W/"abc"' }, "not_modified"],
    [{ "if-none-match": '"x", "abc"' }, "not_modified"],
    [{ "if-none-match": "*" }, "not_modified"],
    [{ "if-none-match": '"x"' }, "whole"],
    [{ range, "if-none-match": '"abc"' }, "not_modified"],
    [{ "if-none-match": '"x"', "if-modified-since": LATER }, "whole"],
    [{ "if-modified-since": DATE }, "not_modified"],
    [{ "if-modified-since": EARLIER }, "whole"],
    [{ "if-modified-since": "nonsense" }, "whole"],
    [{ "if-match": '"abc"', range }, "part"],
    [{ "if-match": "*" }, "whole"],
    [{ "if-match": '"x"', range }, "precondition_failed"],
    [{ "if-match": 'W/"abc"' }, "precondition_failed"],
    [{ "if-match": '"x"', "if-none-match": '"abc"' }, "precondition_failed"],
    [{ "if-unmodified-since": EARLIER }, "precondition_failed"],
    [{ "if-unmodified-since": DATE }, "whole"],
  ];
  for (const [headers, expected] of cases) {
    t.equal(judge(headers), expected, JSON.stringify(headers));
  }
  t.equal(judge({ range }, "HEAD"), "whole", "HEAD has no ranges");
  t.equal(judge({ "if-none-match": '"abc"' }, "HEAD"), "not_modified");
  t.end();
});

t.test("contentRange names both ends, and the length alone when nothing fits", (t) => {
  t.equal(contentRange({ start: 0, end: 500 }, 1234), "bytes 0-499/1234");
  t.equal(contentRange(undefined, 1234), "bytes */1234");
  t.end();
});
