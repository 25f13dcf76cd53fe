import { Chat, type ChatMessage } from "../client/chat";
import css from "./embed-chat.css" with { type: "text" };
import { languageOf } from "./texts";

/** As many messages are shown at once. */
const SHOWN = 100;

const WORDS = {
  en: {
    chat: "Chat",
    write: "Write in the chat",
    empty: "Nobody has written anything yet.",
    ended: "The chat has ended.",
  },
  de: {
    chat: "Chat",
    write: "Im Chat schreiben",
    empty: "Noch hat niemand etwas geschrieben.",
    ended: "Der Chat ist zu Ende.",
  },
};

/** A message as text: nothing in it means anything. */
function line({ id, name, text, emote }: ChatMessage): HTMLLIElement {
  const item = document.createElement("li");
  item.dataset.id = String(id);
  const who = document.createElement("b");
  who.textContent = name;
  item.append(who, emote ? ` ${text}` : `: ${text}`);
  return item;
}

/**
 * What those who watch write, beside the picture in a frame of another site. It is for reading: there nobody is signed in, and
 * nobody can be led to press what they do not see. The link leads to where one writes.
 */
export function showChat(broadcast: string, into: HTMLElement): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
  const words = WORDS[languageOf(navigator.language)];
  const section = document.createElement("section");
  section.className = "chat";
  section.setAttribute("aria-label", words.chat);
  const list = document.createElement("ol");
  // What scrolls has to be reached by keyboard; as a log it says what is added.
  list.tabIndex = 0;
  list.setAttribute("aria-label", words.chat);
  const log = document.createElement("div");
  log.setAttribute("role", "log");
  log.append(list);
  const note = document.createElement("p");
  const link = document.createElement("a");
  link.href = `/b/${broadcast}`;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = words.write;
  section.append(log, note, link);
  into.append(section);

  const items = new Map<number, HTMLLIElement>();
  new Chat(`/api/v1/broadcasts/${encodeURIComponent(broadcast)}/chat`, {
    state: ({ messages }) => {
      const shown = messages.slice(-SHOWN);
      const there = new Set(shown.map(({ id }) => id));
      for (const [id, item] of items) if (!there.has(id)) items.delete(id) && item.remove();
      // Who reads what was before stays there.
      const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
      shown.forEach((message, at) => {
        if (items.has(message.id)) return;
        const item = line(message);
        items.set(message.id, item);
        list.insertBefore(item, list.children[at] ?? null);
      });
      note.textContent = shown.length === 0 ? words.empty : "";
      if (atEnd) list.scrollTop = list.scrollHeight;
    },
    you: () => {},
    connected: () => {},
    ended: () => {
      note.textContent = words.ended;
    },
  });
}
