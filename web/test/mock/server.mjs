// A box for looking at the pages without one: serves dist/ and a make-believe API. `npm run mock [port] [folder]`,
// then open the printed address. Sign in with `/#owner=good`; the invite token `good` works as well, and `lobby` has one wait to be
// let in; all others fail.
// The folder has `index.m3u8` and its media, and `video.mp4`, which all recordings are. `POST /mock` with `{"op": …}` changes the world: see `OPS`.

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { CERTIFICATES, PRIVACY, REACHABILITY, SOUND_TEST, STUDIO, TELEPHONE, UPDATE } from "./answers.mjs";
import { MockChat } from "./chat.mjs";
import { accept } from "./frames.mjs";
import { Recordings, ranged } from "./recordings.mjs";
import { Room } from "./room.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "../../dist");
const [port = "0", hls = ""] = process.argv.slice(2);
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".mp4": "video/mp4",
  ".m4s": "video/mp4",
};
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
  "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'";

let peer = null;
const questions = new Map();
const answer = (seat, fresh, sdp) =>
  new Promise(resolve => {
    const n = questions.size + 1;
    questions.set(n, resolve);
    peer?.send({ n, seat, fresh, sdp });
  });

const watchers = new Set();
const chats = new Map();
const rooms = new Map();
function addRoom(id, name) {
  const room = new Room(id, name, `b${id.slice(1)}`, answer, () => {
    for (const { broadcast, response } of watchers) if (broadcast === room.broadcast) event(response, room);
  });
  rooms.set(id, room);
  return room;
}
addRoom("r000000000000001", "Living room");
addRoom("r000000000000002", "Grandma's kitchen table on Sundays");

const summary = room => ({
  id: room.id,
  name: room.name,
  people: Object.keys(room.participants).length,
  broadcast: room.broadcast,
  live: room.live !== null,
});
const broadcast = room => ({
  id: room.broadcast,
  title: room.live?.title ?? room.name,
  live: room.live !== null,
  since: room.live?.since ?? null,
  viewers: room.live?.viewers ?? 0,
  cut: null,
  recorded: null,
  restricted: false,
  media: room.broadcast,
});
const told = (response, what) => response.write(`event: state\ndata: ${JSON.stringify(what)}\n\n`);
const event = (response, room) => told(response, broadcast(room));

const recordings = new Recordings(id => {
  const shown = recordings.published().find(one => one.id === id);
  for (const { broadcast, response } of watchers) {
    if (broadcast !== id) continue;
    if (shown) told(response, shown);
    else response.end();
  }
});

/** How a room looks to those who watch, as far as it was chosen. */
const directions = new Map();
const studio = room => ({
  name: room.name,
  broadcast: room.broadcast,
  live: room.live && { recording: null, separately: false, ...room.live },
  people: Object.entries(room.participants).map(([id, { name, on_air, camera, screen, speaking }]) => {
    return { id, name, on_air, camera, screen, speaking };
  }),
  ...STUDIO,
  ...directions.get(room.id),
});

let invites = [];
let update = { ...UPDATE };

const OPS = {
  update: change => {
    update = { ...UPDATE, ...change };
  },
  live: ({ room, title }) => {
    rooms.get(room).live = { since: new Date(Date.now() - 754_000).toISOString(), title, viewers: 12 };
    rooms.get(room).tell();
  },
  off: ({ room }) => {
    rooms.get(room).live = null;
    rooms.get(room).tell();
  },
  add: ({ room, id, participant }) => rooms.get(room).add(id, participant),
  clear: ({ room }) => {
    rooms.get(room).participants = {};
    rooms.get(room).seats.clear();
  },
  change: ({ room, ...fields }) => rooms.get(room).change(fields),
  cut: ({ room }) => rooms.get(room).cut(),
  bye: ({ room, reason }) => rooms.get(room).bye(reason),
  empty: () => rooms.clear(),
  full: ({ full }) => {
    recordings.full = full;
  },
};

function roleOf(request) {
  const role = /role=(host|guest|waits)/.exec(request.headers.cookie ?? "")?.[1] ?? "viewer";
  return role === "waits" && [...rooms.values()].some(room => room.letIn) ? "guest" : role;
}

function nameOf(request) {
  const name = /name=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
  return name ? decodeURIComponent(name) : null;
}

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

