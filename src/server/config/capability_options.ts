/**
 * Capability options: the options of what a host can do beside picture and input, a part of the option
 * table that would make its file too long.
 */

import * as z from "zod";
import { byteSize, text } from "./option_schemas.ts";
import { option } from "./option_spec.ts";

/** Less than this takes no file. */
const FILES_BYTES_MIN = 1000;

/** Rows of the option table. */
export const CAPABILITY_OPTIONS = {
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
