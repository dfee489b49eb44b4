/**
 * main: the gateway process of the TCP rung: the WebTransport library between browsers' WebSockets,
 * which the server process has, and connections to the server process. It has no network, no files
 * and nothing of the environment.
 */

import { runGateway } from "../../gateway/gateway_program.ts";
import { SocketGateway } from "./socket_gateway.ts";
import { WebTransportLibrary } from "./webtransport_library.ts";

const gateway = new SocketGateway(await WebTransportLibrary.load());
runGateway({ peerOpened: (peer, message) => gateway.peerOpened(peer, message) });
