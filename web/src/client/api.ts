import type {
  Aim,
  BoxScreen,
  Broadcast,
  Camera,
  CameraControl,
  CameraNote,
  CameraPreset,
  CameraTrouble,
  CertificateFailure,
  CertificateSource,
  Certificates,
  ChatMessage,
  ChatSearch,
  Chosen,
  Code,
  ControlGroup,
  Device,
  Encoder,
  GoLive,
  Guest,
  Invite,
  Loudness,
  Loudnesses,
  LowerThird,
  NewInvite,
  NewPush,
  Node,
  PluggedIn,
  Privacy,
  ProgramLayout,
  Push,
  PushChange,
  PushCode,
  PushPreset,
  PushState,
  Reachability,
  Recording,
  RecordingChange,
  RecordingPart,
  Recordings,
  Room as RoomSummary,
  ScreenLayout,
  Session,
  Slate,
  SoundCode,
  SoundTest,
  Studio,
  StudioChange,
  StudioLive,
  StudioPerson,
  Telephone,
  Trust,
  WantedInvite,
  Wishes,
} from "./api-types";
import { Problem } from "./problem";
import type { Statistics } from "./statistics";

export type {
  Aim,
  BoxScreen,
  Broadcast,
  Camera,
  CameraControl,
  CameraNote,
  CameraPreset,
  CameraTrouble,
  CertificateFailure,
  CertificateSource,
  Certificates,
  Chosen,
  Code,
  ControlGroup,
  Device,
  Encoder,
  GoLive,
  Guest,
  Invite,
  Loudness,
  Loudnesses,
  LowerThird,
  NewInvite,
  NewPush,
  Node,
  PluggedIn,
  Privacy,
  ProgramLayout,
  Push,
  PushChange,
  PushCode,
  PushPreset,
  PushState,
  Reachability,
  Recording,
  RecordingChange,
  RecordingPart,
  Recordings,
  RoomSummary,
  ScreenLayout,
  Session,
  Slate,
  SoundCode,
  SoundTest,
  Studio,
  StudioChange,
  StudioLive,
  StudioPerson,
  Telephone,
  Trust,
  WantedInvite,
  Wishes,
};

/** Milliseconds before a request is given up. */
const PATIENCE = 10_000;

/** The HTTP API of one box, as in docs/reference/http.md. Every method throws a {@link Problem} when it fails. */
export class Api {
  /** @param base the box's address without a slash at the end; by default the page's own */
  constructor(readonly base = "") {}

  session(): Promise<Session> {
    return this.#json("GET", "/session");
  }

  /** Signs in by the owner's one-time token. */
  signInAsOwner(token: string): Promise<Session> {
    return this.#json("POST", "/session", { owner: token });
  }

  /** Signs in by an invite. */
  signInByInvite(token: string, name: string): Promise<Session> {
    return this.#json("POST", "/session", { invite: token, name });
  }

  /** Looks through what was written, for those who keep order. */
  searchChat(room: string, search: ChatSearch): Promise<ChatMessage[]> {
    return this.#json("POST", `/rooms/${encodeURIComponent(room)}/chat/search`, search);
  }

  /** With a name and nothing else, to be known by it where what is public is written. */
  signInByName(name: string): Promise<Session> {
    return this.#json("POST", "/session", { name });
  }

  async signOut(): Promise<void> {
    await this.#send("DELETE", "/session");
  }

  /** Takes an invite on a page of another site. No cookie is set: the token is the page's to keep and to give back. */
  enter(invite: string, name: string): Promise<Guest> {
    return this.#json("POST", "/guest", { invite, name });
  }

  /** The guest with this token; fails with status 401 when there is none any more. */
  guest(token: string): Promise<Session> {
    return this.#json("GET", "/guest", undefined, token);
  }

  /** Gives a guest's token back: they leave the room. It is sent even when the page goes away. */
  async leave(token: string): Promise<void> {
    await this.#send("DELETE", "/guest", undefined, token);
  }

  node(): Promise<Node> {
    return this.#json("GET", "/node");
  }

  trust(): Promise<Trust> {
    return this.#json("GET", "/trust");
  }

  /** The certificates of the box, and how it goes with an authority outside. For its owner. */
  certificate(): Promise<Certificates> {
    return this.#json("GET", "/certificate");
  }

  /** Has that authority asked now. */
  renewCertificate(): Promise<Certificates> {
    return this.#json("POST", "/certificate/renew");
  }

  rooms(): Promise<RoomSummary[]> {
    return this.#json("GET", "/rooms");
  }

  room(room: string): Promise<RoomSummary> {
    return this.#json("GET", `/rooms/${encodeURIComponent(room)}`);
  }

  createRoom(name: string): Promise<RoomSummary> {
    return this.#json("POST", "/rooms", { name });
  }

