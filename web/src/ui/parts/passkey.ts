/** Bytes travel as base64url in JSON; `navigator.credentials` wants them as bytes. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, letter => letter.charCodeAt(0));
}

function text(buffer: ArrayBuffer | null): string | null {
  if (!buffer) return null;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

interface Descriptor {
  id: string;
  type: "public-key";
}

const descriptors = (list?: Descriptor[]) => list?.map(one => ({ ...one, id: bytes(one.id) })) ?? [];

/** Whether this page can make and use passkeys: by HTTPS and a name that the browser trusts, or on the box itself. */
export const canPasskey =
  typeof PublicKeyCredential !== "undefined" &&
  isSecureContext &&
  !/^[\d.]+$|^\[/.test(typeof location === "undefined" ? "" : location.hostname);

/** Has the browser make a passkey, as the box asks for it. */
export async function makePasskey(options: unknown): Promise<unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: the box's words, as WebAuthn's
  const { publicKey } = options as any;
  const made = (await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: descriptors(publicKey.excludeCredentials),
    },
  })) as PublicKeyCredential;
  const answer = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    extensions: {},
    response: {
      attestationObject: text(answer.attestationObject),
      clientDataJSON: text(answer.clientDataJSON),
      transports: answer.getTransports?.() ?? [],
    },
  };
}

/** Has the browser prove who somebody is by a passkey, as the box asks for it. */
export async function usePasskey(options: unknown): Promise<unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: the box's words, as WebAuthn's
  const { publicKey } = options as any;
  const made = (await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      allowCredentials: descriptors(publicKey.allowCredentials),
    },
  })) as PublicKeyCredential;
  const answer = made.response as AuthenticatorAssertionResponse;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    extensions: {},
    response: {
      authenticatorData: text(answer.authenticatorData),
      clientDataJSON: text(answer.clientDataJSON),
      signature: text(answer.signature),
      userHandle: text(answer.userHandle),
    },
  };
}
