/**
 * Main file of the WebRTC gateway: the process that holds every session of WebRTC, with the right to
 * use the network and no other. It speaks to the server process over its standard input and output,
 * and ends with it.
 */

// First: what libraries print must not reach the standard output.
import { runGateway } from "../../gateway/gateway_program.ts";
import { RtcGateway } from "./rtc_gateway.ts";
import { guardSockets } from "./rtc_sockets.ts";
import { openPublisher } from "./whip_publisher.ts";

guardSockets();
const gateway = new RtcGateway();

runGateway({
  peerOpened: (peer, message) => {
    if (message.type === "open_rtc") gateway.openSession(message, peer);
    else if (message.type === "open_rtc_stream") gateway.openStream(message.streamId, peer);
    else if (message.type === "whip_offer") void openPublisher(gateway, peer, message);
    else peer.close("Cannot open such a peer here");
  },
  root: () => ({
    control: (message) => {
      if (message.type === "rtc_setup") gateway.setUp(message);
    },
  }),
});
