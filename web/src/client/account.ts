import type { Api } from "./api";
import type {
  Account,
  Audited,
  DeviceCode,
  Identity,
  Member,
  MemberChange,
  Node,
  Nonce,
  Question,
  RecoveryCodes,
  Rules,
  Session,
} from "./api-types";

export type { Account, Audited, DeviceCode, Identity, Member, MemberChange, Rules };

/** The part of the API that is about people: accounts, who has a place in a room, and what was done. Pages load it when they need it. */
export class People {
  constructor(readonly api: Api) {}

  /** Becomes the owner of a box that nobody owns, by the PIN that it shows, and names the box. */
  claim(pin: string, name: string, box: string): Promise<Session> {
    return this.api.call("POST", "/session", { pin, name, box });
  }

  /** Gives the box a name. */
  nameBox(name: string): Promise<Node> {
    return this.api.call("PATCH", "/node", { name });
  }

  /** Signs in by a code that another device shows. */
  byCode(code: string): Promise<Session> {
    return this.api.call("POST", "/session", { code });
  }

  byRecovery(recovery: string): Promise<Session> {
    return this.api.call("POST", "/session", { recovery });
  }

  askPasskey(): Promise<Question> {
    return this.api.call("POST", "/session/passkey");
  }

  byPasskey(question: string, credential: unknown): Promise<Session> {
    return this.api.call("POST", "/session", { question, credential });
  }

  async nonce(): Promise<string> {
    return (await this.api.call<Nonce>("POST", "/session/wallet")).nonce;
  }

  byWallet(message: string, signature: string): Promise<Session> {
    return this.api.call("POST", "/session", { message, signature });
  }

  account(): Promise<Account> {
    return this.api.call("GET", "/identity");
  }

  rename(name: string): Promise<void> {
    return this.api.call("PATCH", "/identity", { name });
  }

  signOutDevice(id: string): Promise<void> {
    return this.api.call("DELETE", `/identity/devices/${encodeURIComponent(id)}`);
  }

  /** A code that signs in one more device, of ours or of somebody. */
  code(identity?: string): Promise<DeviceCode> {
    return this.api.call("POST", identity ? `/identities/${encodeURIComponent(identity)}/code` : "/identity/code");
  }

  recoveryCodes(): Promise<RecoveryCodes> {
    return this.api.call("POST", "/identity/recovery");
  }

  startPasskey(): Promise<Question> {
    return this.api.call("POST", "/identity/passkey");
  }

  addPasskey(question: string, name: string, credential: unknown): Promise<void> {
    return this.api.call("POST", "/identity/passkeys", { question, name, credential });
  }

  addWallet(message: string, signature: string): Promise<void> {
    return this.api.call("POST", "/identity/wallets", { message, signature });
  }

  removeCredential(id: string): Promise<void> {
    return this.api.call("DELETE", `/identity/credentials/${encodeURIComponent(id)}`);
  }

  identities(): Promise<Identity[]> {
    return this.api.call("GET", "/identities");
  }

  addIdentity(name: string, owner: boolean): Promise<Identity> {
    return this.api.call("POST", "/identities", { name, owner });
  }

  changeIdentity(id: string, change: { name?: string; owner?: boolean }): Promise<void> {
    return this.api.call("PATCH", `/identities/${encodeURIComponent(id)}`, change);
  }

  forgetIdentity(id: string): Promise<void> {
    return this.api.call("DELETE", `/identities/${encodeURIComponent(id)}`);
  }

  members(room: string): Promise<Member[]> {
    return this.api.call("GET", `/rooms/${encodeURIComponent(room)}/members`);
  }

  changeMember(room: string, subject: string, change: MemberChange): Promise<void> {
    return this.api.call("PATCH", `/rooms/${encodeURIComponent(room)}/members/${encodeURIComponent(subject)}`, change);
  }

  putOut(room: string, subject: string): Promise<void> {
    return this.api.call("DELETE", `/rooms/${encodeURIComponent(room)}/members/${encodeURIComponent(subject)}`);
  }

  rules(room: string): Promise<Rules> {
    return this.api.call("GET", `/rooms/${encodeURIComponent(room)}/rules`);
  }

  setRules(room: string, rules: Rules): Promise<Rules> {
    return this.api.call("PUT", `/rooms/${encodeURIComponent(room)}/rules`, rules);
  }

  /** What was done, of one room or of the whole box; from before an entry, or the newest. */
  audit(room: string | null, before?: number): Promise<Audited[]> {
    const of = room ? `/rooms/${encodeURIComponent(room)}/audit` : "/audit";
    return this.api.call("GET", before === undefined ? of : `${of}?before=${before}`);
  }
}
