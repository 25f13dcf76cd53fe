import { useLayoutEffect, useRef } from "preact/hooks";
import type { Participant, Tracks } from "../../client";
import { t } from "../i18n";
import { Icon } from "../parts/icons";
import type { Call } from "./call";
import { devices } from "./devices";
import { grid } from "./grid";
import { Sound, Video } from "./video";

const GAP = 8;

/** The first letters of a name, for where there is no picture. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(word => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase();
}

/** The marks that are words: what is unusual about a participant now. */
function Marks({ who, live }: { who: Participant; live: boolean }) {
  return (
    <span class="tile-marks">
      {live && who.on_air === "yes" && <span class="mark on-air">{t("on_air")}</span>}
      {live && who.on_air === "asked" && <span class="mark">{t("asked")}</span>}
      {live && who.on_air === "no" && <span class="mark">{t("not_on_air")}</span>}
      {who.stand_in && <span class="mark">{t("stand_in")}</span>}
    </span>
  );
}

function Tile(props: {
  id: string;
  who: Participant;
  tracks: Tracks<MediaStreamTrack>;
  self: boolean;
  live: boolean;
  call: Call;
}) {
  const { who, tracks, self, live, call } = props;
  const shown = who.camera && tracks.video;
  const onAir = live && who.on_air === "yes";
  return (
    <li
      class={onAir ? "tile on-air" : "tile"}
      data-testid="tile"
      data-participant={props.id}
      data-kind={who.kind}
      data-name={who.name}
      data-self={self}
    >
      <span class="avatar" aria-hidden="true">
        {who.kind === "box" ? <Icon name="box" /> : initials(who.name)}
      </span>
      {shown && <Video track={shown} mirrored={self} label={t("picture_of", { title: who.name })} />}
      {!self && tracks.audio && <Sound track={tracks.audio} call={call} />}
      {who.connection !== "connected" && !self && (
        <p class="tile-state" role="status">
          {who.connection === "lost" ? t("they_lost") : t("they_connect")}
        </p>
      )}
      <Marks who={who} live={live} />
      <span class="tile-name">
        {!who.microphone && (
          <span class="tile-muted">
            <Icon name="mic-off" />
            <span class="sr-only">{t("is_muted")}</span>
          </span>
        )}
        <span class="tile-name-text">{self ? t("name_you", { name: who.name }) : who.name}</span>
      </span>
    </li>
  );
}

/** Everybody in the call, as large as fits: others first, in the order they came; oneself last. */
export function Tiles({ call }: { call: Call }) {
  const list = useRef<HTMLUListElement>(null);
  const state = call.state.value;
  const people = Object.entries(state?.participants ?? {});
  // Whoever comes is added at the end, so that nobody's tile moves to another place.
  people.sort(([a], [b]) => Number(a === state?.you) - Number(b === state?.you));
  const count = people.length;
  const alone = count === 1;
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const fit = () => {
      const { columns, width, height } = grid(count, element.clientWidth, element.clientHeight, GAP);
      element.style.setProperty("--tile-columns", String(columns));
      element.style.setProperty("--tile-width", `${width}px`);
      element.style.setProperty("--tile-height", `${height}px`);
    };
    const watcher = new ResizeObserver(fit);
    watcher.observe(element);
    fit();
    return () => watcher.disconnect();
  }, [count]);
  const camera = devices.camera.value;
  return (
    <>
      {alone && <p class="alone quiet">{call.may("invite") ? t("alone_invite") : t("alone")}</p>}
      <ul class="tiles" ref={list} aria-label={t("in_the_call")}>
        {people.map(([id, who]) => {
          const self = id === state?.you;
          // One's own picture does not travel: it is shown as it is captured, and whether the box knows already or not.
          const own: Tracks<MediaStreamTrack> = camera ? { video: camera } : {};
          const microphone = devices.microphone.value !== null && devices.wanted.microphone.value;
          return (
            <Tile
              key={id}
              id={id}
              who={self ? { ...who, camera: camera !== null, microphone } : who}
              tracks={self ? own : (call.tracks.value.get(id) ?? {})}
              self={self}
              live={call.live.value !== null}
              call={call}
            />
          );
        })}
      </ul>
    </>
  );
}
