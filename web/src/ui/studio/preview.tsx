import { useEffect, useRef, useState } from "preact/hooks";
import { Watch, type WatchState } from "../../client/watch";
import { t } from "../i18n";
import { Icon } from "../parts/icons";
import { forcedPlayer } from "../parts/player";
import { texts } from "./texts";

/** What those who watch see, as they see it. It plays for as long as it is there. */
function Playing({ broadcast }: { broadcast: string }) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<WatchState>("off");
  const [muted, setMuted] = useState(true);
  useEffect(() => {
    if (!video.current) return;
    const watch = new Watch(broadcast, video.current, { state: setState }, "", forcedPlayer());
    watch.start();
    return () => watch.stop();
  }, [broadcast]);
  const hear = () => {
    if (!video.current) return;
    video.current.muted = !muted;
    // Some browsers play nothing before a click, and this is one.
    video.current.play().catch(() => {});
  };
  return (
    <>
      <video
        ref={video}
        class={state === "playing" ? "player" : "player hidden"}
        muted
        playsInline
        autoPlay
        aria-label={texts.preview}
        onVolumeChange={event => setMuted(event.currentTarget.muted)}
        data-testid="studio-preview"
        data-state={state}
      />
      {state !== "playing" && <p class="preview-empty">{t("waiting_title")}</p>}
      <button
        type="button"
        class="button over studio-hear"
        onClick={hear}
        data-testid="studio-hear"
        data-muted={String(muted)}
      >
        <Icon name={muted ? "volume-off" : "volume"} />
        <span>{muted ? texts.hear : texts.unhear}</span>
      </button>
    </>
  );
}

/** The broadcast while there is one. */
export function Preview({ broadcast, live }: { broadcast: string; live: boolean }) {
  return (
    <div class="preview">
      {live ? (
        <Playing broadcast={broadcast} />
      ) : (
        <p class="preview-empty" data-testid="studio-preview-off">
          {texts.preview_off}
        </p>
      )}
    </div>
  );
}
