/**
 * ServerConfig: from defaults, file, environment and command line, in rising precedence, to checked
 * values. Each bad value is a ConfigError that names the option, the value and where it came from;
 * a file is at most `MAX_FILE_BYTES`.
 */

import { Command, CommanderError, Option } from "commander";
import { parse as parseToml } from "smol-toml";
import { ConfigError } from "../../core/errors.ts";
import { planDisplays } from "../displays/displays.ts";
import {
  fileKeyOf,
  flagOf,
  OPTION_NAMES,
  OPTION_TABLE,
  showValue,
  variableOf,
} from "./option_table.ts";
import type { OptionName, OptionValues } from "./option_table.ts";

/** Version of the program. */
export const VERSION = "0.1.0";

/** Everything that the server can be told. */
export interface ServerConfig extends OptionValues {
  /** The X display of the environment, if any. */
  readonly environmentDisplay: string | undefined;
  /** False when NO_COLOR asks for plain text. */
  readonly usesColour: boolean;
}

/** Where options are read from. */
export interface ConfigSources {
  /** Words of the command line, without the program. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Text of a file, or undefined when there is none. Rejects when it cannot be read. */
  readonly readFile: (path: string) => Promise<string | undefined>;
}

/** What the command line asks for. */
export type CommandLine =
  | { readonly kind: "run"; readonly config: ServerConfig }
  | { readonly kind: "print"; readonly text: string };

const MAX_FILE_BYTES = 64 * 1024;
const MAX_SHOWN = 80;

interface Given {
  readonly value: unknown;
  /** Place to name in an error, such as `--fps` or `wavry.toml: fps`. */
  readonly place: string;
}

type GivenValues = Partial<Record<OptionName, Given>>;

/** Reads all sources. Rejects with ConfigError. */
export async function readConfig(sources: ConfigSources): Promise<CommandLine> {
  const flags = readFlags(sources.arguments);
  if (typeof flags === "string") return { kind: "print", text: flags };
  const variables = readVariables(sources.environment);
  const named = flags.config ?? variables.config;
  const file = await readFirstFile(sources, named);
  const given: GivenValues = { ...file, ...variables, ...flags };
  const values: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) {
    const entry = given[name];
    values[name] = entry === undefined ? OPTION_TABLE[name].fallback : check(name, entry);
  }
  const config: ServerConfig = {
    ...values as unknown as OptionValues,
    environmentDisplay: sources.environment["DISPLAY"] || undefined,
    usesColour: (sources.environment["NO_COLOR"] ?? "") === "",
  };
  if ((config.tlsCert === "") !== (config.tlsKey === "")) {
    const [has, lacks] = config.tlsCert === "" ? ["tlsKey", "tlsCert"] : ["tlsCert", "tlsKey"];
    throw new ConfigError(`Cannot use ${flagOf(has!)} without ${flagOf(lacks!)}`, {
      reason: "conflict",
    });
  }
  planDisplays(config);
  return { kind: "run", config };
}

/** The configuration that an empty command line, file and environment give, with changes. */
export function defaultConfig(changes: Partial<ServerConfig> = {}): ServerConfig {
  const values: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) values[name] = OPTION_TABLE[name].fallback;
  return {
    ...values as unknown as OptionValues,
    environmentDisplay: undefined,
    usesColour: false,
    ...changes,
  };
}

/** The files that are looked for, first found wins. */
export function configPaths(environment: ConfigSources["environment"]): string[] {
  const home = environment["HOME"];
  const base = environment["XDG_CONFIG_HOME"] || (home === undefined ? "" : `${home}/.config`);
  const own = base === "" ? [] : [`${base}/wavry/wavry.toml`];
  return ["wavry.toml", ...own, "/etc/wavry/wavry.toml"];
}

