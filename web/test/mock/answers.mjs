// Answers of the make-believe box that stay as they are.

export const STUDIO = {
  layout: "auto",
  front: null,
  names: true,
  title: false,
  logo: false,
  lower_third: null,
  slate: null,
  auto_live: false,
  auto_record: false,
  restricted: false,
  auto_separately: false,
  has_logo: false,
  rungs: [],
  head: { more: 2, hot: false },
};

export const PRIVACY = { on: false, since: null, opened: [], screen: true, code_shown: false };

export const TELEPHONE = {
  do_not_disturb: false,
  quiet: false,
  quiet_hours: null,
  answers: [],
  calls: [],
  in_call: null,
  ringing: null,
};

/** A box whose certificate for its own name can't be renewed. */
export const CERTIFICATES = {
  certificates: [
    { source: "acme", names: ["porch.example.org"], valid_until: "2027-01-10T18:30:00Z" },
    {
      source: "own",
      names: ["localhost", "porch.local", "porch.lan", "porch.home.arpa", "127.0.0.1", "192.168.1.20"],
      valid_until: "2027-02-26T18:30:00Z",
    },
  ],
  acme: {
    names: ["porch.example.org"],
    asking: false,
    valid_until: "2027-01-10T18:30:00Z",
    next: "2026-12-12T07:15:00Z",
    failure: {
      code: "not_reached",
      text: "The certificate authority did not find the box at one of the names.",
      detail: "203.0.113.7: Fetching http://porch.example.org/.well-known/acme-challenge/x: Connection refused",
      at: "2026-12-12T06:15:00Z",
    },
  },
};

/** A box at home behind a router that does not turn traffic around. */
export const REACHABILITY = {
  addresses: ["192.168.1.20", "2001:db8::20"],
  ways: [
    ["udp", "192.168.1.20:8189", "interface", "home", 4],
    ["udp", "[2001:db8::20]:8189", "interface", "internet", 5],
    ["udp", "203.0.113.7:8189", "mapped", "internet", null],
    ["tcp", "192.168.1.20:8189", "interface", "home", 6],
    ["tcp", "192.168.1.20:8443", "interface", "home", 6],
  ].map(([transport, address, origin, scope, took]) => {
    const error = took === null ? "nothing came back" : null;
    return { transport, address, origin, scope, works: took !== null, took, error };
  }),
  seen: [{ server: "198.51.100.1:3478", address: "203.0.113.7:8189" }],
  router: { state: "mapped", by: "pcp", outside: ["203.0.113.7:8189"], reason: null },
  relay: false,
  findings: [
    ["outside_untried", "note"],
    ["no_relay", "note"],
    ["home_works", "good"],
    ["public_address", "good"],
    ["router_mapped", "good"],
  ].map(([code, level]) => ({ code, level, text: "The box has more to say." })),
};

/** A television that thinks before it plays. */
export const SOUND_TEST = {
  delay: 154,
  return_loss: 13.1,
  heard: -35,
  noise: -60.2,
  overloaded: false,
  speaker_delay: 0,
  findings: [
    { code: "level_good", level: "good", text: "The box has more to say." },
    { code: "delay_wrong", level: "note", text: "The box has more to say." },
    { code: "room_quiet", level: "good", text: "The box has more to say." },
  ],
};

const slot = (name, bootname, state, version) => ({ name, bootname, state, good: true, version, installed: null });

export const UPDATE = {
  version: "0.1.0",
  compatible: "porchlight-rpi4",
  booted: slot("rootfs.0", "A", "booted", null),
  other: slot("rootfs.1", "B", "inactive", "0.0.9"),
  waits: false,
  stage: "idle",
  bytes: 0,
  total: null,
  percent: 0,
  message: "",
  bundle: null,
  failure: null,
  going: [],
  takes: 1_074_000_000,
};
