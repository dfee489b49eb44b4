/**
 * Producer worker: the entry of a publishing page's second thread, where everything between a captured
 * frame and the network happens: a page that is busy or hidden delays nothing.
 */

import { pageClock } from "../shared/page_clock.ts";
import { PICTURE_SIZES } from "./device_class.ts";
import { RELIEF_STEPS } from "./memory_monitor.ts";
import type { ProducerCommand, ProducerEvent } from "./producer_messages.ts";
import { Publication } from "./publication.ts";

const scope = self as unknown as {
  postMessage(event: ProducerEvent): void;
  onmessage: ((event: MessageEvent<ProducerCommand>) => void) | null;
};
const post = (event: ProducerEvent) => scope.postMessage(event);

/** Until the page says what its machine can do. */
const publication = new Publication(pageClock, post, {
  type: "limits",
  bounds: PICTURE_SIZES["720p30"],
  policy: { targetFps: 30, budgetShare: 0.9, qualityMax: 1 },
  relief: RELIEF_STEPS[0]!,
});

scope.onmessage = ({ data: command }) => {
  switch (command.type) {
    case "start":
      return publication.start(command);
    case "stop":
      return publication.stop();
    case "pictures":
      return publication.source.read(command.readable);
    case "picture_track":
      if (!publication.source.readTrack(command.track)) post({ type: "track_refused" });
      return;
    case "frame":
      publication.source.push(command.frame);
      return post({ type: "frame_taken" });
    case "no_pictures":
      return publication.source.clear();
    case "sound":
      return publication.useSound(command.readable);
    case "sound_blocks":
      return publication.useSoundBlocks(command.port);
    case "limits":
      return publication.setLimits(command);
    case "reuse":
      return publication.noteReuse(command.reused, command.reusable);
  }
};
