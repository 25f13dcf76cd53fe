import type { PorchlightParticipant } from "./participant";
import type { PorchlightPlayer } from "./player";
import type { PorchlightPublisher } from "./publisher";

export interface WatchOptions {
  /** Begins without sound: browsers play that without a click. */
  muted?: boolean;
}

export interface ShowOptions {
  /** Who is shown, by name; without it the box, else somebody with a camera. */
  participant?: string;
  /** What the page is called in the call; by default its host name. */
  name?: string;
  muted?: boolean;
}

export interface PublishOptions {
  /** Where the picture, the on-air sign and the controls go. */
  element: Element | null;
  /** What the person is called in the call; by default the page's host name. */
  name?: string;
  /** `false`: without a camera. */
  camera?: boolean;
  /** `false`: without a microphone. */
  microphone?: boolean;
}

/** Shows a live broadcast in an element, by the address of its watch page. */
export function watch(address: string | URL, element: Element | null, options: WatchOptions = {}): PorchlightPlayer {
  return put("porchlight-player", element, { src: String(address), muted: options.muted ? "" : undefined });
}

/** Shows one participant of a room in an element. The page takes part in the call as a guest, by the invite. */
export function show(invite: string | URL, element: Element | null, options: ShowOptions = {}): PorchlightParticipant {
  const { name, participant, muted } = options;
  return put("porchlight-participant", element, {
    src: String(invite),
    name,
    participant,
    muted: muted ? "" : undefined,
  });
}

/**
 * Joins a room by an invite and sends this page's camera and microphone into it. The browser asks the person first, and
 * whether to go on air is asked in the element.
 */
export function publish(invite: string | URL, options: PublishOptions): PorchlightPublisher {
  const publisher = put("porchlight-publisher", options.element, {
    src: String(invite),
    name: options.name,
    "without-camera": options.camera === false ? "" : undefined,
    "without-microphone": options.microphone === false ? "" : undefined,
  });
  // It begins when it is on the page: after that.
  queueMicrotask(() => void publisher.join());
  return publisher;
}

function put<K extends "porchlight-player" | "porchlight-participant" | "porchlight-publisher">(
  tag: K,
  place: Element | null,
  attributes: Record<string, string | undefined>,
): HTMLElementTagNameMap[K] {
  if (!place) throw new TypeError("Porchlight: the element to show it in is not on this page.");
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  place.append(element);
  return element;
}
