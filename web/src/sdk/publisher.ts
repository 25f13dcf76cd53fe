import type { Phase, RoomEvents } from "../client/room";
import type { RoomState } from "../client/state";
import { capture, close } from "./capture";
import { icon } from "./icons";
import { Seat } from "./seat";
import type { Curtain } from "./stage";

/**
 * `ready`: waits to be pressed, nothing is captured. `asking`: the browser asks for the devices. `connecting`: on the
 * way into the room. `live`: seen and heard in the call. `lost`: the connection is being restored. `left`: over.
 * `ended`: the box ended it. `error`: it says why, and offers to try again.
 */
export type PublisherState = "ready" | "asking" | "connecting" | "live" | "lost" | "left" | "ended" | "error";

/**
 * `<porchlight-publisher src="https://box.example/r/ROOM#invite=…" name="Ada">`: this page's camera and microphone, sent
 * into a room. Nothing is captured before somebody presses its button, or the page calls {@link join}.
 */
export class PorchlightPublisher extends Seat<PublisherState> {
  static observedAttributes = ["src", "name"];
  #camera: MediaStreamTrack | null = null;
  #microphone: MediaStreamTrack | null = null;
  #state: RoomState | null = null;
  #phase: Phase = "joining";
  #attempt = 0;
  #made = this.#makeTools();

  /** Whether the microphone is muted. */
  get muted(): boolean {
    return this.#microphone?.enabled === false;
  }

  /** Whether others outside the call see and hear this: `asked` waits for a yes or no. */
  get onAirState(): "no" | "asked" | "yes" {
    const me = this.#state?.participants[this.#state.you];
    return (this.#state?.room.live && me?.on_air) || "no";
  }

  /** Asks for camera and microphone and joins. `without-camera` and `without-microphone` leave one out. */
  async join(): Promise<void> {
    this.end();
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.show("asking", { title: this.text("asking") });
    const wanted = {
      camera: !this.hasAttribute("without-camera"),
      microphone: !this.hasAttribute("without-microphone"),
    };
    const sent = await capture(wanted);
    if (attempt !== this.#attempt || !this.isConnected) return close(sent);
    if (typeof sent === "string") return this.fail("failed", this.text(sent));
    this.#camera = sent.camera;
    this.#microphone = sent.microphone;
    this.#preview();
    await this.enter(sent);
  }

  /** Leaves the call; camera and microphone are closed. */
  hangUp(): void {
    this.end();
    this.show("left", {
      title: this.text("left"),
      text: this.text("left_text"),
      actions: [this.button("rejoin", () => void this.join(), "primary")],
    });
  }

  /** Mutes or unmutes the microphone. */
  mute(muted: boolean): void {
    if (!this.#microphone) return;
    this.#microphone.enabled = !muted;
    void this.room?.setMicrophone(this.#microphone, !muted);
    this.#look();
  }

  /** Closes or opens the camera; closed, its lamp is dark. */
  async setCamera(on: boolean): Promise<void> {
    if (on === (this.#camera !== null)) return;
    const attempt = this.#attempt;
    if (on) {
      const sent = await capture({ camera: true, microphone: false });
      if (attempt !== this.#attempt || this.#camera) return close(sent);
      if (typeof sent === "string") return console.warn(this.text(sent));
      this.#camera = sent.camera;
    } else {
      this.#camera?.stop();
      this.#camera = null;
    }
    await this.room?.setCamera(this.#camera);
    this.#preview();
    this.#look();
  }

  /** Yes or no to being seen by everybody who watches the broadcast. It is the person's to say, not the page's. */
  async consent(onAir: boolean): Promise<void> {
    await this.room?.consent(onAir);
  }

  protected override begin(): void {
    this.label(this.text("you"));
    this.onAir(false);
    this.#made = this.#makeTools();
    this.bar.hidden = true;
    this.video.muted = true;
    this.video.classList.add("mirrored");
    this.show("ready", {
      title: this.text("join_text"),
      actions: [this.button("join", () => void this.join(), "primary")],
    });
  }

  /** Joins, or joins again. */
  override restart(): void {
    void this.join();
  }

  protected override end(): void {
    this.leave();
    this.left();
  }

  protected override left(): void {
    this.#attempt += 1;
    this.#camera?.stop();
    this.#microphone?.stop();
    this.#camera = null;
    this.#microphone = null;
    this.#state = null;
    this.#phase = "joining";
    this.video.srcObject = null;
    this.bar.hidden = true;
    this.onAir(false);
    this.ask(null);
  }

  protected override pressed(key: string): void {
    if (key === "m") this.mute(!this.muted);
    if (key === "v") this.#toggleCamera();
  }

  protected override events(): RoomEvents {
    return {
      state: state => {
        this.#state = state;
        // Nobody else is seen here.
        this.room?.setView({ shown: [], front: null });
        this.#look();
      },
      phase: phase => {
        this.#phase = phase;
        this.#look();
      },
      stopped: sources => {
        if (sources.includes("microphone")) this.mute(true);
        if (sources.includes("camera")) void this.setCamera(false);
      },
    };
  }

  #toggleCamera(): void {
    void this.setCamera(this.#camera === null);
  }

  #preview(): void {
    this.video.srcObject = this.#camera && new MediaStream([this.#camera]);
    // Refused only while the page is hidden; `autoplay` tries again.
    if (this.#camera) this.video.play().catch(() => {});
  }

  #look(): void {
    if (!this.room || this.#phase === "left" || this.#phase === "joining") return;
    const air = this.onAirState;
    this.onAir(air === "yes");
    this.#tools(air);
    this.show(...this.#now(air));
  }

  #now(air: "no" | "asked" | "yes"): [PublisherState, Curtain | null] {
    if (this.#phase === "reconnecting") return ["lost", { title: this.text("lost"), veil: true }];
    if (air !== "asked") return ["live", this.#camera ? null : { title: this.text("camera_off") }];
    const yes = this.button("yes", () => void this.consent(true), "primary");
    const no = this.button("no", () => void this.consent(false));
    return ["live", { title: this.text("consent"), text: this.text("consent_text"), actions: [yes, no], veil: true }];
  }

  #tools(air: "no" | "asked" | "yes"): void {
    const { mute, camera, consent } = this.#made;
    mute.setAttribute("aria-pressed", String(this.muted));
    mute.replaceChildren(icon(this.muted || !this.#microphone ? "microphone-off" : "microphone"));
    mute.disabled = this.#microphone === null;
    camera.setAttribute("aria-pressed", String(this.#camera === null));
    camera.replaceChildren(icon(this.#camera ? "camera" : "camera-off"));
    consent.hidden = !this.#state?.room.live || air === "asked";
    consent.textContent = this.text(air === "yes" ? "withdraw" : "go_on_air");
    // The question has the picture to itself.
    this.bar.hidden = air === "asked";
  }

  #makeTools() {
    const grow = document.createElement("span");
    grow.className = "grow";
    const mute = this.tool("mute", "microphone", () => this.mute(!this.muted));
    const camera = this.tool("camera_off", "camera", () => this.#toggleCamera());
    const consent = this.button("go_on_air", () => void this.consent(this.onAirState !== "yes"));
    const leave = this.tool("leave", "leave", () => this.hangUp());
    this.bar.replaceChildren(mute, camera, grow, consent, leave);
    return { mute, camera, consent };
  }
}
