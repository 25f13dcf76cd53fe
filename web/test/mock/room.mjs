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

export class Room {
  constructor(id, name, broadcast, answer, changed) {
    Object.assign(this, { id, name, broadcast, answer, changed });
    this.live = null;
    this.participants = {};
    this.seats = new Map();
    this.count = 0;
  }

  /** One connection of a browser. */
  connect(role, send, close) {
    const seat = { role, send, close, seq: 0, id: null, slots: {}, wanted: { audio: 2, video: 2 }, told: null };
    return {
      message: message => this.#message(seat, message),
      closed: () => {
        if (this.seats.get(seat.id) !== seat) return;
        this.participants[seat.id].connection = "lost";
        this.tell();
      },
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
      ...participant,
    };
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
    return {
      room: { id: this.id, name: this.name, broadcast: this.broadcast, ...(this.live && { live: this.live }) },
      you: seat.id,
      may:
        seat.role === "host"
          ? ["join", "speak", "show_camera", "invite", "broadcast"]
          : ["join", "speak", "show_camera"],
      participants: this.participants,
      slots: seat.slots,
      slots_wanted: { audio: Math.max(2, others), video: Math.max(2, others) },
    };
  }

  #bind(seat) {
    seat.slots = {};
    for (const kind of ["audio", "video"]) {
      const free = (seat.mids ?? []).filter(slot => slot.kind === kind).map(slot => slot.mid);
      for (const participant of Object.keys(this.participants)) {
        if (participant === seat.id || free.length === 0) continue;
        seat.slots[free.shift()] = { participant, kind };
      }
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
        return this.tell();
      }
      case "state":
        Object.assign(me, { microphone: fields.microphone, camera: fields.camera });
        break;
      case "consent":
        me.on_air = fields.on_air ? "yes" : "no";
        break;
      case "go_live":
        this.live = { since: new Date().toISOString(), title: fields.title ?? this.name, viewers: 3 };
        for (const who of Object.values(this.participants)) who.on_air = who.kind === "box" ? "yes" : "asked";
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
