import t from "tap";
import fc from "fast-check";
import {
  cleanName,
  MAX_NAME,
  planDisplays,
  uniqueNames,
} from "../../../../src/server/displays/displays.ts";
import type { DisplayChoice } from "../../../../src/server/displays/displays.ts";

const NOTHING: DisplayChoice = {
  ...{ source: "display", display: [], displays: 0, displayNames: [], maxDisplays: 4 },
  environmentDisplay: undefined,
};

/** Kinds, X displays and names, one line each. */
function plan(choice: Partial<DisplayChoice>): string[] {
  return planDisplays({ ...NOTHING, ...choice }).map(({ kind, display, name }) => {
    return `${kind} ${display} ${name}`;
  });
}

t.test("planDisplays shows the display of the environment, or a virtual one", (t) => {
  t.same(plan({}), ["virtual  Desktop"]);
  t.same(plan({ environmentDisplay: ":3" }), ["display :3 Desktop"]);
  t.same(plan({ environmentDisplay: ":3", display: ["none"] }), ["virtual  Desktop"]);
  t.same(plan({ environmentDisplay: ":3", display: [":4"] }), ["display :4 Desktop"]);
  t.same(plan({ source: "pattern", environmentDisplay: ":3" }), ["pattern  Test pattern"]);
  t.end();
});

t.test("planDisplays makes a stream of each display", (t) => {
  t.same(plan({ display: [":0", ":1.1"] }), ["display :0 Display :0", "display :1.1 Display :1.1"]);
  const two = ["virtual  Desktop 1", "virtual  Desktop 2"];
  t.same(plan({ displays: 2 }), two);
  t.same(plan({ displays: 2, environmentDisplay: ":3" }), two, "not that of the environment");
  t.same(plan({ displays: 2, display: ["none"] }), two);
  t.same(plan({ displays: 1, display: [":0"] }), ["display :0 Display :0", "virtual  Desktop 1"]);
  const patterns = ["pattern  Test pattern 1", "pattern  Test pattern 2"];
  t.same(plan({ source: "pattern", displays: 2 }), patterns);
  t.end();
});

t.test("planDisplays refuses more than it may show, naming the value", (t) => {
  t.equal(plan({ displays: 4 }).length, 4);
  t.equal(plan({ displays: 16, maxDisplays: 16 }).length, 16);
  const error = { name: "ConfigError", message: "Cannot show 5 displays: --max-displays is 4" };
  t.throws(() => plan({ displays: 5 }), error);
  t.throws(() => plan({ displays: 4, display: [":0"] }), error);
  t.throws(() => plan({ displays: 2, maxDisplays: 1 }), { name: "ConfigError" });
  t.end();
});

t.test("planDisplays names displays as the user does, each differently", (t) => {
  const names = (displayNames: string[]) => {
    return planDisplays({ ...NOTHING, displays: 3, displayNames }).map(({ name }) => name);
  };
  t.same(names(["Left", "Right"]), ["Left", "Right", "Desktop 3"]);
  t.same(names(["Left", "left", "LEFT"]), ["Left", "left 2", "LEFT 3"]);
  t.same(names(["", "Desktop 1"]), ["Desktop 1", "Desktop 1 2", "Desktop 3"]);
  t.throws(() => names(["a", "b", "c", "d"]), {
    message: 'Cannot use --display-names "a,b,c,d": there are only 3 displays',
  });
  t.end();
});

t.test("cleanName leaves what can be shown and typed", (t) => {
  t.equal(cleanName("  a\tb\n c\u00a0d "), "a b c d");
  t.equal(cleanName("a\u0000\u001b[31mb\u202ec\u200bd"), "a[31mbcd");
  t.equal(cleanName("7"), "Display 7", "an id is an id");
  t.equal(cleanName("\u0007"), "");
  t.equal([...cleanName("\u{1f600}".repeat(100))].length, MAX_NAME, "no half characters");
  t.end();
});

t.test("names of any texts are clean, short and different", (t) => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(text, { maxLength: 16 }), (texts) => {
      const names = uniqueNames(texts.map((text) => cleanName(text) || "Desktop"));
      const isClean = names.every((name) => {
        return !/\p{C}/u.test(name) && [...name].length <= MAX_NAME && !/^\d+$/.test(name);
      });
      return isClean && new Set(names.map((name) => name.toLowerCase())).size === names.length;
    }))
  );
  t.end();
});
