import t from "tap";
import { showBytes } from "../../../src/core/byte_size.ts";

t.test("showBytes writes a figure and a unit", (t) => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [-5, "-5 B"],
    [1000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [-12_340_000, "-12.3 MB"],
    [4_000_000_000, "4.0 GB"],
    [5e15, "5000.0 TB"],
  ];
  for (const [bytes, text] of cases) t.equal(showBytes(bytes), text);
  t.end();
});
