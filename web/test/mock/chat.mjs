// A make-believe chat for the mock: it takes what is written, reactions and what moderators do, and has some messages of its own.

import { accept } from "./frames.mjs";

const line = (id, by, name, role, text, more = {}) => ({
  id,
  by,
  name,
  role,
  text,
  at: new Date(Date.now() - (30 - id) * 60_000).toISOString(),
  ...more,
});

/** One channel. `moderates`: whoever opens it keeps order in it. */
export class MockChat {
  constructor(channel) {
    this.channel = channel;
    this.lines = new Set();
    this.seq = 0;
    this.next = 20;
    this.rules = { writers: "everybody", slow: 0, review: false, links: "allow", words: [], word_deal: "hold" };
    this.messages = [
      line(1, "a", "Ada", "guest", "Good evening from the kitchen!"),
      line(2, "h", "Owner", "host", "We begin in five minutes. The programme: https://example.org/evening", {
        links: [[41, 68]],
        reactions: { thumbs_up: 3, party: 1 },
      }),
      line(3, "v", "Vera", "viewer", "Can everybody hear the piano?", { reply: 2 }),
      line(4, "a", "Ada", "guest", "waves", { emote: true }),
      line(
        5,
        "m",
        "Mo",
        "moderator",
        "Loud and clear. Please keep the questions for the end, there will be plenty of time for all of them.",
      ),
      line(6, "e", "Eve", "viewer", "buy at cheap-things.shop", { state: "held", why: "link" }),
      line(7, "e", "Eve", "viewer", "This is rubbish", { reports: 2 }),
      line(8, "v", "Vera", "viewer", "❤️"),
    ];
  }

  seen(moderates) {
    if (moderates) return this.messages;
    return this.messages.filter(one => !one.state).map(({ reports: _, ...one }) => one);
  }

  open(request, socket, { name, role, moderates }) {
    const you = {
      by: name && "me",
      name,
      role,
      may_write: true,
      moderates,
      timed_out: null,
      reactions: [[2, "party"]],
    };
    const say = what => peer.send(what);
    const peer = accept(request, socket, {
      message: ({ id, op, ...fields }) => say({ re: id, ok: this.serve(op, fields, you) }),
      closed: () => this.lines.delete(entry),
    });
    const entry = { say, moderates };
    this.lines.add(entry);
    say({ event: "you", you });
    const { words: _, word_deal: __, ...rules } = this.rules;
    const state = {
      channel: this.channel,
      rules: moderates ? this.rules : rules,
      messages: this.seen(moderates),
      saved: true,
      ...(moderates && { timeouts: [{ by: "e", name: "Eve", until: new Date(Date.now() + 500_000).toISOString() }] }),
    };
    say({ seq: this.seq, event: "snapshot", state });
  }

  tell(changes) {
    this.seq += 1;
    for (const { say } of this.lines) say({ seq: this.seq, event: "batch", changes });
  }

  serve(op, fields, you) {
    const one = this.messages.find(message => message.id === (fields.message ?? fields.messages?.[0]));
    if (op === "name") {
      you.name = fields.name;
      return { name: fields.name };
    }
    if (op === "write") {
      this.next += 1;
      const more = fields.reply ? { reply: fields.reply } : {};
      const message = line(this.next, "me", you.name ?? "You", you.role, fields.text, {
        at: new Date().toISOString(),
        ...more,
      });
      this.messages.push(message);
      this.tell([{ message }]);
      return { did: "write", message: this.next };
    }
    if (op === "react" && one) {
      one.reactions = {
        ...one.reactions,
        [fields.reaction]: (one.reactions?.[fields.reaction] ?? 0) + (fields.on ? 1 : -1),
      };
      this.tell([{ reactions: { id: one.id, counts: one.reactions } }]);
    }
    if (op === "delete" && one) {
      one.state = "deleted";
      this.tell([{ message: one }]);
      return { did: "delete", changed: 1, undo: [{ op: "restore", messages: [one.id] }] };
    }
    if ((op === "restore" || op === "approve") && one) {
      delete one.state;
      this.tell([{ message: one }]);
      return { did: op, changed: 1, undo: [{ op: "delete", messages: [one.id] }] };
    }
    if (op === "earlier") return { messages: [], more: false };
    return { did: op };
  }
}
