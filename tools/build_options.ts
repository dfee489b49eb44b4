/**
 * build_options: writes docs/OPTIONS.md, the reference of all options, from the option table. With
 * --check it writes nothing and exits with 1 when the file is stale.
 */

import {
  fileKeyOf,
  OPTION_NAMES,
  OPTION_TABLE,
  showValue,
  usageOf,
  variableOf,
} from "../src/server/config/option_table.ts";
import { OPTION_GROUPS } from "../src/server/config/option_spec.ts";

const INTRODUCTION = `# Options

<!-- Written by \`deno run -A tools/build_options.ts\` from src/server/config/option_table.ts. -->

Every option is a flag of the host (\`deno task host --fps 30\`), an environment variable and a key of a
TOML file. Flags win over variables, variables over the file, the file over the default. The file is
\`--config FILE\`, else the first of \`./wavry.toml\`, \`~/.config/wavry/wavry.toml\` and
\`/etc/wavry/wavry.toml\`. A value that cannot be used ends the host with exit code 2 and one line that
names the option, the value and where it came from. \`--help\` prints the flags, \`--version\` the
version; \`NO_COLOR\` turns colours off.
`;

/** The text of docs/OPTIONS.md. */
export async function optionsPage(): Promise<string> {
  const sections = OPTION_GROUPS.map((group) => {
    const names = OPTION_NAMES.filter((name) => OPTION_TABLE[name].group === group);
    const rows = names.map((name) => {
      const { summary, fallback } = OPTION_TABLE[name];
      const flag = `\`${usageOf(name)}\``.replaceAll("|", "\\|");
      const shown = showValue(fallback);
      const cells = [flag, `\`${variableOf(name)}\``, fileKey(name)];
      return `| ${cells.join(" | ")} | ${shown === "" ? "" : `\`${shown}\``} | ${summary} |`;
    });
    const head = "| Flag | Variable | File key | Default | Meaning |\n|---|---|---|---|---|";
    return `## ${group}\n\n${head}\n${rows.join("\n")}\n`;
  });
  return await formatted([INTRODUCTION, ...sections].join("\n"));
}

/** As `deno fmt` leaves it, which fills paragraphs and pads tables. */
async function formatted(text: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "--line-width", "100", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await process.output()).stdout);
}

function fileKey(name: string): string {
  return name === "config" ? "" : `\`${fileKeyOf(name)}\``;
}

if (import.meta.main) {
  const path = `${import.meta.dirname}/../docs/OPTIONS.md`;
  const page = await optionsPage();
  if (!Deno.args.includes("--check")) {
    await Deno.writeTextFile(path, page);
  } else if (await Deno.readTextFile(path).catch(() => "") !== page) {
    console.error("docs/OPTIONS.md is stale: deno run -A tools/build_options.ts");
    Deno.exit(1);
  }
}
