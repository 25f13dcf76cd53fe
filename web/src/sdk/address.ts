/** Where a broadcast is. */
export interface BroadcastAddress {
  /** The box, like `https://box.example`. */
  box: string;
  broadcast: string;
}

/** Where an invite leads. */
export interface InviteAddress {
  box: string;
  room: string;
  /** The secret of the link. */
  invite: string;
}

function url(text: string, base: string | undefined): URL | null {
  try {
    const url = new URL(text.trim(), base);
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Reads the address of a watch page, `https://box.example/b/<id>`; `null` when it is none. */
export function broadcastAt(text: string, base?: string): BroadcastAddress | null {
  const at = url(text, base);
  const [, broadcast] = /^(?:\/embed)?\/b\/([0-9a-z]{1,64})\/?$/.exec(at?.pathname ?? "") ?? [];
  return at && broadcast ? { box: at.origin, broadcast } : null;
}

/** Reads an invite link, `https://box.example/r/<id>#invite=<secret>`; `null` when it is none. */
export function inviteAt(text: string, base?: string): InviteAddress | null {
  const at = url(text, base);
  const [, room] = /^\/r\/([0-9a-z]{1,64})\/?$/.exec(at?.pathname ?? "") ?? [];
  const invite = new URLSearchParams(at?.hash.slice(1)).get("invite");
  return at && room && invite ? { box: at.origin, room, invite } : null;
}

/** Whether a browser keeps a secure page from talking to that box at all. */
export function isMixed(page: string, box: string): boolean {
  const local = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(box);
  return page.startsWith("https:") && box.startsWith("http:") && !local;
}
