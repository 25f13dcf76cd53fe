import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { Icon } from "../parts/icons";
import { texts } from "./texts";

/** What can be done with the player. */
export interface Controls {
  pause(): void;
  mute(): void;
  volume(volume: number): void;
  full(): void;
  pip(): void;
  menu(): void;
}

/** Whether this browser shows videos in a window of their own. */
export const canPip = () => document.pictureInPictureEnabled === true;

/** The bar below the picture. */
export function Bar(props: {
  controls: Controls;
  paused: boolean;
  muted: boolean;
  volume: number;
  /** There is a picture. */
  seen: boolean;
  children: ComponentChildren;
}) {
  const { controls, paused, muted, volume, seen, children } = props;
  return (
    <div class="player-bar">
      <button
        type="button"
        class="button over square"
        onClick={controls.pause}
        aria-label={paused ? t("resume") : texts.pause}
        data-testid="pause"
        data-paused={String(paused)}
      >
        <Icon name={paused ? "play" : "pause"} />
      </button>
      <button
        type="button"
        class="button over square"
        onClick={controls.mute}
        aria-pressed={muted}
        aria-label={t("sound_off")}
      >
        <Icon name={muted ? "volume-off" : "volume"} />
      </button>
      <input
        class="volume"
        type="range"
        min="0"
        max="1"
        step="0.05"
        value={muted ? 0 : volume}
        aria-label={t("volume")}
        onInput={event => controls.volume(Number(event.currentTarget.value))}
      />
      {children}
      <button
        type="button"
        class="button over square to-right"
        onClick={controls.menu}
        aria-label={texts.menu}
        aria-haspopup="dialog"
        data-testid="quality"
      >
        <Icon name="settings" />
      </button>
      {canPip() && seen && (
        <button
          type="button"
          class="button over square"
          onClick={controls.pip}
          aria-label={texts.pip}
          data-testid="pip"
        >
          <Icon name="pip" />
        </button>
      )}
      <button
        type="button"
        class="button over square"
        onClick={controls.full}
        aria-label={t("fullscreen")}
        data-testid="fullscreen"
      >
        <Icon name="fullscreen" />
      </button>
    </div>
  );
}
