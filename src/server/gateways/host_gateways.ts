/**
 * HostGateways: the gateway processes of a host, each for the libraries of one rung: what capabilities
 * make them with, their figures, their memory in the ledger, and their end. None is started before a
 * peer needs it.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import {
  gatewayCommandLine,
  type GatewayCommandLineOptions,
} from "../../gateway/gateway_command_line.ts";
import {
  GatewayProcess,
  type GatewayProcessOptions,
  type GatewayProcessStats,
} from "../../gateway/gateway_process.ts";
import type { MemoryLedger } from "../../memory/memory_ledger.ts";

/** What gateways need of the host. */
export interface HostGatewaysOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly ledger: Pick<MemoryLedger, "watch">;
  /** Folder of the program: holds build/ and src/. */
  readonly root: string;
}

/** A gateway: the folder of its rung, its rights, and who hears of it. */
export interface HostGatewayOptions
  extends
    Omit<GatewayCommandLineOptions, "root">,
    Pick<GatewayProcessOptions, "limits" | "started" | "stateChanged"> {}

/** Figures of one gateway. */
export interface GatewayFigures extends GatewayProcessStats {
  readonly name: string;
}

/** The gateways of one host. */
export class HostGateways {
  readonly #options: HostGatewaysOptions;
  readonly #gateways = new Map<string, GatewayProcess>();

  constructor(options: HostGatewaysOptions) {
    this.#options = options;
    options.ledger.watch("ipc", () => {
      const figures = this.figures;
      return {
        currentBytes: figures.reduce((sum, { heldBytes }) => sum + heldBytes, 0),
        live: figures.filter(({ pid }) => pid !== undefined).length,
      };
    });
  }

  /** The gateway of a rung, made once for all who use it; the first one's options count. */
  gateway(options: HostGatewayOptions): GatewayProcess {
    const { rung, rights, heapMegabytes, env, ...others } = options;
    const known = this.#gateways.get(rung);
    if (known !== undefined) return known;
    const { log, clock, root } = this.#options;
    const line = {
      ...{ root, rung },
      ...(rights === undefined ? {} : { rights }),
      ...(heapMegabytes === undefined ? {} : { heapMegabytes }),
      ...(env === undefined ? {} : { env }),
    };
    const gateway = new GatewayProcess({
      ...others,
      ...{ name: rung, log, clock },
      command: () => gatewayCommandLine(line),
    });
    this.#gateways.set(rung, gateway);
    return gateway;
  }

  /** Figures of all, by name. */
  get figures(): GatewayFigures[] {
    return [...this.#gateways].map(([name, { stats }]) => ({ name, ...stats }));
  }

  /** Ends them all; never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#gateways.values()].map((gateway) => gateway.close()));
  }
}
