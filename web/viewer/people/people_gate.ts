/**
 * PeopleGate: the page's door to the people of a host: it knows whose hands count, and loads the rest,
 * a bundle of its own, when somebody else is there or a person wants to see the list. Alone, a viewer
 * has a button in its toolbar and runs nothing.
 */

import type { PageFeature, PageFeatureContext, PageSession } from "../features/page_feature.ts";
import { loadStyle } from "../ui/load_style.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { PeopleHandle } from "./people_handle.ts";
import type { ControlState, PeopleCommand, PeopleEvent } from "./people_messages.ts";
import { handsOf, mayControl, mayInput } from "./people_rights.ts";
import type { ViewerRights } from "./people_rights.ts";

const BUNDLE = "people.js";
const STYLE = "people.css";
/** What this browser's person is called on every host. */
const NAME_KEY = "wavry.name";

type PeopleModule = typeof import("./people.ts");

/** The page's half. */
export class PeopleGate implements PageFeature {
  readonly workerMessages = ["people"] as const;
  readonly shortcuts = ["people", "control"] as const;
  readonly #context: PageFeatureContext;
  /** What was said last of each kind, and of each stream: the bundle hears of it when it comes. */
  readonly #said = new Map<string, PeopleEvent>();
  readonly #button: HTMLButtonElement;
  readonly #count = document.createElement("span");
  readonly #listening = new AbortController();
  #handle: PeopleHandle | undefined;
  #loading: Promise<PeopleHandle | undefined> | undefined;
  #streamId = 0;
  #me = "";
  #rights: ViewerRights = { role: "viewer", permissions: [] };
  #hasBegun = false;
  #isNamed = false;

  constructor(context: PageFeatureContext) {
    this.#context = context;
    const { toolbar, stage } = context.window;
    this.#button = toolbar.addButton({ action: "people", icon: "people", label: "People" }, () => {
      void this.#toggle();
    });
    this.#button.setAttribute("aria-expanded", "false");
    this.#button.hidden = true;
    this.#count.className = "count";
    this.#button.append(this.#count);
    const options = { signal: this.#listening.signal };
    stage.addEventListener("pointerdown", () => this.#remind(), options);
    stage.addEventListener("keydown", (event) => {
      if (!event.repeat) this.#remind();
    }, options);
  }

  onConnected({ role, permissions, streamId }: PageSession): void {
    this.#said.clear();
    this.#handle?.begin(streamId);
    this.#isNamed = false;
    this.#streamId = streamId;
    this.#rights = { role, permissions };
    this.#hasBegun = mayInput(this.#rights);
    this.#changed();
  }

  onDisconnected(): void {
    this.#hasBegun = false;
    this.#button.hidden = true;
    this.#said.clear();
    this.#handle?.end();
  }

  onStream(streamId: number): void {
    this.#streamId = streamId;
    this.#changed();
    this.#handle?.setStream(streamId);
  }

  onWorkerMessage(message: WorkerMessage): void {
    if (message.type !== "people") return;
    const { event } = message;
    const isOfStream = event.type === "control_state";
    this.#said.set(isOfStream ? `${event.type} ${event.streamId}` : event.type, event);
    if (event.type === "rights") this.#rightsTold(event);
    else if (event.type === "people") this.#peopleTold(event.people.length);
    else if (event.type === "slot_state") this.#slotsTold(event);
    this.#changed();
    this.#handle?.take(event);
  }

  onShortcut(action: ShortcutAction): void {
    if (action === "people") void this.#toggle();
    else void this.#load().then((handle) => handle?.control());
  }

  close(): void {
    this.#listening.abort();
    this.#handle?.close();
    this.#handle = undefined;
  }

  #rightsTold({ personId, role, permissions }: Extract<PeopleEvent, { type: "rights" }>): void {
    this.#me = personId;
    this.#rights = { role, permissions };
    this.#context.setRights(this.#rights);
    this.#beginLate(this.#rights);
    if (this.#isNamed) return;
    this.#isNamed = true;
    const name = storedName();
    if (name !== undefined) this.#send({ type: "set_name", name });
  }

  /** Input that is allowed for the first time since the connection began. */
  #beginLate(rights: ViewerRights): void {
    const { input, window } = this.#context;
    if (this.#hasBegun || !mayInput(rights)) return;
    this.#hasBegun = true;
    input.begin(this.#streamId);
    if (window.timeline.isPast) input.pause();
  }

  #peopleTold(count: number): void {
    this.#button.hidden = false;
    this.#count.textContent = count > 1 ? String(count) : "";
    // Somebody else is there: whose hands count is worth a look.
    if (count > 1) void this.#load();
  }

  #slotsTold({ slots }: Extract<PeopleEvent, { type: "slot_state" }>): void {
    const { input } = this.#context;
    const mine = slots.filter(({ personId, isReserved }) => personId === this.#me && !isReserved);
    input.players = new Map(mine.map(({ pad, slot }) => [pad, slot]));
    input.hands?.showPlayers();
    // Who plays wants to be told which player that is.
    if (mine.length > 0) void this.#load();
  }

  /** True while hands of this viewer count, as far as is known. */
  get #hasControl(): boolean {
    const control = this.#said.get(`control_state ${this.#streamId}`) as ControlState | undefined;
    return control === undefined || control.mode === "shared" || control.holderId === this.#me;
  }

  #changed(): void {
    const { input, window } = this.#context;
    const hasControl = this.#hasControl;
    input.setHands(handsOf(this.#rights, hasControl));
    window.stage.classList.toggle("without-control", mayControl(this.#rights) && !hasControl);
  }

  #remind(): void {
    if (mayControl(this.#rights) && !this.#hasControl) this.#handle?.remind();
  }

  async #toggle(): Promise<void> {
    this.#context.releaseInput();
    (await this.#load())?.toggle();
  }

  #send(command: PeopleCommand): void {
    this.#context.send({ type: "people", command });
    if (command.type === "set_name") storeName(command.name);
  }

  #load(): Promise<PeopleHandle | undefined> {
    this.#loading ??= this.#import();
    return this.#loading;
  }

  async #import(): Promise<PeopleHandle | undefined> {
    const { window } = this.#context;
    try {
      const url = new URL(BUNDLE, document.baseURI).href;
      const [{ openPeople }] = await Promise.all([
        import(url) as Promise<PeopleModule>,
        loadStyle(STYLE),
      ]);
      this.#handle = openPeople({
        addLayer: (layer) => window.addLayer(layer),
        send: (command) => this.#send(command),
        notice: (text) => window.notices.show(text),
        leave: () => window.stage.focus(),
        opened: (isOpen) => this.#button.setAttribute("aria-expanded", String(isOpen)),
      });
      this.#handle.begin(this.#streamId);
      for (const event of this.#said.values()) this.#handle.take(event);
      return this.#handle;
    } catch {
      this.#loading = undefined;
      window.notices.show("The list of people could not be loaded");
      return undefined;
    }
  }
}

/** The name of this browser's person; a browser that stores nothing has none. */
function storedName(): string | undefined {
  try {
    return localStorage.getItem(NAME_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

function storeName(name: string): void {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // The host remembers it for this session.
  }
}
