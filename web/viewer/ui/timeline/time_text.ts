/**
 * Time text: times of the timeline as people read them: how long ago, at what time of day, how long.
 * Pure functions; tenths of a second are what a hand on a seek bar can tell apart.
 */

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** How far behind the present, such as `−12.3 s` or `−1:02:03`. */
export function behindText(behindUs: number): string {
  const tenths = Math.max(0, Math.round(behindUs / 100_000));
  return tenths === 0 ? "0.0 s" : `−${spanText(tenths / 10)}`;
}

/** A length of time, such as `12.3 s`, `1:02.3` or `1:02:03`. */
export function spanText(exactSeconds: number): string {
  const seconds = Math.round(exactSeconds * 10) / 10;
  if (seconds < MINUTE) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const minutes = Math.floor(whole / MINUTE) % MINUTE;
  if (seconds < HOUR) return `${minutes}:${(seconds % MINUTE).toFixed(1).padStart(4, "0")}`;
  return `${Math.floor(whole / HOUR)}:${two(minutes)}:${two(whole % MINUTE)}`;
}

/** The time of day, with tenths; with the day when that is another one than `today`'s. */
export function clockText(wallMs: number, todayMs: number): string {
  const date = new Date(wallMs);
  const tenths = Math.floor(date.getMilliseconds() / 100);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const isToday = date.toDateString() === new Date(todayMs).toDateString();
  return `${
    isToday ? "" : `${two(date.getDate())}.${two(date.getMonth() + 1)}. `
  }${time}.${tenths}`;
}

/** The same for who listens, such as `12.3 seconds ago, at 14:03:21`. */
export function spokenText(behindUs: number, wallMs: number): string {
  const seconds = Math.max(0, behindUs / 1e6);
  const ago = seconds < MINUTE
    ? `${seconds.toFixed(1)} seconds ago`
    : `${Math.floor(seconds / MINUTE)} minutes ${Math.floor(seconds % MINUTE)} seconds ago`;
  return `${ago}, at ${clockText(wallMs, wallMs).replace(/\.\d$/, "")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