  async closeRoom(room: string): Promise<void> {
    await this.#send("DELETE", `/rooms/${encodeURIComponent(room)}`);
  }

  invites(room: string): Promise<Invite[]> {
    return this.#json("GET", `/rooms/${encodeURIComponent(room)}/invites`);
  }

  createInvite(room: string, wanted: WantedInvite): Promise<NewInvite> {
    return this.#json("POST", `/rooms/${encodeURIComponent(room)}/invites`, wanted);
  }

  async revokeInvite(room: string, invite: string): Promise<void> {
    await this.#send("DELETE", `/rooms/${encodeURIComponent(room)}/invites/${encodeURIComponent(invite)}`);
  }

  /** A photograph of the box's screen, as JPEG. Everybody in the room is told. */
  async still(room: string): Promise<Blob> {
    return (await this.#send("GET", `/rooms/${encodeURIComponent(room)}/still`)).blob();
  }

  /** Whether camera and microphone of the box are closed. For its owner, as all that follows. */
  privacy(): Promise<Privacy> {
    return this.#json("GET", "/privacy");
  }

  /** Closes camera and microphone of the box. */
  closeForPrivacy(): Promise<Privacy> {
    return this.#json("POST", "/privacy");
  }

  /** Has the box's screen show the code that opens them again. */
  async askPrivacyCode(): Promise<void> {
    await this.#send("POST", "/privacy/code");
  }

  /** Opens them by the code that the box's screen shows. */
  endPrivacy(code: string): Promise<Privacy> {
    return this.#json("POST", "/privacy/open", { code });
  }

  telephone(): Promise<Telephone> {
    return this.#json("GET", "/telephone");
  }

  /** Tells how the telephone is, now and whenever it changes, until the signal is aborted. */
  followTelephone(told: (telephone: Telephone) => void, off: AbortSignal): void {
    const events = new EventSource(`${this.base}/api/v1/telephone/events`);
    events.addEventListener("state", ({ data }) => told(JSON.parse(data)));
    off.addEventListener("abort", () => events.close());
  }

  async answerCall(): Promise<void> {
    await this.#send("POST", "/telephone/answer");
  }

  async declineCall(): Promise<void> {
    await this.#send("POST", "/telephone/decline");
  }

  async hangUp(): Promise<void> {
    await this.#send("POST", "/telephone/hang-up");
  }

  chooseTelephone(chosen: Chosen): Promise<Telephone> {
    return this.#json("PUT", "/telephone/settings", chosen);
  }

  async forgetCalls(): Promise<void> {
    await this.#send("DELETE", "/telephone/calls");
  }

  /** Has the box try how it is reached, which takes some seconds. For its owner. */
  reachability(): Promise<Reachability> {
    return this.#json("POST", "/reachability");
  }

  /** What is plugged in, what of it is used, and what to do. For the owner. */
  devices(): Promise<PluggedIn> {
    return this.#json("GET", "/devices");
  }

  /** The box's camera, and what can be adjusted on it. For its owner. */
  camera(): Promise<Camera> {
    return this.#json("GET", "/camera");
  }

  /** Sets a control of the camera, and gives all of them: setting one may free or bind others. */
  setCameraControl(id: number, value: number): Promise<CameraControl[]> {
    return this.#json("PATCH", "/camera/controls", { id, value });
  }

  /** Sets all controls as in a fresh camera. */
  resetCamera(): Promise<CameraControl[]> {
    return this.#json("DELETE", "/camera/controls");
  }

  /** Shows another part of the camera's picture. */
  async aimCamera(aim: Aim): Promise<void> {
    await this.#send("PUT", "/camera/aim", aim);
  }

  /** Gives the part that is shown now a name. */
  keepCameraPreset(name: string): Promise<CameraPreset[]> {
    return this.#json("PUT", `/camera/presets/${encodeURIComponent(name)}`);
  }

  forgetCameraPreset(name: string): Promise<CameraPreset[]> {
    return this.#json("DELETE", `/camera/presets/${encodeURIComponent(name)}`);
  }

  /** What was recorded, the newest first. For the box's owner. */
  recordings(): Promise<Recordings> {
    return this.#json("GET", "/recordings");
  }

  changeRecording(id: string, change: RecordingChange): Promise<Recording> {
    return this.#json("PATCH", `/recordings/${id}`, change);
  }

  /** Deletes it: for ten minutes it can be had back. */
  async deleteRecording(id: string): Promise<void> {
    await this.#send("DELETE", `/recordings/${id}`);
  }

  restoreRecording(id: string): Promise<Recording> {
    return this.#json("POST", `/recordings/${id}/restore`);
  }

  /** Makes a part of it a recording of its own, which is being copied then. */
  trimRecording(id: string, part: RecordingPart): Promise<Recording> {
    return this.#json("POST", `/recordings/${id}/trim`, part);
  }

  /** Where its video is. */
  recordingVideo(id: string): string {
    return `${this.base}/api/v1/recordings/${id}/video`;
  }

  /** The services that a room's broadcast is sent to, without their keys. For the owner. */
  pushes(room: string): Promise<Push[]> {
    return this.#json("GET", `/rooms/${encodeURIComponent(room)}/pushes`);
  }

  addPush(room: string, wanted: NewPush): Promise<Push> {
    return this.#json("POST", `/rooms/${encodeURIComponent(room)}/pushes`, wanted);
  }

  changePush(room: string, push: string, change: PushChange): Promise<Push> {
    return this.#json("PATCH", `/rooms/${encodeURIComponent(room)}/pushes/${encodeURIComponent(push)}`, change);
  }

  async removePush(room: string, push: string): Promise<void> {
    await this.#send("DELETE", `/rooms/${encodeURIComponent(room)}/pushes/${encodeURIComponent(push)}`);
  }

  /** How a room looks to those who watch, and who is in it. For the owner, as all that follows. */
  studio(room: string): Promise<Studio> {
    return this.#json("GET", `/rooms/${encodeURIComponent(room)}/studio`);
  }

  /** Has a room look another way; what is not given stays. */
  direct(room: string, change: StudioChange): Promise<Studio> {
    return this.#json("PATCH", `/rooms/${encodeURIComponent(room)}/studio`, change);
  }

  /** Puts a room on air; one that is on air gets the title. */
  goLive(room: string, wish: GoLive): Promise<Studio> {
    return this.#json("POST", `/rooms/${encodeURIComponent(room)}/live`, wish);
  }

  async endLive(room: string): Promise<void> {
    await this.#send("DELETE", `/rooms/${encodeURIComponent(room)}/live`);
  }

  /** Where the box's logo is; another number for another one. */
  logo(edition: number): string {
    return `${this.base}/api/v1/logo?${edition}`;
  }

  /** Gives the box a logo, a PNG. */
  async setLogo(png: Blob): Promise<void> {
    await this.#send("PUT", "/logo", new Blob([png], { type: "image/png" }));
  }

  async removeLogo(): Promise<void> {
    await this.#send("DELETE", "/logo");
  }

  /** How the box's screen shows calls. For its owner. */
  screen(): Promise<BoxScreen> {
    return this.#json("GET", "/screen");
  }

  setScreen(layout: ScreenLayout): Promise<BoxScreen> {
    return this.#json("PUT", "/screen", layout);
  }

  /** How loud the box's speaker and microphone are. For its owner. */
  loudness(): Promise<Loudnesses> {
    return this.#json("GET", "/sound");
  }

  /** Makes them louder and quieter; what is not given stays. */
  setLoudness(wishes: Wishes): Promise<Loudnesses> {
    return this.#json("PATCH", "/sound", wishes);
  }

  /** Has the box play something and listen, which takes four seconds. For its owner. */
  testSound(): Promise<SoundTest> {
    return this.#json("POST", "/sound/test");
  }

  /** What the box counts. For its owner. */
  statistics(): Promise<Statistics> {
    return this.#json("GET", "/statistics");
  }

  /** What is on air, and recordings that everybody may watch. */
  broadcasts(): Promise<Broadcast[]> {
    return this.#json("GET", "/broadcasts");
  }

  broadcast(broadcast: string): Promise<Broadcast> {
    return this.#json("GET", `/broadcasts/${encodeURIComponent(broadcast)}`);
  }

  /** Any request of docs/reference/http.md, for the parts of the library that are loaded when they are needed. */
  async call<T = void>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body);
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  async #json<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
    const response = await this.#send(method, path, body, token);
    try {
      return (await response.json()) as T;
    } catch {
      throw new Problem("protocol", "The box's answer could not be read.", response.status);
    }
  }

  async #send(method: string, path: string, body?: unknown, token?: string): Promise<Response> {
    const request: RequestInit = {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    };
    if (body instanceof Blob) {
      request.body = body;
      request.headers = { "content-type": body.type };
    } else if (body !== undefined) {
      request.body = JSON.stringify(body);
      request.headers = { "content-type": "application/json" };
    }
    if (token !== undefined) {
      request.headers = { authorization: `Bearer ${token}` };
      request.keepalive = method === "DELETE";
    }
    let response: Response;
    try {
      response = await fetch(`${this.base}/api/v1${path}`, request);
    } catch (error) {
      const late = error instanceof DOMException && error.name === "TimeoutError";
      throw late
        ? new Problem("timeout", "The box did not answer in time.")
        : new Problem("network", "The box cannot be reached.");
    }
    if (response.ok) return response;
    throw Problem.from(await response.json().catch(() => null), response.status);
  }
}
