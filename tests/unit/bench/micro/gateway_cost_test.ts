/** A short run of bench/micro/gateway_cost.ts: everything that is sent comes back. */

import t from "tap";
import { GATEWAY_LOADS, measureGateway } from "../../../../bench/micro/gateway_cost.ts";

t.test("measureGateway measures datagrams and frames there and back", async (t) => {
  const loads = GATEWAY_LOADS.filter(({ perSecond }) => perSecond > 0);
  const costs = await measureGateway(loads, 0.25);
  for (const { name } of loads) {
    const { roundTrip, serverUs } = costs[name]!;
    t.ok(roundTrip.count >= 1, `${name}: ${roundTrip.count}`);
    t.ok((roundTrip.min ?? 0) > 0, "nothing is back before it was sent");
    t.ok(serverUs > 0);
  }
});
