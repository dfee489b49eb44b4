/**
 * InviteForm: makes a link for somebody else: what they will be, what they may do, and then the link to
 * copy, to share or to point a phone at. A link is good for one browser and ends by itself.
 */

import * as schema from "../../../src/core/schema.ts";
import { PERMISSIONS, PLAYER_PERMISSIONS } from "../../../src/wire/permission.ts";
import type { Permission } from "../../../src/wire/permission.ts";
import { ROLES } from "../../../src/wire/people_messages.ts";
import type { Role } from "../../../src/wire/people_messages.ts";
import { element } from "../ui/element.ts";
import { codePicture } from "./code_picture.ts";
import type { ViewerRights } from "./people_rights.ts";
import { PERMISSION_TEXTS } from "./people_texts.ts";

const REQUEST_TIMEOUT_MS = 5000;
const MAX_CODE_ROWS = 200;

const linkSchema = schema.object({
  role: schema.oneOf(ROLES),
  permissions: schema.list(schema.oneOf(PERMISSIONS), PERMISSIONS.length),
  path: schema.text(256),
  expiresMs: schema.number(0, Number.MAX_SAFE_INTEGER),
  code: schema.list(schema.text(MAX_CODE_ROWS), MAX_CODE_ROWS),
});

const CHOICES: readonly { readonly role: Role; readonly label: string; readonly hint: string }[] = [
  { role: "viewer", label: "Watch", hint: "Sees and hears, touches nothing" },
  { role: "player", label: "Play", hint: "May use what is ticked below" },
  { role: "admin", label: "Admin", hint: "As you: also decides about others" },
];

/** The form. */
export class InviteForm {
  readonly root = element("form", { class: "invite" });
  readonly #rights: () => ViewerRights;
  readonly #roles = new Map<Role, HTMLInputElement>();
  readonly #bits = new Map<Permission, HTMLInputElement>();
  readonly #make = element("button", { type: "submit", class: "wide" }, "Make a link");
  readonly #said = element("p", { class: "said", role: "status" });
  readonly #result = element("div", { class: "link-result", hidden: true });
  readonly #link = element("input", { type: "text", readonly: true, "aria-label": "Link" });
  readonly #copy = element("button", { type: "button", class: "small" }, "Copy");
  readonly #picture = element("div", { class: "code" });
  readonly #note = element("p", { class: "hint" });

  /** `rights` are those of the person who invites. */
  constructor(rights: () => ViewerRights) {
    this.#rights = rights;
    const bits = element("div", { class: "bits" }, ...PERMISSIONS.map((name) => this.#bit(name)));
    this.root.append(
      this.#choices(),
      element("details", { class: "manage" }, element("summary", {}, "What they may use"), bits),
      this.#make,
      this.#said,
      this.#result,
    );
    const row = element("div", { class: "link-row" }, this.#link, this.#copy);
    this.#result.append(row, this.#picture, this.#note);
    this.#copy.addEventListener("click", () => void this.#copyLink());
    this.#link.addEventListener("focus", () => this.#link.select());
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#choose("viewer");
  }

  /** This person's rights may be others now. */
  update(): void {
    const own = this.#rights();
    this.root.hidden = own.role === "viewer";
    for (const [role, radio] of this.#roles) {
      radio.disabled = role === "admin" && own.role !== "admin";
      const label = radio.closest("label");
      if (label !== null) label.hidden = radio.disabled;
    }
    for (const [permission, box] of this.#bits) {
      box.disabled = own.role !== "admin" && !own.permissions.includes(permission);
      if (box.disabled) box.checked = false;
    }
  }

  #choices(): HTMLElement {
    const labels = CHOICES.map(({ role, label, hint }) => {
      const radio = element("input", { type: "radio", name: "invite-role", value: role });
      this.#roles.set(role, radio);
      radio.addEventListener("change", () => this.#choose(role));
      const text = element("span", {}, label, element("small", {}, hint));
      return element("label", { class: "choice" }, radio, text);
    });
    return element("fieldset", {}, element("legend", {}, "Invite somebody to"), ...labels);
  }

  #bit(permission: Permission): HTMLElement {
    const box = element("input", { type: "checkbox" });
    this.#bits.set(permission, box);
    return element("label", { class: "bit" }, box, PERMISSION_TEXTS[permission]);
  }

  #choose(role: Role): void {
    const radio = this.#roles.get(role);
    if (radio !== undefined) radio.checked = true;
    const usual: readonly string[] = role === "admin" ? PERMISSIONS : PLAYER_PERMISSIONS;
    for (const [permission, box] of this.#bits) {
      box.checked = role !== "viewer" && !box.disabled && usual.includes(permission);
    }
    this.#result.hidden = true;
  }

  async #submit(): Promise<void> {
    const role = CHOICES.find((choice) => this.#roles.get(choice.role)?.checked)?.role ?? "viewer";
    const permissions = PERMISSIONS.filter((name) => this.#bits.get(name)?.checked === true);
    this.#make.disabled = true;
    this.#said.textContent = "";
    try {
      const response = await fetch("/api/links", {
        ...{ method: "POST", credentials: "same-origin", cache: "no-store" },
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ role, permissions }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(String(response.status));
      this.#show(linkSchema(await response.json(), "answer"));
    } catch {
      this.#said.textContent = "The host made no link: try again";
    }
    this.#make.disabled = false;
  }

  #show({ path, expiresMs, code }: ReturnType<typeof linkSchema>): void {
    this.#link.value = `${location.origin}${path}`;
    this.#picture.replaceChildren(codePicture(code));
    const end = new Date(expiresMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const isLocal = /^(localhost|127\.|\[::1\])/.test(location.hostname);
    this.#note.textContent = isLocal
      ? `For one browser, until ${end}. This address is this computer's alone: others reach the host ` +
        "only when it listens to them (--listen)."
      : `For one browser, until ${end}.`;
    this.#copy.textContent = "Copy";
    this.#result.hidden = false;
    this.#said.textContent = "The link is ready";
    this.#link.focus();
    this.#result.scrollIntoView({ block: "nearest" });
  }

  async #copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#link.value);
      this.#copy.textContent = "Copied";
      this.#said.textContent = "The link is in the clipboard";
    } catch {
      this.#link.focus();
      this.#said.textContent = "Press Ctrl+C to copy the link";
    }
  }
}
