// A chain of its own with a wallet that is a contract, whose owner is the first argument. Says where both are, as a line of JSON, and ends
// with its input.
import { readFileSync } from "node:fs";
import ganache from "ganache";
import solc from "solc";

const content = readFileSync(new URL("Wallet.sol", import.meta.url), "utf8");
const settings = { evmVersion: "paris", outputSelection: { "*": { "*": ["evm.bytecode.object"] } } };
const compiled = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources: { "Wallet.sol": { content } }, settings })));
const bad = compiled.errors?.filter(error => error.severity === "error") ?? [];
if (bad.length) throw new Error(bad.map(error => error.formattedMessage).join("\n"));
const code = compiled.contracts["Wallet.sol"].Wallet.evm.bytecode.object;

const server = ganache.server({ logging: { quiet: true }, chain: { chainId: 1337 } });
await server.listen(0, "127.0.0.1");
const { provider } = server;
const ask = (method, ...params) => provider.request({ method, params });
const [from] = await ask("eth_accounts");
const data = `0x${code}${process.argv[2].replace(/^0x/, "").padStart(64, "0")}`;
const made = await ask("eth_sendTransaction", { from, data, gas: "0x2dc6c0" });
const { contractAddress } = await ask("eth_getTransactionReceipt", made);
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, wallet: contractAddress, other: from }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
