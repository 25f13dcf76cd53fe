/** A wallet that a page can ask (EIP-1193). */
interface Wallet {
  request(asked: { method: string; params?: unknown[] }): Promise<unknown>;
}

/** The wallet of this browser, if it has one. */
export function wallet(): Wallet | null {
  return (globalThis as { ethereum?: Wallet }).ethereum ?? null;
}

/** The message of Sign-In with Ethereum (EIP-4361) for this page. */
export function message(address: string, chain: number, nonce: string, statement: string, issued: Date): string {
  return [
    `${location.host} wants you to sign in with your Ethereum account:`,
    address,
    "",
    statement,
    "",
    `URI: ${location.origin}/`,
    "Version: 1",
    `Chain ID: ${chain}`,
    `Nonce: ${nonce}`,
    `Issued At: ${issued.toISOString()}`,
  ].join("\n");
}

/** Has the wallet sign a message for this page. */
export async function sign(
  from: Wallet,
  nonce: string,
  statement: string,
): Promise<{ message: string; signature: string }> {
  const [address] = (await from.request({ method: "eth_requestAccounts" })) as string[];
  const chain = Number(await from.request({ method: "eth_chainId" }));
  const text = message(address ?? "", chain, nonce, statement, new Date());
  const bytes = Array.from(new TextEncoder().encode(text), byte => byte.toString(16).padStart(2, "0")).join("");
  const signature = (await from.request({ method: "personal_sign", params: [`0x${bytes}`, address] })) as string;
  return { message: text, signature };
}
