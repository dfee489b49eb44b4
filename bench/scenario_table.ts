/**
 * Scenario table: every scenario of the bench command, once. `bench --help` and the parser read it.
 */

import { anyScenario, type Scenario } from "./scenario.ts";
import { audio } from "./scenarios/audio.ts";
import { clickToPhoton } from "./scenarios/click_to_photon.ts";
import { congestion } from "./scenarios/congestion.ts";
import { delivery } from "./scenarios/delivery.ts";
import { fec } from "./scenarios/fec.ts";
import { files } from "./scenarios/files.ts";
import { firstFrame } from "./scenarios/first_frame.ts";
import { fuzz } from "./scenarios/fuzz.ts";
import { glassToGlass } from "./scenarios/glass_to_glass.ts";
import { input } from "./scenarios/input.ts";
import { loss } from "./scenarios/loss.ts";
import { memory } from "./scenarios/memory.ts";
import { memoryFloor } from "./scenarios/memory_floor.ts";
import { network } from "./scenarios/network.ts";
import { pool } from "./scenarios/pool.ts";
import { publish } from "./scenarios/publish.ts";
import { recordKill } from "./scenarios/record_kill.ts";
import { reorder } from "./scenarios/reorder.ts";
import { replay } from "./scenarios/replay.ts";
import { sessionCycles } from "./scenarios/session_cycles.ts";
import { transports } from "./scenarios/transports.ts";
import { whep } from "./scenarios/whep.ts";

/** All scenarios, in the order of --help. */
export const SCENARIOS: readonly Scenario[] = [
  anyScenario(glassToGlass),
  anyScenario(firstFrame),
  anyScenario(clickToPhoton),
  anyScenario(input),
  anyScenario(audio),
  anyScenario(sessionCycles),
  anyScenario(memory),
  anyScenario(memoryFloor),
  anyScenario(fec),
  anyScenario(congestion),
  anyScenario(loss),
  anyScenario(network),
  anyScenario(transports),
  anyScenario(publish),
  anyScenario(pool),
  anyScenario(reorder),
  anyScenario(replay),
  anyScenario(delivery),
  anyScenario(recordKill),
  anyScenario(files),
  anyScenario(whep),
  anyScenario(fuzz),
];
