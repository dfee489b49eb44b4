/**
 * HandsHook: what input control tells whoever reads fingers and gamepads. Types only.
 */

/** What input control tells whoever reads fingers and gamepads. */
export interface HandsHook {
  /** A finger's event over the picture; false when fingers are not read here. */
  finger(event: PointerEvent): boolean;
  /** A host takes input, or another device of it: it knows nothing yet. */
  begin(): void;
  /** Everything is let go of. */
  release(): void;
  /** The host gave gamepads their places: `InputControl.playerOf` says which. */
  showPlayers(): void;
}
