/**
 * featureLink: a connection of the receive worker as the viewer's capabilities see it. It lasts as long
 * as the connection; what it tells is read anew each time.
 */

import type { Role } from "../../../src/wire/control.ts";
import type { Attempt } from "../receive/attempt.ts";
import { framesOf } from "../receive/rtc_gate.ts";
import type { ViewerLink } from "../receive/viewer_link.ts";
import type { FeatureLink } from "./worker_feature.ts";

/** Makes the view of a connection that the host has welcomed. */
export function featureLink(attempt: Attempt, link: ViewerLink, role: Role): FeatureLink {
  return {
    role,
    get streamId() {
      return attempt.streamId;
    },
    get catalog() {
      return attempt.catalog;
    },
    clockOffset: attempt.clockOffset,
    isReliable: link.connection.transport === "tcp",
    frames: framesOf(link.connection),
    sendFeedback: (datagram) => link.sendFeedback(datagram),
    get offsetUs() {
      return attempt.clockOffset.offsetUs;
    },
    send: (message) => link.send(message),
    openInput: () => link.openInput(),
    sendDatagram: (bytes) => link.connection.sendDatagram(bytes),
    openBidirectional: () => link.connection.openBidirectional(),
    openUnidirectional: () => link.connection.openUnidirectional(),
  };
}
