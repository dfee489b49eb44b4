/**
 * PLAYBACK_SPY: a script that runs before the viewer's own and keeps, as the page's `playback`, what
 * page and worker say to each other of the past.
 */

/** The script. */
export const PLAYBACK_SPY = `(() => {
  const RealWorker = globalThis.Worker;
  const spy = globalThis.playback = {
    state: undefined, notices: [], commands: [], thumbnails: 0, open: 0, openMax: 0,
  };
  globalThis.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        if (data.type !== "playback") return;
        const { event, state, notice, bitmap } = data.event;
        if (event === "state") spy.state = state;
        if (event === "notice") spy.notices.push(notice);
        if (event === "thumbnail") { spy.open--; if (bitmap !== undefined) spy.thumbnails++; }
      });
    }
    postMessage(message, transfer) {
      if (message.type === "playback") {
        const { command } = message;
        if (command.do !== "seek" || !command.isRough) spy.commands.push(command);
        if (command.do === "thumbnail") spy.openMax = Math.max(spy.openMax, ++spy.open);
      }
      super.postMessage(message, transfer);
    }
  };
})()`;
