/**
 * Shortcuts: which key combinations are the viewer's own: Moonlight's under Ctrl+Alt+Shift, Selkies'
 * under Ctrl+Shift. Everything else is the host's.
 */

/** What a shortcut does. */
export type ShortcutAction =
  | "quit"
  | "fullscreen"
  | "capture"
  | "stats"
  | "mouse_mode"
  | "cursor"
  | "menu"
  | "timeline"
  | "files"
  | "displays"
  | "game_mode"
  | "people"
  | "control"
  | "type_clipboard"
  | "typing"
  | "sound"
  | "microphone";

/** One shortcut, for the list that people see. */
export interface Shortcut {
  readonly action: ShortcutAction;
  readonly label: string;
  /** Letter together with Ctrl+Alt+Shift, where there is one. */
  readonly moonlight?: string;
  /** Letter together with Ctrl+Shift, where there is one. */
  readonly selkies?: string;
}

/** All shortcuts, in the order in which they are listed. */
export const SHORTCUTS: readonly Shortcut[] = [
  { action: "fullscreen", label: "Fullscreen", moonlight: "X", selkies: "F" },
  { action: "capture", label: "Release or take keyboard and mouse", moonlight: "Z" },
  { action: "mouse_mode", label: "Mouse: absolute or relative", moonlight: "M", selkies: "X" },
  { action: "cursor", label: "Show or hide the pointer", moonlight: "C" },
  { action: "stats", label: "Statistics", moonlight: "S" },
  { action: "timeline", label: "Timeline: replay and recordings", moonlight: "T" },
  { action: "files", label: "Files: send and take", moonlight: "F" },
  { action: "displays", label: "Displays: choose, and fit to the window", moonlight: "D" },
  { action: "menu", label: "Show the toolbar", selkies: "M" },
  { action: "game_mode", label: "Fullscreen with relative mouse", selkies: "G" },
  { action: "people", label: "People: who is here and who may do what", moonlight: "P" },
  { action: "control", label: "Ask for control, or hand it over", moonlight: "H" },
  { action: "type_clipboard", label: "Type what the clipboard holds", moonlight: "V" },
  { action: "typing", label: "Type with this computer's layout and input method", moonlight: "K" },
  { action: "sound", label: "Sound on or off", moonlight: "A" },
  { action: "microphone", label: "Microphone on or off", moonlight: "U" },
  { action: "quit", label: "Leave the session", moonlight: "Q" },
];

/** What of a KeyboardEvent is used. */
export interface ModifiedKey {
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly metaKey: boolean;
}

/** The action of a key that went down, or undefined when it is the host's. */
export function shortcutOf(key: ModifiedKey): ShortcutAction | undefined {
  if (!key.ctrlKey || !key.shiftKey || key.metaKey || !key.code.startsWith("Key")) return undefined;
  const letter = key.code.slice("Key".length);
  return SHORTCUTS.find((shortcut) =>
    (key.altKey ? shortcut.moonlight : shortcut.selkies) === letter
  )?.action;
}
