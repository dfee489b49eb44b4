/**
 * codePath: the dark modules of a QR code as the path of a picture. Functions only.
 */

/** Light modules around the code, as readers want them. */
export const QUIET = 4;

/** One square for each run of dark modules. */
export function codePath(rows: readonly string[]): string {
  return rows.flatMap((row, y) =>
    [...row.matchAll(/1+/g)].map(({ index, 0: run }) =>
      `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`
    )
  ).join("");
}
