import { useEffect, useRef, useState } from "preact/hooks";
import type { Loudness, Loudnesses, Wishes } from "../../client";
import { t } from "../i18n";
import { Icon } from "./icons";
import { api, explain } from "./session";
import { say } from "./toast";

/** Milliseconds between two looks at what a remote control may have changed. */
const LOOK = 2_000;

type Side = keyof Loudnesses;

/** What the box says, and a way to change it. One change is under way at a time; of those that come meanwhile the last counts. */
function useLoudness() {
  const [now, setNow] = useState<Loudnesses | null>(null);
  const waits = useRef<Wishes | null>(null);
  const busy = useRef(false);
  useEffect(() => {
    const look = () => {
      if (document.hidden || busy.current) return;
      // What can't be read now is read the next time.
      api.loudness().then(
        loudness => !busy.current && setNow(loudness),
        () => {},
      );
    };
    look();
    const timer = setInterval(look, LOOK);
    return () => clearInterval(timer);
  }, []);
  const send = async () => {
    busy.current = true;
    try {
      let loudness = now;
      while (waits.current) {
        const wishes = waits.current;
        waits.current = null;
        loudness = await api.setLoudness(wishes);
      }
      setNow(loudness);
    } catch (error) {
      waits.current = null;
      say(explain(error), "fault");
    }
    busy.current = false;
  };
  const change = (side: Side, wish: { percent?: number; muted?: boolean }) => {
    setNow(shown => shown && { ...shown, [side]: shown[side] && { ...shown[side], ...wish } });
    waits.current = { ...waits.current, [side]: { ...waits.current?.[side], ...wish } };
    if (!busy.current) void send();
  };
  return { now, change };
}

function Slider(props: { side: Side; loudness: Loudness; change(wish: { percent?: number; muted?: boolean }): void }) {
  const { side, loudness, change } = props;
  const { percent, muted } = loudness;
  return (
    <li class="device loudness">
      {muted === null ? (
        <Icon name={side === "speaker" ? "volume" : "mic"} />
      ) : (
        <button
          type="button"
          class="button square"
          aria-pressed={muted}
          aria-label={t(side === "speaker" ? "mute_speaker" : "mute_microphone")}
          onClick={() => change({ muted: !muted })}
          data-testid={`${side}-mute`}
        >
          <Icon name={side === "speaker" ? (muted ? "volume-off" : "volume") : muted ? "mic-off" : "mic"} />
        </button>
      )}
      <span class="device-what">{t(`device_${side}`)}</span>
      {percent !== null && (
        <input
          type="range"
          min="0"
          max="100"
          step="1"
          value={percent}
          aria-label={t(side === "speaker" ? "volume_speaker" : "volume_microphone")}
          aria-valuetext={muted ? t("volume_muted") : `${percent} %`}
          onInput={event => change({ percent: Number(event.currentTarget.value) })}
          data-testid={`${side}-volume`}
        />
      )}
      <span class="small quiet loudness-word">{muted ? t("volume_muted") : percent !== null && `${percent} %`}</span>
    </li>
  );
}

/** How loud the box's own speaker and microphone are. For its owner. */
export function Volume() {
  const { now, change } = useLoudness();
  const sides = (["speaker", "microphone"] as const).filter(side => now?.[side]);
  if (!now || sides.length === 0) return null;
  return (
    <ul class="devices" aria-label={t("loudness")}>
      {sides.map(side => {
        const loudness = now[side];
        return loudness && <Slider key={side} side={side} loudness={loudness} change={wish => change(side, wish)} />;
      })}
    </ul>
  );
}
