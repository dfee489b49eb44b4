/**
 * Feature messages: what the page's half and the worker's half of the viewer's capabilities say to each
 * other, such as those of sound, clipboard or files. Each capability adds its own types here.
 */

/** From the page to the worker. Each `type` is one capability's alone. */
export type FeaturePageMessage = never;

/** From the worker to the page. Each `type` is one capability's alone. */
export type FeatureWorkerMessage = never;
