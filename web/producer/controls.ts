/**
 * Controls: what people choose on the publishing page: name, source, devices, sound and size, and the
 * one button that starts and stops. Everything works by keyboard, and nothing moves with the state.
 */

import { h } from "preact";
import type { ComponentChild, ComponentChildren } from "preact";
import { MAX_STREAM_NAME } from "../../src/wire/codec.ts";
import { SOURCE_KINDS } from "./source_kind.ts";
import type { SourceKind } from "./source_kind.ts";
import type { PictureChoice } from "./device_class.ts";
import { Icon } from "./icons.ts";
import type { IconName } from "./icons.ts";
import type { Producer } from "./producer.ts";
import { phaseOf } from "./producer_view.ts";
import type { DeviceChoice, ProducerView } from "./producer_view.ts";
import { PICTURE_CHOICES } from "./saved_choices.ts";

const KIND_TEXTS: Readonly<Record<SourceKind, string>> = {
  screen: "Screen",
  window: "Window",
  tab: "Tab",
  camera: "Camera",
};

const PICTURE_TEXTS: Readonly<Record<PictureChoice, string>> = {
  auto: "What suits this device",
  "1080p60": "1080p, 60 frames a second",
  "1080p30": "1080p, 30 frames a second",
  "720p30": "720p, 30 frames a second",
  "480p30": "480p, 30 frames a second",
};

const MICROPHONE_TEXTS: Readonly<Record<ProducerView["microphone"], string>> = {
  off: "Off",
  asking: "The browser asks you",
  on: "On",
  denied: "The browser blocks it: allow it in the address bar",
  no_device: "No microphone found",
  busy: "Another program uses it",
  failed: "It does not answer",
};

interface PartProps {
  readonly view: ProducerView<MediaStream>;
  readonly producer: Producer;
}

/** The right side of the page. */
export function Controls({ view, producer }: PartProps): ComponentChild {
  const { choices } = view;
  const isActive = ["connecting", "live", "reconnecting"].includes(view.link.name);
  return h("form", {
    class: "controls",
    "aria-label": "What to publish",
    onSubmit: (event: Event) => {
      event.preventDefault();
      if (isActive) producer.stop();
      else void producer.start();
    },
  }, [
    h("fieldset", { disabled: view.missing !== undefined }, [
      h(Field, { label: "Name", id: "name", hint: "Viewers see it in their list of screens" }, [
        h("input", {
          ...{ id: "name", type: "text", value: choices.name, maxLength: MAX_STREAM_NAME },
          ...{ autocomplete: "off", placeholder: "The host picks one", disabled: isActive },
          "aria-describedby": "name-hint",
          onInput: (event: Event) => producer.rename((event.target as HTMLInputElement).value),
        }),
      ]),
      h(Sources, { view, producer }),
      choices.kind === "camera"
        ? h(Devices, {
          ...{ label: "Camera", id: "camera", devices: view.cameras, chosen: choices.cameraId },
          onChosen: (id) => producer.setCamera(id),
        })
        : null,
      h(Field, { label: "Picture at most", id: "picture" }, [
        h(
          "select",
          {
            ...{ id: "picture", value: choices.picture },
            onChange: (event: Event) => {
              const { value } = event.target as HTMLSelectElement;
              producer.setPicture(value as PictureChoice);
            },
          },
          PICTURE_CHOICES.map((value) => h("option", { key: value, value }, PICTURE_TEXTS[value])),
        ),
      ]),
      h(Sound, { view, producer }),
    ]),
    h("div", { class: "actions" }, [
      h("button", {
        ...{ type: "submit", class: isActive ? "go stop" : "go" },
        disabled: view.missing !== undefined || (view.isOpening && !isActive),
      }, goText(view)),
      h("p", { class: "notice", role: "status" }, view.notice),
    ]),
  ]);
}

function goText(view: ProducerView<MediaStream>): string {
  const phase = phaseOf(view);
  if (phase === "live") return "Stop publishing";
  if (phase === "connecting" || phase === "reconnecting") return "Cancel";
  return view.choices.isLive ? "Go on publishing" : "Start publishing";
}

function Field({ label, id, hint, children }: {
  readonly label: string;
  readonly id: string;
  readonly hint?: string;
  readonly children?: ComponentChildren;
}): ComponentChild {
  return h("div", { class: "field" }, [
    h("label", { for: id }, label),
    children,
    hint === undefined ? null : h("p", { class: "hint", id: `${id}-hint` }, hint),
  ]);
}

