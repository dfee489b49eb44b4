/**
 * Capability options: the options of what a host can do beside picture and input, a part of the option
 * table that would make its file too long.
 */

import * as z from "zod";
import { byteSize, list, text } from "./option_schemas.ts";
import { option } from "./option_spec.ts";
import { CONTROL_MODES } from "../../wire/people_messages.ts";
import { PERMISSIONS } from "../../wire/permission.ts";

/** Less than this takes no file. */
const FILES_BYTES_MIN = 1000;

/** Rows of the option table. */
export const CAPABILITY_OPTIONS = {
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
    fallback: [...PERMISSIONS],
    value: "NAMES",
    repeats: true,
    summary: "What a link to play permits, separated by commas, or none; an admin can give and " +
      "take each later. What this host does not offer, no permission brings",
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
} as const;
