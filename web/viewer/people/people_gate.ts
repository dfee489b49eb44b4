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
import type { PeopleCommand } from "./people_messages.ts";
import { PeopleModel } from "./people_model.ts";
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
  readonly #model = new PeopleModel();
  readonly #button: HTMLButtonElement;
  readonly #count = document.createElement("span");
  readonly #listening = new AbortController();
  #handle: PeopleHandle | undefined;
  #loading: Promise<PeopleHandle | undefined> | undefined;
  #streamId = 0;
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
    this.#model.reset();
    this.#isNamed = false;
    this.#streamId = streamId;
    this.#model.setStream(streamId);
    this.#hasBegun = mayInput({ role, permissions });
    this.#context.input.setHands(handsOf({ role, permissions }, true));
    this.#handle?.setVisible(true);
  }

  onDisconnected(): void {
    this.#hasBegun = false;
    this.#button.hidden = true;
    this.#model.reset();
    this.#handle?.setVisible(false);
  }

  onStream(streamId: number): void {
    this.#streamId = streamId;
    this.#model.setStream(streamId);
    this.#changed();
    this.#handle?.update([]);
  }

  onWorkerMessage(message: WorkerMessage): void {
    if (message.type !== "people") return;
    const { event } = message;
    const news = this.#model.take(event);
    if (event.type === "rights") this.#rightsTold(event);
    if (event.type === "people") this.#peopleTold(event.people.length);
    if (event.type === "slot_state") this.#playersTold();
    this.#changed();
    if (this.#handle !== undefined) this.#handle.update(news);
    else if (news.length > 0) void this.#load().then((handle) => handle?.update(news));
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

  #rightsTold({ role, permissions }: ViewerRights): void {
    this.#context.setRights({ role, permissions });
    this.#beginLate({ role, permissions });
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

  #playersTold(): void {
    const { input } = this.#context;
    input.players = this.#model.players;
    input.hands?.showPlayers();
  }

  #changed(): void {
    const { hasControl, rights } = this.#model;
    const { input, window } = this.#context;
    input.setHands(handsOf(rights, hasControl));
    window.stage.classList.toggle("without-control", mayControl(rights) && !hasControl);
  }

  #remind(): void {
    if (mayControl(this.#model.rights) && !this.#model.hasControl) this.#handle?.remind();
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
        model: this.#model,
        addLayer: (layer) => window.addLayer(layer),
        send: (command) => this.#send(command),
        notice: (text) => window.notices.show(text),
        leave: () => window.stage.focus(),
        opened: (isOpen) => this.#button.setAttribute("aria-expanded", String(isOpen)),
        streamId: () => this.#streamId,
      });
      this.#handle.update([]);
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
