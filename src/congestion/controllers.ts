/**
 * Controllers by name: the one place that knows every congestion controller; part of send.
 */

import type {
  CongestionController,
  ControllerLimits,
  ControllerName,
} from "./congestion_controller.ts";
import { DeltaController } from "./delta_controller.ts";
import { TrendController } from "./trend_controller.ts";

/** A controller of the given name. */
export function createController(
  name: ControllerName,
  limits: ControllerLimits,
): CongestionController {
  return name === "delta" ? new DeltaController(limits) : new TrendController(limits);
}
