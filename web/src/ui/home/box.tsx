import type { Device, Encoder } from "../../client";
import { t } from "../i18n";
import { Icon, type IconName } from "../parts/icons";
import { session } from "../parts/session";
import { Volume } from "../parts/volume";
import { home } from "./model";
import { BoxName } from "./name";
import { TestSound } from "./sound";

const DEVICES = [
  ["camera", "camera"],
  ["microphone", "mic"],
  ["speaker", "speaker"],
  ["screen", "box"],
] as const satisfies readonly (readonly [string, IconName])[];

function Line({ icon, what, device }: { icon: IconName; what: string; device: Device }) {
  return (
    <li class="device">
      <Icon name={icon} />
      <span class="device-what">{what}</span>
      <span class={device.name ? "" : "quiet"}>{device.name ?? t("device_none")}</span>
      {device.stand_in && <span class="mark">{t("stand_in")}</span>}
    </li>
  );
}

function encoder({ name, pictures_per_second: rate }: Encoder) {
  return rate === null ? t("encoder", { name }) : t("encoder_speed", { name, rate: String(rate) });
}

/** The box itself: what is plugged in, and its version. */
export function Box() {
  const node = home.node.value;
  if (!node) return null;
  const devices = node.devices;
  return (
    <section aria-labelledby="box">
      {devices && (
        <>
          <h2 id="box">{t("this_box")}</h2>
          <BoxName />
          <ul class="devices">
            {DEVICES.map(([key, icon]) => {
              const device = devices[key];
              return device && <Line key={key} icon={icon} what={t(`device_${key}`)} device={device} />;
            })}
          </ul>
          <Volume />
          <p class="small quiet">{encoder(devices.encoder)}</p>
          {devices.heat !== "normal" && (
            <p class="note" data-testid="heat">
              {t(`heat_${devices.heat}`)}
            </p>
          )}
          {devices.echo !== "none" && <p class="small quiet">{t(`echo_${devices.echo}`)}</p>}
          {devices.speaker.name && !devices.microphone.stand_in && <TestSound />}
        </>
      )}
      <p class="small quiet">
        {t("version", { version: node.version })} · <a href="/trust">{t("to_trust")}</a> ·{" "}
        {session.value?.owner && (
          <>
            <a href="/settings" data-testid="settings">
              {t("to_settings")}
            </a>{" "}
            ·{" "}
            <a href="/stats" data-testid="stats">
              {t("stats")}
            </a>{" "}
            ·{" "}
            <a href="/camera" data-testid="camera">
              {t("to_camera")}
            </a>{" "}
            ·{" "}
            <a href="/recordings" data-testid="recordings">
              {t("to_recordings")}
            </a>{" "}
            ·{" "}
            <a href="/devices" data-testid="devices">
              {t("to_devices")}
            </a>{" "}
            ·{" "}
            <a href="/reachability" data-testid="reachability">
              {t("to_reachability")}
            </a>{" "}
            ·{" "}
          </>
        )}
        <a href="/assets/licences.txt">{t("licences")}</a>
      </p>
    </section>
  );
}
