/**
 * Capability options: the options of what a host can do beside picture and input, a part of the option
 * table that would make its file too long.
 */

import * as z from "zod";
import { byteSize, duration, HOUR_MS, list, onOff, text, wholeNumber } from "./option_schemas.ts";
import { ipAddressOrNone, portRange } from "./port_schemas.ts";
import { option } from "./option_spec.ts";
import { MAX_CLIPBOARD_BYTES } from "../../wire/clipboard.ts";
import { INPUT_CHOICES } from "../../ipc/input_message.ts";
import { CONTROL_MODES } from "../../wire/people_messages.ts";
import { PERMISSIONS, PLAYER_PERMISSIONS } from "../../wire/permission.ts";

/** Less than this takes no text that people copy. */
const CLIPBOARD_BYTES_MIN = 16_000;
/** Most published streams that a host may allow: displays and their monitors need ids as well. */
const MAX_PUBLISHED = 8;
/** Less than this takes no file. */
const FILES_BYTES_MIN = 1000;

/** Rows of the option table. */
export const CAPABILITY_OPTIONS = {
  clipboard: option({
    group: "Clipboard",
    schema: z.enum(["off", "host-to-viewer", "viewer-to-host", "both"]),
    fallback: "off",
    value: "off|host-to-viewer|viewer-to-host|both",
    summary: "Which way what is copied goes, for viewers that may: from programs of the host to " +
      "the viewer's machine, back, both ways or not at all",
  }),
  clipboardTypes: option({
    group: "Clipboard",
    schema: list(z.string().regex(/^(text|png|html)$/, "expected text, png or html")),
    fallback: ["text", "png"],
    value: "TYPES",
    summary: "What goes: text, png (pictures) and html (formatted text, which programs may " +
      "read more into than people see), separated by commas",
  }),
  clipboardBytes: option({
    group: "Clipboard",
    schema: byteSize(CLIPBOARD_BYTES_MIN).refine(
      ({ bytes }) => bytes >= CLIPBOARD_BYTES_MIN && bytes <= MAX_CLIPBOARD_BYTES,
      "expected 16kB to 64MB",
    ),
    fallback: { bytes: 16_000_000 },
    value: "SIZE",
    summary: "Largest picture that goes; a sixteenth of it for text and for html",
  }),
  clipboardPrimary: option({
    group: "Clipboard",
    schema: onOff(),
    fallback: false,
    summary: "Counts what is selected with the mouse as copied, as X programs do among themselves",
  }),
  firstLink: option({
    group: "Access",
    schema: z.enum(["admin", "player"]),
    fallback: "admin",
    value: "admin|player",
    summary: "What the first link to play makes of who opens it: an admin may also change what " +
      "others may do and end their sessions. The links that follow make players",
  }),
  playerPermissions: option({
    group: "Access",
    schema: list(
      z.string().regex(
        new RegExp(`^(none|${PERMISSIONS.join("|")})$`),
        `expected none, or some of ${PERMISSIONS.join(", ")}`,
      ),
    ).transform((names) => PERMISSIONS.filter((permission) => names.includes(permission))),
    fallback: [...PLAYER_PERMISSIONS],
    value: "NAMES",
    repeats: true,
    summary: "What a link to play permits, separated by commas, or none; an admin can give and " +
      "take each later, and gives publish by hand. What this host does not offer, no permission " +
      "brings",
  }),
  input: option({
    group: "Input",
    schema: z.enum(INPUT_CHOICES),
    fallback: "auto",
    value: "auto|uinput|xtest|off",
    summary:
      "How keys, pointer, touches, pens and gamepads reach the desktop: auto takes for each " +
      "what does it best, uinput devices of the kernel, which needs the right to write /dev/uinput, " +
      "xtest the X server alone, and off nothing at all",
  }),
  control: option({
    group: "Access",
    schema: z.enum(CONTROL_MODES),
    fallback: "exclusive",
    value: CONTROL_MODES.join("|"),
    summary: "Keyboard and pointer of a display when several may use them: one person at a time, " +
      "who hands them on, or everybody at once",
  }),
  files: option({
    group: "Files",
    schema: z.enum(["off", "upload", "download", "both"]),
    fallback: "off",
    value: "off|upload|download|both",
    summary: "Files between viewers that may and one folder of this machine: into it, out of it, " +
      "both ways or not at all",
  }),
  filesFolder: option({
    group: "Files",
    schema: text(),
    fallback: "",
    value: "DIRECTORY",
    summary:
      "That folder; empty takes Downloads/Wavry of the user, and files in --state-dir where " +
      "a virtual screen is shown",
  }),
  filesBytes: option({
    group: "Files",
    schema: byteSize(FILES_BYTES_MIN),
    fallback: { bytes: 4_000_000_000 },
    value: "SIZE",
    summary: "Largest file that a viewer may send; 0 for no limit",
  }),
  filesQuota: option({
    group: "Files",
    schema: byteSize(FILES_BYTES_MIN),
    fallback: { bytes: 20_000_000_000 },
    value: "SIZE",
    summary:
      "Most bytes that the folder may hold when a viewer sends a file; 0 for no limit but the " +
      "5 % of the disk that stay free",
  }),
  audio: option({
    group: "Sound",
    schema: z.enum(["auto", "pulse", "tone", "off"]),
    fallback: "auto",
    value: "auto|pulse|tone|off",
    summary: "What viewers hear: what programs play (PulseAudio or PipeWire; a virtual screen " +
      "gets a sound server of its own), a test tone, or nothing; auto plays the tone on a " +
      "virtual screen without a sound server",
  }),
  microphone: option({
    group: "Sound",
    schema: z.enum(["on", "off"]),
    fallback: "on",
    value: "on|off",
    summary: "Whether viewers with the permission may speak: programs find them as a source " +
      "named Wavry microphone",
  }),
  audioBitrate: option({
    group: "Sound",
    schema: wholeNumber(16, 512),
    fallback: 128,
    value: "KBPS",
    summary: "Bitrate of two channels of sound in kbit/s; each further one gets half of it",
  }),
  audioFrame: option({
    group: "Sound",
    schema: wholeNumber(5, 10).refine((ms) => ms === 5 || ms === 10, "expected 5 or 10"),
    fallback: 10,
    value: "5|10",
    summary: "Milliseconds of sound in one packet; 5 is heard 5 ms earlier and costs more bytes",
  }),
  tcp: option({
    group: "Network",
    schema: z.enum(["on", "off"]),
    fallback: "on",
    value: "on|off",
    summary:
      "Whether browsers whose network blocks UDP may watch over the TCP port of the pages: " +
      "slower where packets are lost, but it passes everywhere",
  }),
  webrtc: option({
    group: "Network",
    schema: z.enum(["on", "off"]),
    fallback: "on",
    value: "on|off",
    summary: "Whether browsers and players may watch, and programs publish, by WebRTC " +
      "(WHEP and WHIP)",
  }),
  webrtcPorts: option({
    group: "Network",
    schema: portRange(),
    fallback: "0",
    value: "MIN-MAX",
    summary: "UDP ports of WebRTC, one for each of its sessions, such as 50000-50099; " +
      "0 takes any",
  }),
  webrtcAddress: option({
    group: "Network",
    schema: ipAddressOrNone(),
    fallback: "",
    value: "ADDRESS",
    summary: "Address under which WebRTC is reached from outside, where a router in front " +
      "forwards its ports",
  }),
  maxPublished: option({
    group: "Publishing",
    schema: wholeNumber(0, MAX_PUBLISHED),
    fallback: 4,
    value: "N",
    summary:
      "Most streams that viewers with the permission, and programs by WHIP, may publish at " +
      "once; 0 for none. Their replays share the room of one display's",
  }),
  publishKeep: option({
    group: "Publishing",
    schema: duration(0, HOUR_MS),
    fallback: { ms: 30_000 },
    value: "DURATION",
    summary: "How long a published stream stays when its producer is gone, for one that comes " +
      "back, such as 30s",
  }),
} as const;
