/**
 * codePicture: a QR code as a picture, from rows of 0 and 1 that the host made. Black on white in dark
 * and light alike: phones read nothing else well.
 */

const SVG = "http://www.w3.org/2000/svg";
/** Light modules around the code, as readers want them. */
const QUIET = 4;

/** The picture of rows of "0" and "1". */
export function codePicture(rows: readonly string[]): SVGSVGElement {
  const side = rows.length + 2 * QUIET;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "QR code of the link");
  const ground = document.createElementNS(SVG, "rect");
  for (const name of ["width", "height"]) ground.setAttribute(name, String(side));
  ground.setAttribute("class", "ground");
  const modules = document.createElementNS(SVG, "path");
  modules.setAttribute("d", codePath(rows));
  svg.append(ground, modules);
  return svg;
}

/** One square for each run of dark modules. */
export function codePath(rows: readonly string[]): string {
  return rows.flatMap((row, y) =>
    [...row.matchAll(/1+/g)].map(({ index, 0: run }) =>
      `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`
    )
  ).join("");
}
