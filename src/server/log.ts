/**
 * Log: pino on standard error, as text for people at a terminal and as JSON otherwise. Whatever
 * looks like a secret (43 characters of base64url, as links, tickets and cookies have) is taken out
 * of every line here, so that no caller can leak one.
 */

import pino from "pino";
import pretty from "pino-pretty";
import type { LogFields, Logger } from "../core/log.ts";
import type { ServerConfig } from "./config/config.ts";

const STANDARD_ERROR = 2;
const SECRET_FORM = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g;
const REDACTED = "[redacted]";

/** `text` without anything that has the form of a secret. */
export function redact(text: string): string {
  return text.replaceAll(SECRET_FORM, REDACTED);
}

/** The logger that a configuration asks for, on standard error. */
export function openLog(
  config: Pick<ServerConfig, "logLevel" | "logFormat" | "usesColour">,
): Logger {
  const isTerminal = Deno.stderr.isTerminal();
  const isText = config.logFormat === "text" || (config.logFormat === "auto" && isTerminal);
  const destination = isText
    ? pretty({
      sync: true,
      destination: STANDARD_ERROR,
      colorize: isTerminal && config.usesColour,
      translateTime: "SYS:HH:MM:ss.l",
      ignore: "pid,hostname",
      singleLine: true,
    })
    : pino.destination({ dest: STANDARD_ERROR, sync: true });
  const lines = pino({ level: config.logLevel, base: null }, destination);
  return redactingLogger((level, message, fields) => lines[level](fields, message));
}

/** A logger that gives every line to `write` without secrets. */
export function redactingLogger(
  write: (level: keyof Logger, message: string, fields: LogFields) => void,
): Logger {
  const at = (level: keyof Logger) => (message: string, fields?: LogFields) => {
    const clean: Record<string, LogFields[string]> = {};
    for (const [name, value] of Object.entries(fields ?? {})) {
      clean[name] = typeof value === "string" ? redact(value) : value;
    }
    write(level, redact(message), clean);
  };
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}
