// A room that behaves as docs/reference/signalling.md says, as far as the pages can tell. Media comes from a browser page
// (peer.html) that answers offers; without it, offers are never answered.

/** A merge patch (RFC 7396) that turns `before` into `after`, or undefined when they are equal. */
export function difference(before, after) {
  const plain = value => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!plain(before) || !plain(after)) return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  const patch = {};
  for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null;
  for (const key of Object.keys(after)) {
    const changed = key in before ? difference(before[key], after[key]) : after[key];
    if (changed !== undefined) patch[key] = changed;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

const WATCHES = ["watch", "join", "chat"];
const TAKES_PART = [...WATCHES, "speak", "show_camera", "share_screen"];
const MAY = {
  viewer: WATCHES,
  guest: TAKES_PART,
  moderator: [...TAKES_PART, "invite", "moderate"],
  host: [...TAKES_PART, "invite", "moderate", "produce", "broadcast", "record", "administer"],
};

export class Room {
  constructor(id, name, broadcast, answer, changed) {
    Object.assign(this, { id, name, broadcast, answer, changed });
    this.live = null;
    this.participants = {};
    this.seats = new Map();
    this.speaker = null;
    /** By `<participant> <source>`: why it is paused, or null. */
    this.paused = {};
    this.count = 0;
    this.locked = false;
    this.hands = 0;
    /** Who waits, was removed or was banned: `{ id, name, why }`, and for who waits the way to tell them. */
    this.outside = [];
  }

  /** One connection of a browser. */
  connect(role, send, close) {
    const seat = { role, send, close, seq: 0, id: null, slots: {}, view: null, told: null };
    return {
      message: message => this.#message(seat, message),
      closed: () => {
        if (this.seats.get(seat.id) !== seat) return;
        this.participants[seat.id].connection = "lost";
        this.tell();
      },
    };
  }

  /** Somebody who waits to be let in. */
  wait(send, close) {
    let one = null;
    const gone = () => {
      this.outside = this.outside.filter(other => other !== one);
      this.tell();
    };
    return {
      message: ({ id, name }) => {
        this.count += 1;
        one = { id: `w${String(this.count).padStart(15, "0")}`, name, why: "waits", send, close };
        this.outside.push(one);
        send({ re: id, ok: { room: { name: this.name, live: this.live !== null } } });
        this.tell();
      },
      closed: gone,
    };
  }

  /** Somebody who is there without a browser of their own, for looks. */
  add(id, participant) {
    this.participants[id] = {
      kind: "person",
      role: "guest",
      microphone: true,
      camera: true,
      on_air: "no",
      connection: "connected",
      stand_in: false,
      screen: false,
      speaking: false,
      quality: "good",
      ...participant,
    };
    this.tell();
  }

  /** Changes somebody, or what the room says about itself. */
  change({ id, participant, speaker, paused, outside, room }) {
    if (id) Object.assign(this.participants[id], participant);
    if (outside) this.outside = outside;
    Object.assign(this, room);
    if (speaker !== undefined) this.speaker = speaker;
    if (paused) Object.assign(this.paused, paused);
    this.tell();
  }

  /** Cuts every connection, as a network would. */
  cut() {
    for (const seat of this.seats.values()) seat.close();
  }

  bye(reason) {
    for (const seat of this.seats.values()) this.#event(seat, { event: "bye", reason });
  }

  tell() {
    for (const seat of this.seats.values()) {
      this.#bind(seat);
      const state = structuredClone(this.#stateFor(seat));
      if (!seat.told) this.#event(seat, { event: "snapshot", state });
      else {
        const patch = difference(seat.told, state);
        if (patch) this.#event(seat, { event: "patch", patch });
      }
      seat.told = state;
    }
    this.changed();
  }

  #event(seat, event) {
    seat.seq += 1;
    seat.send({ seq: seat.seq, ...event });
  }

  #stateFor(seat) {
    const others = Object.keys(this.participants).length - 1;
    const shown = seat.view?.shown.length ?? others;
    return {
      room: {
        id: this.id,
        name: this.name,
        broadcast: this.broadcast,
        locked: this.locked,
        host_next: this.hostNext ?? null,
        acting: this.acting ?? null,
        ...(this.live && { live: this.live }),
      },
      you: seat.id,
      may: MAY[this.participants[seat.id]?.role ?? seat.role],
      stopped: seat.stopped ?? [],
      outside: ["host", "moderator"].includes(this.participants[seat.id]?.role)
        ? this.outside.map(({ id, name, why }) => ({ id, name, why }))
        : [],
      participants: this.participants,
      slots: seat.slots,
      slots_wanted: { audio: Math.min(8, Math.max(2, others)), video: Math.min(25, Math.max(2, shown)) },
      speaker: this.speaker,
      send: { camera: others > 0 ? 3 : 0, screen: 2, video_codec: "h264" },
    };
  }

  #bind(seat) {
    seat.slots = {};
    const free = kind => (seat.mids ?? []).filter(slot => slot.kind === kind).map(slot => slot.mid);
    const others = Object.keys(this.participants).filter(id => id !== seat.id);
    const sounds = free("audio");
    for (const participant of others.slice(0, 8)) {
      if (sounds.length > 0) seat.slots[sounds.shift()] = { participant, kind: "audio", source: "microphone" };
    }
    const pictures = free("video");
    const seen =
      seat.view?.shown ?? others.slice(0, 9).map(participant => ({ participant, source: "camera", height: 180 }));
    for (const { participant, source, height } of seen) {
      const who = this.participants[participant];
      if (!who?.[source] || pictures.length === 0) continue;
      const paused = this.paused[`${participant} ${source}`];
      const layer = height > 400 ? 2 : height > 200 ? 1 : 0;
      seat.slots[pictures.shift()] = { participant, kind: "video", source, ...(paused ? { paused } : { layer }) };
    }
  }

  async #message(seat, { id, op, ...fields }) {
    const ok = (value = {}) => seat.send({ re: id, ok: value });
    const me = this.participants[seat.id];
    switch (op) {
      case "join": {
        const old = fields.resume && this.participants[fields.resume] ? fields.resume : null;
        this.count += 1;
        seat.id = old ?? `p${String(this.count).padStart(15, "0")}`;
        this.participants[seat.id] = {
          ...{
            kind: "person",
            role: seat.role,
            microphone: false,
            camera: false,
            on_air: this.live ? "asked" : "no",
            stand_in: false,
            screen: false,
            speaking: false,
            quality: "good",
          },
          ...this.participants[seat.id],
          name: fields.name,
          connection: "connecting",
        };
        this.seats.set(seat.id, seat);
        ok({ participant: seat.id, resume: seat.id });
        seat.fresh = true;
        return this.tell();
      }
      case "offer": {
        const { sdp, slots } = await this.answer(seat.id, seat.fresh, fields.sdp);
        seat.fresh = false;
        seat.mids = slots;
        ok({ sdp });
        this.participants[seat.id].connection = "connected";
        this.participants[seat.id].screen = Object.values(fields.sources ?? {}).includes("screen");
        return this.tell();
      }
      case "state":
        Object.assign(me, { microphone: fields.microphone, camera: fields.camera });
        break;
      case "view":
        seat.view = { shown: fields.shown, front: fields.front };
        break;
      case "stats":
        return ok({
          estimate: 2_400_000 + 600_000 * Math.sin(Date.now() / 5_000),
          round_trip: 0.031,
          loss: 0.01,
          received_loss: 0.002,
          received_bitrate: 1_900_000,
          sent_bitrate: 2_100_000,
          events: [
            { at: new Date(Date.now() - 200_000).toISOString(), code: "layer_down", participant: this.speaker },
            { at: new Date(Date.now() - 190_000).toISOString(), code: "loss_high" },
          ],
        });
      case "consent":
        me.on_air = fields.on_air ? "yes" : "no";
        me.recorded = fields.on_air && fields.recorded ? "yes" : "no";
        me.separately = me.recorded === "yes" && fields.separately ? "yes" : "no";
        break;
      case "go_live":
        this.live = { since: new Date().toISOString(), title: fields.title ?? this.name, viewers: 3 };
        if (fields.record) Object.assign(this.live, { recording: "on", separately: fields.separately ?? false });
        for (const who of Object.values(this.participants)) {
          who.on_air = who.kind === "box" ? "yes" : "asked";
          who.recorded = fields.record ? who.on_air : "no";
          who.separately = fields.record && fields.separately ? who.on_air : "no";
        }
        ok({ broadcast: this.broadcast });
        return this.tell();
      case "end_live":
        this.live = null;
        for (const who of Object.values(this.participants)) who.on_air = "no";
        break;
      case "box":
        if (fields.in_call === true)
          this.add("b000000000000000", {
            name: "Living room TV",
            kind: "box",
            role: "host",
            stand_in: true,
            on_air: this.live ? "yes" : "no",
          });
        if (fields.in_call === false) delete this.participants.b000000000000000;
        for (const key of ["microphone", "camera"]) {
          if (key in fields) this.participants.b000000000000000[key] = fields[key];
        }
        if ("on_air" in fields) this.participants.b000000000000000.on_air = fields.on_air ? "yes" : "no";
        break;
      case "hand":
        this.hands += 1;
        me.hand = fields.up ? this.hands : null;
        break;
      case "lock":
        this.locked = fields.on;
        break;
      case "let_in":
      case "refuse": {
        const one = this.outside.find(other => other.id === fields.participant);
        this.outside = this.outside.filter(other => other !== one);
        this.letIn ||= op === "let_in";
        one?.send?.({ seq: 1, ...(op === "let_in" ? { event: "let_in" } : { event: "bye", reason: "refused" }) });
        break;
      }
      case "mute":
      case "stop_camera": {
        const what = op === "mute" ? "microphone" : "camera";
        const other = this.seats.get(fields.participant);
        if (other) other.stopped = [...(other.stopped ?? []), what];
        this.participants[fields.participant][what] = false;
        break;
      }
      case "lower_hand":
        this.participants[fields.participant].hand = null;
        break;
      case "stage":
        this.participants[fields.participant].role = fields.on ? "guest" : "viewer";
        break;
      case "moderator":
        this.participants[fields.participant].role = fields.on ? "moderator" : "guest";
        break;
      case "hand_over":
        this.hostNext = this.hostNext === fields.participant ? null : fields.participant;
        break;
      case "remove":
      case "ban": {
        const { name } = this.participants[fields.participant];
        const why = op === "ban" ? "banned" : "removed";
        this.outside.push({ id: fields.participant, name, why });
        const other = this.seats.get(fields.participant);
        if (other) this.#event(other, { event: "bye", reason: op === "ban" ? why : "removed_by_moderator" });
        this.seats.delete(fields.participant);
        delete this.participants[fields.participant];
        break;
      }
      case "leave":
        delete this.participants[seat.id];
        this.seats.delete(seat.id);
        break;
      default:
        return seat.send({ re: id, problem: { type: "unknown-op", title: "There is no such request." } });
    }
    ok();
    this.tell();
  }
}
