import t from "tap";
import { nextLinkText, qrLines, startText } from "../../../src/server/start_text.ts";
import type { StartFacts } from "../../../src/server/start_text.ts";
import { newSecret } from "../../../src/session/access_token.ts";

const NOTE = "The browser will warn of a certificate that no authority signed: this machine made " +
  `it. Go on if its SHA-256 is ${Array(4).fill("AA:BB:CC:DD:EE:FF:00:11").join(": ")}`;

function facts(notes: string[] = [], host = "192.168.100.200:47990"): StartFacts {
  return {
    version: "0.1.0",
    displays: [{
      name: "Desktop",
      picture: "virtual display :99, 1920x1080, up to 60 frames/s",
      encoder: "x264, 20000 kbit/s",
    }],
    address: `${host} (TCP and UDP)`,
    metricsToken: "/home/somebody/.local/state/wavry/metrics-token",
    dashboard: `https://${host}/dashboard/`,
    adminLink: undefined,
    playerRole: "admin",
    playerLink: `https://${host}/#s=${newSecret()}`,
    viewerLink: `https://${host}/#s=${newSecret()}`,
    notes,
  };
}

const TERMINAL = { isTerminal: true, usesColour: true, columns: 80, lines: 24 };
const ESCAPE = "\x1b";
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;]*m`, "g");
const plain = (text: string) => text.replaceAll(COLOUR, "");

t.test("startText fits one screen with its QR code", (t) => {
  for (const notes of [[], [NOTE]]) {
    const told = facts(notes);
    const text = plain(startText(told, TERMINAL));
    const lines = text.split("\n");
    t.ok(lines.length <= 24, `${lines.length} lines`);
    for (const line of lines) if (line.length > 80) t.fail(`${line.length} columns: ${line}`);
    t.ok(text.includes(told.playerLink));
    t.ok(text.includes(told.viewerLink));
    t.match(text, /[█▀▄]{10}/);
  }
  t.end();
});

t.test("startText names the dashboard, and its secret only when that is asked for", (t) => {
  const piped = { ...TERMINAL, isTerminal: false };
  const told = facts();
  const text = startText(told, piped);
  t.match(text, "Admin    https://192.168.100.200:47990/dashboard/\n");
  t.notMatch(text, "dashboard/#", "no secret");
  const adminLink = `${told.dashboard}#s=${newSecret()}`;
  t.ok(startText({ ...told, adminLink }, piped).endsWith(`  ${adminLink}\n`));
  const beside = plain(startText(told, TERMINAL));
  t.match(beside, /Admin {4}\/dashboard\/ on this address$/m, "beside the code");
  t.end();
});

t.test("startText has a line for each display, and says which has no encoder", (t) => {
  const display = (name: string, encoder = "x264, 20000 kbit/s") => {
    return { name, encoder, picture: `virtual display :${name}, 640x360` };
  };
  const piped = { ...TERMINAL, isTerminal: false };
  const text = (...displays: ReturnType<typeof display>[]) => {
    return startText({ ...facts(), displays }, piped).split("\n").slice(2, 6).join("\n");
  };
  t.match(text(display("1")), /^Shows {4}virtual display :1, 640x360\nEncoder {2}x264/);
  t.match(
    text(display("1"), display("2")),
    /^Shows {4}1: virtual display :1.*\nShows {4}2: virtual display :2.*\nEncoder {2}x264, 20000/,
  );
  const mixed = text(display("1"), display("2", "none yet: lost"));
  t.match(mixed, /^Shows.*360; x264, 20000 kbit\/s\nShows.*360; none yet: lost\nListens/);
  t.end();
});

t.test("startText leaves the code out where it does not fit or cannot be shown", (t) => {
  const narrow = plain(startText(facts(), { ...TERMINAL, columns: 60 }));
  const piped = startText(facts([NOTE]), { ...TERMINAL, isTerminal: false });
  const long = plain(startText(facts([], `${"long-".repeat(40)}name.example:47990`), TERMINAL));
  for (const text of [narrow, piped, long]) {
    t.notMatch(text, /[█▀▄]/);
    t.match(text, /virtual display :99/);
    t.match(text, /#s=[\w-]{43}\n/);
  }
  t.notOk(piped.includes(ESCAPE), "no escape codes in a pipe");
  t.end();
});

t.test("qrLines draws the same code on dark and on white", (t) => {
  const link = facts().playerLink;
  const coloured = qrLines(link, true).map(plain);
  const bare = qrLines(link, false);
  const inverse: Record<string, string> = { "█": " ", " ": "█", "▀": "▄", "▄": "▀" };
  t.same(bare.map((line) => [...line].map((block) => inverse[block]).join("")), coloured);
  t.ok(qrLines(link, true).every((line) => line.startsWith("\x1b[30;107m")));
  // The finder pattern in the corner, two rows of modules a line, after two quiet modules.
  t.same(coloured.slice(1, 5).map((line) => line.slice(2, 9)), [
    "█▀▀▀▀▀█",
    "█ ███ █",
    "█ ▀▀▀ █",
    "▀▀▀▀▀▀▀",
  ]);
  t.end();
});

t.test("nextLinkText names the use of the link", (t) => {
  t.match(nextLinkText("player", "http://x/#s=1"), /to play:\n {2}http:\/\/x\/#s=1\n$/);
  t.match(nextLinkText("viewer", "http://x/#s=1"), /watch only/);
  t.end();
});
