/**
 * codePicture: a QR code as a picture, from rows of 0 and 1 that the host made. Black on white in dark
 * and light alike: phones read nothing else well.
 */

import { codePath, QUIET } from "./code_path.ts";

const SVG = "http://www.w3.org/2000/svg";

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
