/**
 * loadStyle: adds a style sheet of a part of the viewer that is loaded later.
 */

import { element } from "./element.ts";

/** Loads a style sheet that lies beside the page; rejects when it does not come. */
export function loadStyle(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { href } = new URL(name, document.baseURI);
    const link = element("link", { rel: "stylesheet", href });
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", reject);
    document.head.append(link);
  });
}
