/**
 * Logger: the shape in which every module reports lifecycle changes. error = a user sees a failure,
 * warn = recovered by itself, info = one line per lifecycle change, debug = the rest; never a line
 * per packet. The server binds it to pino; the browser and tests bind it to what they have.
 */

/** Fields logged beside a message; never secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where log lines go. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** Drops every line. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
};
