import t from "tap";
import { optionsPage } from "../../../tools/build_options.ts";
import { OPTION_NAMES, usageOf, variableOf } from "../../../src/server/config/option_table.ts";

t.test("docs/OPTIONS.md is what the option table says", async (t) => {
  const path = new URL("../../../docs/OPTIONS.md", import.meta.url);
  const page = await optionsPage();
  t.equal(await Deno.readTextFile(path), page, "stale: deno run -A tools/build_options.ts");
  for (const name of OPTION_NAMES) {
    const flag = usageOf(name).replaceAll("|", "\\|");
    t.ok(page.includes(`\`${flag}\``), flag);
    t.ok(page.includes(`\`${variableOf(name)}\``), variableOf(name));
  }
});
