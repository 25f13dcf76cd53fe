import type { Push, PushChange } from "../../client";

/** What an owner has entered to change a service. A secret that is left empty stays. */
export interface Entered {
  name: string;
  address: string;
  key: string;
  passphrase: string;
  /** Where they may be left out: there is none of these any more. */
  noKey: boolean;
  noPassphrase: boolean;
}

/** Whether it is an address of SRT, where keys may be left out and a passphrase may be given. */
export function isSrt(address: string): boolean {
  return address.trim().toLowerCase().startsWith("srt:");
}

/** Whether it is an address of WHIP, where the key is a token that may be left out. */
export function isWhip(address: string): boolean {
  return /^https?:/i.test(address.trim());
}

/** What is another than before, to be sent to the box; nothing where all is as it was. */
export function changed(push: Push, entered: Entered): PushChange | null {
  const change: PushChange = {};
  const [name, address] = [entered.name.trim(), entered.address.trim()];
  if (name && name !== push.name) change.name = name;
  if (address !== push.address) change.address = address;
  const srt = isSrt(address);
  const key = entered.key.trim();
  if (key) change.key = key;
  else if ((srt || isWhip(address)) && entered.noKey && push.key) change.key = null;
  const passphrase = entered.passphrase.trim();
  if (srt && passphrase) change.passphrase = passphrase;
  // With other protocols there is none, and the box refuses one that is left over.
  else if (push.passphrase && (!srt || entered.noPassphrase)) change.passphrase = null;
  return Object.keys(change).length > 0 ? change : null;
}
