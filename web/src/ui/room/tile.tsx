import { Component, type ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Participant, Pause, Quality } from "../../client";
import { t } from "../i18n";
import { Icon } from "../parts/icons";
import type { Looking } from "./looking";
import type { Card } from "./scene";
import { texts } from "./texts";
import { Video } from "./video";

/** What a tile shows. Nothing but plain values: a tile whose values are the same is not drawn again. */
export interface TileProps {
  participant: string;
  name: string;
  kind: Participant["kind"];
  video: MediaStreamTrack | null;
  layer: number | null;
  paused: Pause | null;
  self: boolean;
  muted: boolean;
  speaking: boolean;
  quality: Quality;
  connection: Participant["connection"];
  standIn: boolean;
  /** `null` while the room is off air. */
  onAir: Participant["on_air"] | null;
  hand: boolean;
  pinned: boolean;
  pin: ((participant: string) => void) | null;
  looking: Looking;
}

/** The first letters of a name, for where there is no picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(word => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase();
}

/** Has the box send what is in an element while it is seen. */
function useLooking<E extends Element>(looking: Looking, card: Card, wanted: boolean) {
  const element = useRef<E>(null);
  const { participant, source } = card;
  useEffect(() => {
    const seen = element.current;
    if (!seen || !wanted) return;
    looking.add(seen, { participant, source });
    return () => looking.remove(seen);
  }, [looking, participant, source, wanted]);
  return element;
}

/** How well somebody is connected, where that is worth a mark. */
function QualityMark({ quality }: { quality: Quality }) {
  if (quality !== "fair" && quality !== "poor") return null;
  const text = t(`quality_${quality}`);
  return (
    <span class="tile-quality" title={text} data-testid="quality" data-quality={quality}>
      <svg viewBox="0 0 14 12" aria-hidden="true" focusable="false">
        <path class="full" d="M0 8h3v4H0z" />
        <path class={quality === "fair" ? "full" : ""} d="M5.5 4h3v8h-3z" />
        <path d="M11 0h3v12h-3z" />
      </svg>
      <span class="sr-only">{text}</span>
    </span>
  );
}

/** Why there is no picture, and what one can do. */
function Paused({ why }: { why: Pause }) {
  return (
    <p class="tile-paused" data-testid="paused" data-why={why}>
      <strong>{t(`paused_${why}`)}</strong>
      <span class="tile-hint">{t(`paused_${why}_hint`)}</span>
    </p>
  );
}

/** The marks that are words: what is unusual about a participant now. */
function Marks({ onAir, standIn, hand }: Pick<TileProps, "onAir" | "standIn" | "hand">) {
  return (
    <span class="tile-marks">
      {hand && <span class="mark">{texts.hand_up}</span>}
      {onAir === "yes" && <span class="mark on-air">{t("on_air")}</span>}
      {onAir === "asked" && <span class="mark">{t("asked")}</span>}
      {onAir === "no" && <span class="mark">{t("not_on_air")}</span>}
      {standIn && <span class="mark">{t("stand_in")}</span>}
    </span>
  );
}

function PinButton({ participant, name, pinned, pin }: Pick<TileProps, "participant" | "name" | "pinned" | "pin">) {
  if (!pin) return null;
  return (
    <button
      type="button"
      class={pinned ? "button over square tile-pin off" : "button over square tile-pin"}
      aria-pressed={pinned}
      aria-label={t("pin", { name })}
      title={t("pin", { name })}
      onClick={() => pin(participant)}
      data-testid="pin"
    >
      <Icon name="pin" />
    </button>
  );
}

function Person(props: TileProps) {
  const { participant, name, self, video, paused, onAir } = props;
  const element = useLooking<HTMLLIElement>(props.looking, { participant, source: "camera" }, !self);
  const classes = ["tile", onAir === "yes" && "on-air", props.speaking && "speaking"].filter(Boolean).join(" ");
  return (
    <li
      ref={element}
      class={classes}
      data-testid="tile"
      data-participant={participant}
      data-kind={props.kind}
      data-name={name}
      data-self={self}
      data-layer={props.layer}
      data-speaking={props.speaking}
    >
      <span class="avatar" aria-hidden="true">
        {props.kind === "box" ? <Icon name="box" /> : initials(name)}
      </span>
      {video && !paused && <Video track={video} mirrored={self} label={t("picture_of", { title: name })} />}
      {props.connection !== "connected" && !self ? (
        <p class="tile-state" role="status">
          {props.connection === "lost" ? t("they_lost") : t("they_connect")}
        </p>
      ) : (
        paused && <Paused why={paused} />
      )}
      <Marks onAir={onAir} standIn={props.standIn} hand={props.hand} />
      <span class="tile-name">
        {props.muted && (
          <span class="tile-muted">
            <Icon name="mic-off" />
            <span class="sr-only">{t("is_muted")}</span>
          </span>
        )}
        <span class="tile-name-text">{self ? t("name_you", { name }) : name}</span>
        <QualityMark quality={props.quality} />
      </span>
      {!self && <PinButton participant={participant} name={name} pinned={props.pinned} pin={props.pin} />}
    </li>
  );
}

/** Draws again only what has other values than before: 25 tiles do not follow each word that one says. */
class Steady extends Component<TileProps & { draw: (props: TileProps) => ComponentChildren }> {
  override shouldComponentUpdate(next: TileProps): boolean {
    const keys = Object.keys(next) as (keyof TileProps)[];
    return keys.some(key => next[key] !== this.props[key]);
  }

  override render() {
    const { draw: Draw, ...props } = this.props;
    return <Draw {...props} />;
  }
}

/** One participant. */
export function Tile(props: TileProps) {
  return <Steady {...props} draw={Person} />;
}

/** A shared screen: all of it, nothing cut off. */
export function ScreenTile(props: {
  participant: string;
  name: string;
  video: MediaStreamTrack | null;
  paused: Pause | null;
  looking: Looking;
}) {
  const { participant, name, video, paused } = props;
  const element = useLooking<HTMLLIElement>(props.looking, { participant, source: "screen" }, true);
  return (
    <li ref={element} class="tile screen" data-testid="screen" data-participant={participant} data-name={name}>
      {video && !paused ? (
        <Video track={video} label={t("screen_of", { name })} />
      ) : paused ? (
        <Paused why={paused} />
      ) : (
        <p class="tile-state">{t("screen_coming")}</p>
      )}
      <span class="tile-name">
        <Icon name="share" />
        <span class="tile-name-text">{t("screen_of", { name })}</span>
      </span>
    </li>
  );
}