function Sources({ view, producer }: PartProps): ComponentChild {
  const { kind } = view.choices;
  return h("div", { class: "field" }, [
    h("span", { class: "label", id: "source-label" }, "Source"),
    h("div", { class: "sources", role: "group", "aria-labelledby": "source-label" }, [
      ...SOURCE_KINDS.map((name) =>
        h("button", {
          ...{ type: "button", key: name, "aria-pressed": name === kind ? "true" : "false" },
          // Browsers of phones capture cameras only.
          disabled: name !== "camera" && !canCaptureScreen(),
          ...name !== kind && view.kept.includes(name)
            ? { class: "kept", title: "Kept ready: going back asks nobody" }
            : {},
          onClick: () => producer.chooseKind(name),
        }, [h(Icon, { name }), KIND_TEXTS[name]])
      ),
    ]),
    h(
      "p",
      { class: "hint kept-hint" },
      view.keptUnused === 0 ? "" : [
        "What you used before is kept ready for 5 minutes. ",
        h("button", { type: "button", onClick: () => producer.dropKept() }, "Turn it off"),
      ],
    ),
  ]);
}

function canCaptureScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

function Devices({ label, id, devices, chosen, onChosen }: {
  readonly label: string;
  readonly id: string;
  readonly devices: readonly DeviceChoice[];
  readonly chosen: string;
  readonly onChosen: (id: string) => void;
}): ComponentChild {
  const isThere = devices.some((device) => device.id === chosen);
  return h("div", { class: "field" }, [
    h("label", { for: id }, label),
    h("select", {
      ...{ id, value: isThere ? chosen : "" },
      onChange: (event: Event) => onChosen((event.target as HTMLSelectElement).value),
    }, [
      h("option", { key: "", value: "" }, "The usual one"),
      ...devices.map((device) => h("option", { key: device.id, value: device.id }, device.label)),
    ]),
  ]);
}

function Sound({ view, producer }: PartProps): ComponentChild {
  const { choices, canSendSound } = view;
  const isOfSource = choices.kind !== "camera";
  const sourceHint = view.stream !== undefined && !view.hasSourceSound
    ? "The browser gave no sound with this source"
    : "Of the tab, or of the whole system where the browser can";
  return h("div", { class: "field sounds" }, [
    h("span", { class: "label", id: "sound-label" }, "Sound"),
    h("div", { role: "group", "aria-labelledby": "sound-label" }, [
      h(Switch, {
        ...{ id: "source-sound", icon: "sound", label: "Sound of the source" },
        hint: isOfSource ? sourceHint : "A camera has none: use the microphone",
        isOn: choices.usesSourceSound && isOfSource,
        isDisabled: !canSendSound || !isOfSource,
        onToggle: () => producer.toggleSourceSound(),
      }),
      h(Switch, {
        ...{ id: "microphone-switch", icon: "microphone", label: "Microphone" },
        hint: canSendSound ? MICROPHONE_TEXTS[view.microphone] : "This browser cannot send sound",
        isOn: choices.usesMicrophone,
        isDisabled: !canSendSound,
        onToggle: () => producer.toggleMicrophone(),
      }),
    ]),
    h(Devices, {
      ...{ label: "Microphone device", id: "microphone", devices: view.microphones },
      chosen: choices.microphoneId,
      onChosen: (id) => producer.setMicrophone(id),
    }),
  ]);
}

function Switch({ id, icon, label, hint, isOn, isDisabled, onToggle }: {
  readonly id: string;
  readonly icon: IconName;
  readonly label: string;
  readonly hint: string;
  readonly isOn: boolean;
  readonly isDisabled: boolean;
  readonly onToggle: () => void;
}): ComponentChild {
  return h("button", {
    ...{ type: "button", class: "switch", role: "switch", id, disabled: isDisabled },
    "aria-checked": isOn ? "true" : "false",
    "aria-labelledby": `${id}-label`,
    "aria-describedby": `${id}-hint`,
    onClick: onToggle,
  }, [
    h(Icon, { name: icon }),
    h("span", { class: "words" }, [
      h("span", { id: `${id}-label` }, label),
      h("small", { id: `${id}-hint` }, hint),
    ]),
    h("i", { class: "knob" }),
  ]);
}