function check(name: OptionName, given: Given): unknown {
  const result = OPTION_TABLE[name].schema.safeParse(given.value);
  if (result.success) return result.data;
  const why = result.error.issues[0]?.message ?? "not usable";
  const shown = JSON.stringify(given.value) ?? String(given.value);
  const value = shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}...` : shown;
  const message = `Cannot use ${flagOf(name)} ${value} from ${given.place}: ${lower(why)}`;
  throw new ConfigError(message, { reason: "bad_value" });
}

/** Options of the command line, or text to print instead of running. */
function readFlags(words: readonly string[]): GivenValues | string {
  const written: string[] = [];
  const command = buildCommand((text) => written.push(text));
  try {
    command.parse(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return written.join("");
    const why = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    const reason = error.code === "commander.unknownOption" ? "unknown_option" : "bad_value";
    throw new ConfigError(`Cannot read the command line: ${why}`, { reason, cause: error });
  }
  const given: GivenValues = {};
  const options = command.opts<Record<string, string | boolean>>();
  for (const name of OPTION_NAMES) {
    if (options[name] !== undefined) given[name] = { value: options[name], place: "a flag" };
  }
  return given;
}

function buildCommand(write: (text: string) => void): Command {
  const command = new Command("wavry")
    .description("Shows this machine's desktop in a browser tab, with low latency")
    .version(`wavry ${VERSION}`, "--version", "Print the version")
    .helpOption("--help", "Print this text")
    .addHelpText("after", `\n${FILES_AND_VARIABLES}`)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
    .configureHelp({ helpWidth: 100 });
  for (const name of OPTION_NAMES) {
    const { value, summary, fallback, repeats } = OPTION_TABLE[name];
    const shown = showValue(fallback);
    const suffix = shown === "" || value === undefined ? "" : ` (default ${shown})`;
    const usage = value === undefined ? flagOf(name) : `${flagOf(name)} <${value}>`;
    const option = new Option(usage, `${summary}${suffix}`);
    if (repeats) option.argParser((text, before?: string) => joined(before, text));
    command.addOption(option);
  }
  return command;
}

function joined(before: string | undefined, text: string): string {
  return before === undefined ? text : `${before},${text}`;
}

const FILES_AND_VARIABLES =
  "Each option is also a variable (--keep-warm: WAVRY_KEEP_WARM) and a key of a TOML file\n" +
  "(keep-warm), found at --config, ./wavry.toml, ~/.config/wavry/wavry.toml or\n" +
  "/etc/wavry/wavry.toml. Flags win over variables, variables over the file. NO_COLOR is heeded.";

function readVariables(environment: ConfigSources["environment"]): GivenValues {
  const given: GivenValues = {};
  for (const name of OPTION_NAMES) {
    const value = environment[variableOf(name)];
    if (value !== undefined && value !== "") given[name] = { value, place: variableOf(name) };
  }
  return given;
}

async function readFirstFile(
  sources: ConfigSources,
  named: Given | undefined,
): Promise<GivenValues> {
  const path = named === undefined ? undefined : String(check("config", named));
  const candidates = path === undefined ? configPaths(sources.environment) : [path];
  for (const candidate of candidates) {
    const text = await readText(sources, candidate);
    if (text !== undefined) return parseFile(candidate, text);
  }
  if (path === undefined) return {};
  const place = named === undefined ? "" : ` from ${named.place}`;
  throw new ConfigError(`Cannot read ${flagOf("config")} "${path}"${place}: no such file`, {
    reason: "unreadable_file",
  });
}

async function readText(sources: ConfigSources, path: string): Promise<string | undefined> {
  try {
    return await sources.readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read the file "${path}": ${why}`, {
      reason: "unreadable_file",
      cause,
    });
  }
}

function parseFile(path: string, text: string): GivenValues {
  if (text.length > MAX_FILE_BYTES) {
    throw new ConfigError(`Cannot read the file "${path}": larger than ${MAX_FILE_BYTES} bytes`, {
      reason: "unreadable_file",
    });
  }
  let table: Record<string, unknown>;
  try {
    table = parseToml(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new ConfigError(`Cannot read the file "${path}": ${lower(why ?? "")}`, {
      reason: "unreadable_file",
      cause,
    });
  }
  const given: GivenValues = {};
  const names = new Map<string, OptionName>(OPTION_NAMES.map((name) => [fileKeyOf(name), name]));
  for (const [key, value] of Object.entries(table)) {
    const name = names.get(key);
    if (name === undefined || name === "config") {
      throw new ConfigError(`Cannot use the key "${key}" of the file "${path}": no such option`, {
        reason: "unknown_option",
      });
    }
    given[name] = { value, place: `${path}: ${key}` };
  }
  return given;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
