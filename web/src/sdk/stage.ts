import { type IconName, icon } from "./icons";
import { style } from "./style";
import { type Key, type Language, languageAround, text } from "./texts";

/** What stands over the picture, or in its place. */
export interface Curtain {
  title: string;
  text?: string;
  actions?: HTMLElement[];
  /** The picture is seen through it. */
  veil?: boolean;
}

// Servers that render pages have no elements; there the classes are never made.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** What the elements share: a picture, a curtain, a sign, a row of controls, a state, and texts in the page's language. */
export abstract class Stage<State extends string> extends Base {
  protected readonly video: HTMLVideoElement;
  readonly #group: HTMLElement;
  readonly #curtain: HTMLElement;
  readonly #status: HTMLElement;
  readonly #actions: HTMLElement;
  readonly #middle: HTMLElement;
  readonly #sign: HTMLElement;
  protected readonly bar: HTMLElement;
  #language: Language = "en";
  #state: State | "idle" = "idle";
  #running = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    dress(root);
    this.video = make("video", "video");
    this.video.playsInline = true;
    this.video.autoplay = true;
    this.#status = make("div");
    this.#status.setAttribute("role", "status");
    this.#actions = make("div");
    this.#actions.className = "row";
    this.#curtain = make("div", "curtain", this.#status, this.#actions);
    this.#middle = make("div");
    this.#middle.className = "middle";
    this.#sign = make("div", "sign");
    this.#sign.className = "sign";
    this.bar = make("div", "controls");
    this.bar.className = "bar";
    this.#group = make("div", "", this.video, this.#curtain, this.#middle, this.#sign, this.bar);
    this.#group.setAttribute("role", "group");
    this.#group.addEventListener("keydown", event => {
      if (!event.ctrlKey && !event.altKey && !event.metaKey) this.pressed(event.key.toLowerCase());
    });
    root.append(this.#group);
  }

  connectedCallback(): void {
    // What is moved within a page goes out and in again at once: that is no new beginning.
    queueMicrotask(() => {
      if (!this.isConnected || this.#running) return;
      this.#running = true;
      this.#language = languageAround(this);
      this.begin();
    });
  }

  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (this.isConnected || !this.#running) return;
      this.#running = false;
      this.end();
    });
  }

  attributeChangedCallback(): void {
    if (this.#running) this.anew();
  }

  /** What is going on; `idle` before it begins. Each change is a `statechange` event. */
  get state(): State | "idle" {
    return this.#state;
  }

  /** Tries again, or starts over. */
  restart(): void {
    this.anew();
  }

  protected anew(): void {
    this.end();
    this.#language = languageAround(this);
    this.begin();
  }

  protected abstract begin(): void;
  protected abstract end(): void;
  /** A key, while the focus is in the element. */
  protected abstract pressed(key: string): void;

  protected text(key: Key, words: Record<string, string> = {}): string {
    return text(this.#language, key, words);
  }

  /** Says and shows what is going on. Without a curtain the picture is seen. */
  protected show(state: State, curtain: Curtain | null): void {
    this.video.classList.toggle("dark", curtain !== null && !curtain.veil);
    this.#curtain.className = `curtain${curtain?.veil ? " veil" : ""}`;
    this.#curtain.style.pointerEvents = curtain ? "" : "none";
    const lines = curtain ? [line("title", curtain.title), ...(curtain.text ? [line("text", curtain.text)] : [])] : [];
    replace(this.#status, lines);
    replace(this.#actions, curtain?.actions ?? []);
    if (state === this.#state) return;
    this.#state = state;
    this.setAttribute("state", state);
    this.dispatchEvent(new CustomEvent("statechange", { detail: { state }, bubbles: true, composed: true }));
  }

  /** One thing to press in the middle of the picture, or nothing. */
  protected ask(button: HTMLElement | null): void {
    replace(this.#middle, button ? [button] : []);
  }

  /** The on-air sign. */
  protected onAir(lit: boolean): void {
    this.#sign.textContent = lit ? this.text("on_air") : "";
    this.#sign.hidden = !lit;
  }

  /** What screen readers call the picture. */
  protected label(label: string): void {
    this.#group.setAttribute("aria-label", label);
    this.video.setAttribute("aria-label", label);
  }

  protected button(key: Key, pressed: () => void, kind: "primary" | "" = ""): HTMLButtonElement {
    const button = make("button", "button");
    button.type = "button";
    button.className = kind;
    button.textContent = this.text(key);
    button.addEventListener("click", pressed);
    return button;
  }

  /** A button that is only a picture, for the row of controls. */
  protected tool(key: Key, name: IconName, pressed: () => void): HTMLButtonElement {
    const button = this.button(key, pressed);
    button.className = "square";
    button.setAttribute("aria-label", this.text(key));
    button.title = this.text(key);
    button.replaceChildren(icon(name));
    return button;
  }

  protected toggleFullscreen(): void {
    const video = this.video as HTMLVideoElement & { webkitEnterFullscreen?(): void };
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (this.requestFullscreen) this.requestFullscreen().catch(() => {});
    // iPhones show only the video itself in full.
    else video.webkitEnterFullscreen?.();
  }

  /** The controls of something that is watched: sound, full screen. */
  protected watchingTools(): void {
    const sound = this.tool("mute", "sound", () => this.toggleSound());
    const grow = make("span");
    grow.className = "grow";
    const look = () => {
      sound.setAttribute("aria-pressed", String(this.video.muted));
      sound.replaceChildren(icon(this.video.muted ? "muted" : "sound"));
    };
    this.video.onvolumechange = look;
    look();
    this.bar.replaceChildren(
      sound,
      grow,
      this.tool("fullscreen", "fullscreen", () => this.toggleFullscreen()),
    );
  }

  protected toggleSound(): void {
    this.video.muted = !this.video.muted;
  }
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, part = "", ...children: Node[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (part) element.setAttribute("part", part);
  element.append(...children);
  return element;
}

/** What says the same stays: it is not read out again, and keeps the focus. */
function replace(parent: HTMLElement, children: HTMLElement[]): void {
  const now = [...parent.children];
  const same = now.length === children.length && now.every((old, n) => old.textContent === children[n]?.textContent);
  if (!same) parent.replaceChildren(...children);
}

function line(part: string, words: string): HTMLElement {
  const line = make("p", part);
  line.className = part;
  line.textContent = words;
  return line;
}

/** Styles as an object where browsers have it: a page's own rules about inline styles do not concern it. */
function dress(root: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const element = make("style");
    element.textContent = style;
    root.append(element);
  }
}
