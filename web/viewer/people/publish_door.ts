/**
 * PublishDoor: the link in the list of people to the page that publishes, for who may: a stream of
 * somebody's own belongs to people, not to the host's picture. It opens a page of its own, so that
 * watching goes on.
 */

import { element, icon } from "../ui/element.ts";
import type { ViewerRights } from "./people_rights.ts";

/** The link. */
export class PublishDoor {
  /** The element to place in the list. */
  readonly root = element("a", {
    class: "wide publish-door",
    href: "publish/",
    target: "_blank",
    rel: "noopener",
    hidden: true,
  });

  constructor() {
    this.root.append(icon("displays"), "Publish your screen or camera");
  }

  /** Shown to who may. */
  update({ permissions }: ViewerRights): void {
    this.root.hidden = !permissions.includes("publish");
  }
}