function json(response, value, status = 200, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

function problem(response, status, type, title) {
  const headers = { "content-type": "application/problem+json" };
  response.writeHead(status, headers).end(JSON.stringify({ type, title, status }));
}

async function file(response, path, headers = {}) {
  try {
    if (!(await stat(path)).isFile()) throw new Error("not a file");
  } catch {
    return problem(response, 404, "not-found", "There is nothing at this address.");
  }
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", ...headers });
  createReadStream(path).pipe(response);
}

/** A dusk, and for an earlier moment how far back that is. */
function thumbnail(response, behind) {
  const text = behind === null ? "" : `<text x="160" y="110" font-size="60" text-anchor="middle">${behind}</text>`;
  const ground = '<rect width="320" height="180" fill="#49617f"/><circle cx="160" cy="130" r="70" fill="#d9a066"/>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180">${ground}${text}</svg>`;
  response.writeHead(200, { "content-type": "image/svg+xml" }).end(svg);
}

const session = role => ({
  role,
  name: null,
  room: role === "guest" ? "r000000000000001" : null,
  identity: role === "host" ? "i000000000000001" : null,
  owner: role === "host",
});
const DEVICES = {
  camera: { name: "Moving pattern", stand_in: true },
  microphone: { name: "USB Conference Microphone", stand_in: false },
  speaker: { name: "HDMI-A-1, MAI PCM", stand_in: false },
  screen: { name: "HDMI-A-1, 1920 × 1080", stand_in: false },
  echo: "box",
  heat: "normal",
  encoder: { name: "x264enc", pictures_per_second: 140 },
};

/** A webcam whose exposure can be set while its automatic is off. */
const control = (id, word, group, kind, fields) => ({
  id,
  word,
  group,
  kind,
  name: word,
  range: null,
  options: [],
  inactive: false,
  chosen: false,
  ...fields,
  value: fields.default,
});
const option = (value, name) => ({ value, name });
const number = (min, max, step = 1) => ({ min, max, step });
const MODES = [
  [1920, 1080, 30, "mjpeg"],
  [1280, 720, 10, "yuyv"],
  [1280, 720, 30, "mjpeg"],
  [640, 360, 30, "yuyv"],
].map(([width, height, rate, format]) => ({ format, width, height, rate }));
const CAMERA = {
  name: "HD Pro Webcam C920",
  kind: "v4l2",
  open: true,
  stand_in: false,
  mode: MODES[3],
  note: null,
  modes: MODES,
  trouble: null,
  aim: { zoom: 100, pan: 0, tilt: 0 },
  presets: [{ name: "Sofa", aim: { zoom: 180, pan: 40, tilt: -20 } }],
  controls: [
    control(1, "exposure-auto", "exposure", "menu", {
      default: 3,
      options: [option(1, "Manual Mode"), option(3, "Aperture Priority Mode")],
    }),
    control(2, "exposure", "exposure", "integer", { default: 250, range: number(3, 2047), inactive: true }),
    control(3, "power-line", "exposure", "menu", {
      default: 2,
      options: [option(0, "Disabled"), option(1, "50 Hz"), option(2, "60 Hz")],
    }),
    control(4, "focus-auto", "focus", "boolean", { default: 1 }),
    control(5, "focus", "focus", "integer", { default: 0, range: number(0, 250, 5), inactive: true }),
    control(6, "brightness", "picture", "integer", { default: 128, range: number(0, 255) }),
    control(7, null, "other", "boolean", { default: 0, name: "LED1 Mode" }),
  ],
};
const FREES = { 2: [1, 1], 5: [4, 0] };
function adjusted() {
  const value = id => CAMERA.controls.find(one => one.id === id).value;
  for (const one of CAMERA.controls) {
    const [by, off] = FREES[one.id] ?? [];
    one.inactive = by !== undefined && value(by) !== off;
  }
  return CAMERA.controls;
}
async function camera(request, response, method, what, name) {
  if (what === "controls" && method === "DELETE") {
    for (const one of CAMERA.controls) Object.assign(one, { value: one.default, chosen: false });
    return json(response, adjusted());
  }
  if (what === "controls") {
    const { id, value } = await body(request);
    Object.assign(
      CAMERA.controls.find(one => one.id === id),
      { value, chosen: true },
    );
    return json(response, adjusted());
  }
  if (what === "aim") {
    CAMERA.aim = await body(request);
    return response.writeHead(204).end();
  }
  if (what === "presets") {
    CAMERA.presets = CAMERA.presets.filter(preset => preset.name !== name);
    if (method === "PUT") CAMERA.presets.push({ name, aim: CAMERA.aim });
    return json(response, CAMERA.presets);
  }
  return json(response, CAMERA);
}

/** Where else rooms are sent. */
const quiet = { since: null, again: null, error: null, bytes: 0, dropped: 0, restarts: 0, passphrase: false };
let pushes = [
  {
    ...quiet,
    ...{ id: "p1", name: "PeerTube", preset: "peertube", kind: "rtmp", address: "rtmp://video.example.org:1935/live" },
    ...{ key: true, enabled: true, state: "live", since: new Date(Date.now() - 600_000).toISOString(), dropped: 12 },
  },
  {
    ...quiet,
    ...{ id: "p2", name: "Archive", preset: "custom", kind: "srt", address: "srt://archive.example.org:9000" },
    ...{ key: true, passphrase: true, enabled: false, state: "off" },
  },
];
async function push(request, response, method, id) {
  const found = pushes.find(one => one.id === id);
  if (method === "DELETE") {
    pushes = pushes.filter(one => one !== found);
    return response.writeHead(204).end();
  }
  if (method === "GET") return json(response, pushes);
  const { key, passphrase, ...rest } = await body(request);
  const one = found ?? { ...quiet, id: `p${Date.now()}`, state: "waiting", key: false };
  Object.assign(one, rest, { kind: (rest.address ?? one.address).split(":")[0] });
  if (key !== undefined) one.key = key !== null;
  if (passphrase !== undefined) one.passphrase = passphrase !== null;
  if (!found) pushes.push(one);
  return json(response, one, found ? 200 : 201);
}

const loudness = {
  speaker: { percent: 60, muted: false, by: "device" },
  microphone: { percent: 80, muted: false, by: "device" },
};

const begun = Date.now();
/** Numbers of a box that works a little. */
function statistics() {
  const at = Date.now() - begun;
  const wave = 1 + 0.3 * Math.sin(at / 7_000);
  const grown = perSecond => Math.round(perSecond * (at / 1000 + 2 * (1 - Math.cos(at / 7_000))));
  const media = (received, sent, lost) => ({
    round_trip_seconds: 0.0123 * wave,
    received_bytes: grown(received),
    sent_bytes: grown(sent),
    received_packets: grown(received / 900),
    lost_packets: lost,
    reported_loss: 0.004,
    estimate_bits_per_second: 2_400_000,
    freezes: 0,
    picture: { width: 1280, height: 720 },
  });
  const who = (id, name, of) => ({ id, room: "Living room", name, connection: "connected", media: of });
  return {
    at,
    version: "0.1.0",
    process: {
      cpu_seconds: (at * 0.7) / 1000 + 0.5 * wave,
      resident_bytes: 84e6 + 3e6 * wave,
      threads: 31,
      open_files: 58,
      processors: 4,
      memory_bytes: 4e9,
      available_bytes: 3e9,
      celsius: 52 + 4 * wave,
    },
    peers: {
      connecting: 0,
      connected: 3,
      lost: 0,
      received_bytes: grown(420_000),
      sent_bytes: grown(810_000),
      received_packets: grown(500),
      missing_packets: grown(4),
      recovered_packets: grown(3),
      sent_packets: grown(950),
      reported_lost_packets: grown(2),
      retransmitted_packets: grown(2),
      busy_seconds: (at * 0.06) / 1000,
    },
    viewers: { hls: 7, whep: 3 },
    pipelines: {
      camera: { running: 1, in: grown(30), out: grown(30), dropped: 0 },
      "video-encoder": { running: 1, in: grown(30), out: grown(30), dropped: 0 },
      "video-decoder": { running: 2, in: grown(55), out: grown(55), dropped: 0 },
    },
    composition: { running: 1, pictures: grown(30), late_pictures: 0 },
    restarts: { packager: 1 },
    log: { warnings: 3, errors: 1 },
    participants: [
      who("a", "Ada", media(210_000, 405_000, 3)),
      who("b", "Grandmother Bartholomea", media(210_000, 405_000, 12)),
      who("box", "Porchlight", null),
    ],
  };
}

/** A recording, for whoever watches it. */
function watchRecording(request, response, shown, what) {
  if (what === "video") {
    if (recordings.full) return problem(response, 503, "busy", "As many watch recordings as the box can serve.");
    return ranged(request, response, join(hls, "video.mp4"));
  }
  if (what !== "events") return json(response, shown);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const watcher = { broadcast: shown.id, response };
  watchers.add(watcher);
  request.on("close", () => watchers.delete(watcher));
  return told(response, shown);
}

/** The recordings, for the owner. */
async function kept(request, response, method, id, what) {
  if (!id) return json(response, recordings.list());
  if (!recordings.get(id)) return problem(response, 404, "no-recording", "There is no such recording (any more).");
  if (what === "video") return ranged(request, response, join(hls, "video.mp4"));
  if (what === "trim") {
    if (recordings.all.some(one => one.state === "trimming"))
      return problem(response, 409, "recording-trimming", "Another recording is being trimmed.");
    return json(response, recordings.trim(id, await body(request)), 202);
  }
  if (what === "restore") return json(response, recordings.remove(id, false));
  if (method === "PATCH") return json(response, recordings.change(id, await body(request)));
  recordings.remove(id, true);
  return response.writeHead(204).end();
}

async function api(request, response, path, method) {
  const role = roleOf(request);
  const [, what, id, sub, subId] = path.split("/");
  const room = rooms.get(id) ?? [...rooms.values()].find(r => r.broadcast === id);
  if (what === "session" && method === "GET") return json(response, session(role));
  if (what === "session" && method === "DELETE")
    return response.writeHead(204, { "set-cookie": "role=; Max-Age=0; Path=/" }).end();
  if (what === "session" && method === "POST") {
    const { owner, invite, name } = await body(request);
    if (name && !invite) {
      const cookie = `name=${encodeURIComponent(name)}; Path=/; HttpOnly`;
      return json(response, { ...session("viewer"), name }, 200, { "set-cookie": cookie });
    }
    if (owner !== "good" && invite !== "good" && invite !== "lobby")
      return problem(response, 403, "bad-token", "This link does not work any more.");
    const signed = owner ? "host" : invite === "lobby" ? "waits" : "guest";
    return json(response, session(signed), 200, { "set-cookie": `role=${signed}; Path=/; HttpOnly` });
  }
  if (what === "node")
    return json(response, {
      name: "Porch",
      version: "0.1.0",
      owned: true,
      ...(role === "host" && { devices: DEVICES }),
    });
  if (what === "statistics") {
    if (role !== "host") return problem(response, 401, "sign-in", "Open the owner's link to do this.");
    return json(response, statistics());
  }
  if (what === "privacy" && role === "host") return json(response, PRIVACY);
  if (what === "telephone" && role === "host") {
    if (id !== "events") return json(response, TELEPHONE);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    return told(response, TELEPHONE);
  }
  if (what === "sound" && id === "test" && role === "host") {
    await new Promise(resolve => setTimeout(resolve, 3_000));
    return json(response, SOUND_TEST);
  }
  if (what === "sound" && role === "host") {
    const wishes = method === "PATCH" ? await body(request) : {};
    for (const side of Object.keys(loudness)) Object.assign(loudness[side], wishes[side]);
    return json(response, loudness);
  }
  if (what === "update") {
    if (role !== "host")
      return problem(response, 401, "sign-in", "Open your invite link, or the owner's link, to do this.");
    if (id === "restart") return response.writeHead(202).end();
    // Whatever comes is installed at once.
    if (method === "PUT") for await (const _ of request);
    if (method !== "GET") Object.assign(update, { stage: "installed", bundle: "0.2.0", waits: true, percent: 100 });
    return json(response, update, method === "GET" ? 200 : 202);
  }
  if (what === "certificate") {
    if (role !== "host") return problem(response, 401, "sign-in", "Open the owner's link to do this.");
    return json(response, CERTIFICATES, method === "POST" ? 202 : 200);
  }
  if (what === "reachability" && method === "POST") {
    if (role !== "host") return problem(response, 401, "sign-in", "Open the owner's link to do this.");
    return json(response, REACHABILITY);
  }
  if (what === "camera") {
    if (role !== "host") return problem(response, 401, "sign-in", "Open the owner's link to do this.");
    return camera(request, response, method, id, decodeURIComponent(sub ?? ""));
  }
  if (what === "broadcasts") {
    const live = [...rooms.values()].filter(r => r.live);
    if (!id) return json(response, [...live.map(broadcast), ...recordings.published()]);
    const shown = recordings.published().find(one => one.id === id);
    if (shown) return watchRecording(request, response, shown, sub);
    if (!room) return problem(response, 404, "not-found", "There is no such broadcast.");
    if (sub === "thumbnail.jpg") return thumbnail(response, /behind=(\d+)/.exec(request.url)?.[1] ?? null);
    if (sub !== "events") return json(response, broadcast(room));
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const watcher = { broadcast: room.broadcast, response };
    watchers.add(watcher);
    request.on("close", () => watchers.delete(watcher));
    return event(response, room);
  }
  if (what === "recordings") {
    if (role !== "host") return problem(response, 401, "sign-in", "Open the owner's link to do this.");
    return kept(request, response, method, id, sub);
  }
  if (role === "viewer") return problem(response, 401, "not-signed-in", "Sign in first.");
  if (!id) {
    if (method === "GET") return json(response, [...rooms.values()].map(summary));
    return json(response, summary(addRoom(`r00000000000001${rooms.size}`, (await body(request)).name)), 201);
  }
  if (!room) return problem(response, 404, "not-found", "There is no such room.");
  if (role === "waits")
    return problem(response, 403, "lobby", "Somebody in the room has to let you in. Wait in the lobby.");
  if (!sub && method === "DELETE") {
    rooms.delete(id);
    return response.writeHead(204).end();
  }
  if (!sub) return json(response, summary(room));
  if (sub === "studio") {
    if (method === "PATCH") directions.set(id, { ...directions.get(id), ...(await body(request)) });
    return json(response, studio(room));
  }
  if (sub === "live") {
    const { title, record, separately } = method === "POST" ? await body(request) : {};
    const before = room.live ?? { since: new Date().toISOString(), title: room.name, viewers: 0, recording: null };
    const always = !room.live && directions.get(id)?.auto_record;
    const recording = always || record ? "on" : record === false ? null : (before.recording ?? null);
    room.live = method === "DELETE" ? null : { ...before, title: title ?? before.title, recording };
    if (room.live) room.live.separately = Boolean(recording && (separately ?? before.separately));
    room.tell();
    return method === "DELETE" ? response.writeHead(204).end() : json(response, studio(room));
  }
  if (sub === "still") return file(response, join(here, "../../src/ui/parts/lantern.svg"));
  if (sub === "pushes") return push(request, response, method, subId);
  if (method === "POST") {
    const { hours } = await body(request);
    const expires = new Date(Date.now() + hours * 3_600_000).toISOString();
    const invite = { id: `i${Date.now()}`, created: new Date().toISOString(), expires, used: invites.length };
    invites.push(invite);
    return json(response, { id: invite.id, expires, url: `http://${request.headers.host}/r/${id}#invite=good` }, 201);
  }
  if (method === "DELETE") {
    invites = invites.filter(invite => invite.id !== subId);
    return response.writeHead(204).end();
  }
  return json(response, invites);
}

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, "http://box").pathname);
  try {
    if (path.startsWith("/api/v1/")) return await api(request, response, path.slice("/api/v1".length), request.method);
    if (path === "/mock") {
      const { op, ...fields } = await body(request);
      OPS[op](fields);
      return response.writeHead(204).end();
    }
    if (path === "/mock/peer.html") return await file(response, join(here, "peer.html"));
    if (path.startsWith("/hls/"))
      return await file(response, join(hls, path.split("/").slice(3).join("/")), { "cache-control": "no-store" });
    if (path.startsWith("/sdk/")) return await file(response, join(dist, path.replace("/v1/", "/")));
    if (path.startsWith("/assets/")) return await file(response, join(dist, path));
    if (path.startsWith("/embed/")) return await file(response, join(dist, "embed.html"));
    const html = await readFile(join(dist, "index.html"));
    response.writeHead(200, { "content-type": TYPES[".html"], "content-security-policy": CSP }).end(html);
  } catch (error) {
    console.error(error);
    problem(response, 500, "internal", "Something went wrong.");
  }
});

server.on("upgrade", (request, socket) => {
  if (request.url === "/mock/peer") {
    peer = accept(request, socket, {
      message: ({ n, ...rest }) => questions.get(n)?.(rest),
      closed: () => {},
    });
    return;
  }
  const [, , , kind, id, what] = request.url.split("/");
  const role = roleOf(request);
  if (what === "chat") {
    const channel = kind === "rooms" ? "room" : "broadcast";
    if (!chats.has(request.url)) chats.set(request.url, new MockChat(channel));
    const name = role === "viewer" ? nameOf(request) : role === "host" ? "Owner" : "Ada";
    return chats.get(request.url).open(request, socket, { name, role, moderates: role === "host" });
  }
  const room = rooms.get(id);
  if (!room || role === "viewer") return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  const waits = request.url.endsWith("/lobby");
  if (role === "waits" && !waits) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  let seat = null;
  const connection = accept(request, socket, {
    message: message => seat.message(message),
    closed: () => seat.closed(),
  });
  seat = waits ? room.wait(connection.send, connection.close) : room.connect(role, connection.send, connection.close);
});

server.listen(Number(port), "127.0.0.1", () => console.log(`http://localhost:${server.address().port}/#owner=good`));
