import type { DeviceCode } from "../../client/account";
import { Link } from "./link";

/** A code that signs in a device: its digits, its address, and that as a picture. */
export function ShownCode(props: {
  code: DeviceCode;
  words: { code: string; link: string; qr: string; more_text: string };
}) {
  const { code, words } = props;
  return (
    <div class="stack tight" role="status">
      <p class="big-code" data-testid="device-code">
        <span class="sr-only">{words.code}: </span>
        {code.code.replace(/(\d{4})(\d{4})/, "$1 $2")}
      </p>
      <p>{words.more_text}</p>
      <Link url={code.url} label={words.link} testid="device-url" />
      <img
        class="qr"
        src={`data:image/svg+xml,${encodeURIComponent(code.qr)}`}
        width="200"
        height="200"
        alt={words.qr}
      />
    </div>
  );
}
