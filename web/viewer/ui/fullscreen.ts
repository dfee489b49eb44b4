/**
 * Fullscreen: the whole display for the viewer, with the keys that the system would take for itself
 * where the browser can lock them. Refusals are no errors: the viewer stays in its window.
 */

interface KeyboardLock {
  lock?(): Promise<void>;
  unlock?(): void;
}

/** True while an element has the whole display. */
export function isFullscreen(): boolean {
  return document.fullscreenElement !== null;
}

/** Gives `target` the whole display; needs a click or a key press to be allowed. */
export async function enterFullscreen(target: HTMLElement): Promise<void> {
  try {
    await target.requestFullscreen({ navigationUI: "hide" });
    await keyboardLock()?.lock?.();
  } catch {
    // The browser wants a gesture first, or has no keyboard lock.
  }
}

/** Gives the display back. */
export async function leaveFullscreen(): Promise<void> {
  keyboardLock()?.unlock?.();
  try {
    await document.exitFullscreen();
  } catch {
    // It was over already.
  }
}

function keyboardLock(): KeyboardLock | undefined {
  return (navigator as { keyboard?: KeyboardLock }).keyboard;
}
