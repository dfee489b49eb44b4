/**
 * Rungs: the bundle of what races the ways to a host, loaded with the first connection that is not
 * ready at once. Exports only.
 */

export { climb } from "./climb.ts";
export { orderOf } from "./ladder.ts";
