/**
 * Start text: what a host prints when it is ready, within one screen of 24 lines and 80 columns: what
 * it shows, where it listens, the links, and a QR code of the first one. Links go to standard output
 * only, never through the log.
 */

import { create as createCode } from "qrcode";

const SCREEN_COLUMNS = 80;
const SCREEN_LINES = 24;
const LABEL_COLUMNS = 9;
/** One module of quiet zone, and the white of the block around it, suffice for phones. */
const QUIET_MODULES = 2;
const BLACK_ON_WHITE = "\x1b[30;107m";
const RESET = "\x1b[0m";

/** What the text tells of one display. */
export interface DisplayFacts {
  readonly name: string;
  /** Such as `display :0, 1920x1080 at 60 frames/s`. */
  readonly picture: string;
  /** Such as `x264, 20000 kbit/s`, or why there is none. */
  readonly encoder: string;
}

/** What the text tells. */
export interface StartFacts {
  readonly version: string;
  /** At least one. */
  readonly displays: readonly DisplayFacts[];
  /** Such as `127.0.0.1:47990 (TCP and UDP)`. */
  readonly address: string;
  /** Path of the file with the token of the metrics. */
  readonly metricsToken: string;
  /** Where the dashboard is, without a secret. */
  readonly dashboard: string;
  /** The same with its secret; undefined when nobody asked for it. */
  readonly adminLink: string | undefined;
  readonly playerLink: string;
  /** What that link makes of who opens it. */
  readonly playerRole: "admin" | "player";
  readonly viewerLink: string;
  /** What the browser will show, or what else people must know; whole lines. */
  readonly notes: readonly string[];
}

/** What the terminal can show. */
export interface Terminal {
  readonly isTerminal: boolean;
  readonly usesColour: boolean;
  readonly columns: number;
  readonly lines: number;
}

/** The text, ending in a newline; at most one screen unless links are longer than a line. */
export function startText(facts: StartFacts, terminal: Terminal): string {
  const code = terminal.isTerminal ? qrLines(facts.playerLink, terminal.usesColour) : [];
  // Beside the code there is no room for a path.
  const fitsBeside = (text: string) => text.length + LABEL_COLUMNS <= besideColumns(code);
  const token = facts.metricsToken;
  const page = facts.dashboard;
  const facing = [
    `Wavry ${facts.version}`,
    "",
    ...displayLines(facts.displays),
    ...labelled("Listens", facts.address),
    ...labelled("Metrics", fitsBeside(token) ? token : "see metrics-token in --state-dir"),
    ...labelled("Admin", fitsBeside(page) ? page : "/dashboard/ on this address"),
    "Ctrl+C   ends everything",
    ...facts.notes.flatMap((note) => ["", note]),
  ];
  const links = [
    facts.playerRole === "admin"
      ? "Open to play, as admin (good for one browser; players get the next link):"
      : "Open to play (good for one browser; the next link follows):",
    `  ${facts.playerLink}`,
    "Open to watch only:",
    `  ${facts.viewerLink}`,
    ...facts.adminLink === undefined ? [] : [
      "Open the dashboard (this link stays good: keep it to yourself):",
      `  ${facts.adminLink}`,
    ],
  ];
  const besideCode = beside(code, facing.flatMap((line) => wrap(line, besideColumns(code))));
  const fits = besideCode.length + links.length + 1 <= Math.max(SCREEN_LINES, terminal.lines) &&
    terminal.columns >= SCREEN_COLUMNS;
  const top = code.length > 0 && fits
    ? besideCode
    : facing.flatMap((line) => wrap(line, SCREEN_COLUMNS));
  return [...top, ...links, ""].join("\n");
}

/** The line that offers a fresh link after one was used. */
export function nextLinkText(role: string, link: string): string {
  const use = role === "player" ? "play" : "watch only";
  return `That link was used. The next one, to ${use}:\n  ${link}\n`;
}

/** A QR code as rows of 0 and 1, without the light modules around it. */
export function codeRows(text: string): string[] {
  const { modules } = createCode(text, { errorCorrectionLevel: "L" });
  return Array.from({ length: modules.size }, (_row, row) => {
    return Array.from({ length: modules.size }, (_column, column) => {
      return modules.get(row, column) === 0 ? "0" : "1";
    }).join("");
  });
}

/** A QR code in half blocks, two rows of modules a line. */
export function qrLines(text: string, usesColour: boolean): string[] {
  const { modules } = createCode(text, { errorCorrectionLevel: "L" });
  const isDark = (row: number, column: number): boolean => {
    const isInside = row >= 0 && column >= 0 && row < modules.size && column < modules.size;
    return isInside && modules.get(row, column) !== 0;
  };
  const lines: string[] = [];
  for (let row = -QUIET_MODULES; row < modules.size + QUIET_MODULES; row += 2) {
    let line = "";
    for (let column = -QUIET_MODULES; column < modules.size + QUIET_MODULES; column++) {
      line += block(isDark(row, column), isDark(row + 1, column), usesColour);
    }
    lines.push(usesColour ? `${BLACK_ON_WHITE}${line}${RESET}` : line);
  }
  return lines;
}

/** Without colours a terminal is taken to be dark: its background plays the dark modules. */
function block(isUpperDark: boolean, isLowerDark: boolean, usesColour: boolean): string {
  const upper = isUpperDark === usesColour;
  const lower = isLowerDark === usesColour;
  if (upper && lower) return "█";
  if (upper) return "▀";
  return lower ? "▄" : " ";
}

/** One line for each display, and one for the encoder where all have the same. */
function displayLines(displays: readonly DisplayFacts[]): string[] {
  const encoders = new Set(displays.map(({ encoder }) => encoder));
  const [common] = encoders.size === 1 ? encoders : [];
  const shows = displays.map(({ name, picture, encoder }) => {
    const ownEncoder = common === undefined ? `; ${encoder}` : "";
    return `${displays.length === 1 ? "" : `${name}: `}${picture}${ownEncoder}`;
  });
  const lines = shows.flatMap((text) => labelled("Shows", text));
  return common === undefined ? lines : [...lines, ...labelled("Encoder", common)];
}

function labelled(label: string, text: string): string[] {
  return [`${label.padEnd(LABEL_COLUMNS)}${text}`];
}

function besideColumns(code: readonly string[]): number {
  return Math.max(20, SCREEN_COLUMNS - widthOf(code[0] ?? "") - 2);
}

function beside(code: readonly string[], text: readonly string[]): string[] {
  const count = Math.max(code.length, text.length);
  const blank = " ".repeat(widthOf(code[0] ?? ""));
  return Array.from({ length: count }, (_, index) => {
    return `${code[index] ?? blank}  ${text[index] ?? ""}`.trimEnd();
  });
}

function widthOf(line: string): number {
  return line.replaceAll(BLACK_ON_WHITE, "").replaceAll(RESET, "").length;
}

function wrap(line: string, columns: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > columns) {
      lines.push(current);
      current = `  ${word}`;
    } else {
      current = current === "" && lines.length === 0 ? word : `${current} ${word}`;
    }
  }
  return [...lines, current];
}
