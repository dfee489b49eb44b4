/**
 * RtcClient: the transport of a viewer over WebRTC without a browser, for tests: a peer connection of
 * werift, whose two data channels are used by the page's own code.
 */

import { Buffer } from "node:buffer";
import type { RTCDataChannel } from "werift";
import { MuxConnection } from "../src/transport/mux/mux_connection.ts";
import { RtcChannel } from "../web/transport/rtc_channel.ts";
import type { MessagePath } from "../web/transport/rtc_messages.ts";
import { openWeriftPlayer } from "./werift_player.ts";

/** A connection and the way to cut it. */
export interface RtcClient {
  readonly connection: MuxConnection;
  /** Nothing comes or goes any more, and nobody is told. */
  sever(): void;
  close(): Promise<void>;
}

/** Dials by an offer that `post` answers. Rejects when the channels do not open. */
export async function dialRtc(post: (sdp: string) => Promise<string>): Promise<RtcClient> {
  const peer = openWeriftPlayer();
  peer.addTransceiver("video", { direction: "recvonly" });
  const channels = [
    peer.createDataChannel("messages"),
    peer.createDataChannel("datagrams", { ordered: false, maxRetransmits: 1 }),
  ] as const;
  const [messages, datagrams] = channels.map(pathOf) as [MessagePath, MessagePath];
  await peer.setLocalDescription(await peer.createOffer());
  const sdp = await post(peer.localDescription?.sdp ?? "");
  const opening = Promise.all(channels.map(opened));
  await peer.setRemoteDescription({ type: "answer", sdp });
  await opening;
  const channel = new RtcChannel({ messages, datagrams }, {
    label: "host",
    onClose: () => void peer.close(),
  });
  return {
    connection: new MuxConnection(channel, { side: "client", transport: "webrtc" }),
    sever: () => {
      for (const { connection } of peer.iceTransports) {
        const { protocols } = connection as unknown as { protocols: { transport: Cut }[] };
        for (const { transport } of protocols) {
          transport.send = () => Promise.resolve();
          transport.onData = () => {};
        }
      }
    },
    close: async () => await peer.close(),
  };
}

/** A socket of werift's. Closed instead, it would keep the library from ending. */
interface Cut {
  send: () => Promise<void>;
  onData: () => void;
}

async function opened(channel: RTCDataChannel): Promise<void> {
  if (channel.readyState === "open") return;
  await channel.stateChanged.watch((state) => state === "open", 10_000);
}

/** A data channel of werift as browsers have it. */
function pathOf(channel: RTCDataChannel): MessagePath {
  const path: MessagePath = {
    get readyState() {
      return channel.readyState;
    },
    get bufferedAmount() {
      return channel.bufferedAmount;
    },
    get bufferedAmountLowThreshold() {
      return channel.bufferedAmountLowThreshold;
    },
    set bufferedAmountLowThreshold(bytes) {
      channel.bufferedAmountLowThreshold = bytes;
    },
    ...{ onopen: null, onmessage: null, onbufferedamountlow: null, onclose: null },
    send: (bytes) => channel.send(Buffer.from(bytes)),
    close: () => channel.close(),
  };
  channel.onMessage.subscribe((bytes) => {
    const data = Uint8Array.from(Buffer.from(bytes)).buffer;
    path.onmessage?.(new MessageEvent("message", { data }));
  });
  channel.bufferedAmountLow.subscribe(() => path.onbufferedamountlow?.(new Event("low")));
  channel.stateChanged.subscribe((state) => {
    if (state === "closed") path.onclose?.(new Event("close"));
  });
  return path;
}
