import { useRef, useState } from "preact/hooks";
import type { Recording } from "../../client";
import { elapsed } from "../i18n/format";
import { useLazy } from "../parts/lazy";
import { api } from "../parts/session";
import { texts } from "./texts";

/** The video of a recording, with its chapters, and the way to a part of it. */
export function Player({ recording, close, changed }: { recording: Recording; close(): void; changed(): void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [trims, setTrims] = useState(false);
  const trimming = useLazy(trims, () => import("./trim"));
  return (
    <div class="stack">
      <video
        ref={video}
        class="recording-video"
        src={api.recordingVideo(recording.id)}
        controls
        autoplay
        playsInline
        data-testid="recording-video"
      />
      {recording.chapters.length > 1 && (
        <nav aria-label={texts.chapters}>
          <ol class="chapters">
            {recording.chapters.map(({ at, title }) => (
              <li key={at}>
                <button
                  type="button"
                  class="button quiet"
                  onClick={() => {
                    if (video.current) video.current.currentTime = at / 1000;
                  }}
                >
                  <span class="quiet">{elapsed(0, at)}</span> {title}
                </button>
              </li>
            ))}
          </ol>
        </nav>
      )}
      {trimming && (
        <trimming.Trim
          recording={recording}
          video={video}
          saved={() => {
            setTrims(false);
            changed();
          }}
          close={() => setTrims(false)}
        />
      )}
      <div class="row">
        {!trims && (
          <button type="button" class="button" onClick={() => setTrims(true)} data-testid="trim">
            {texts.trim}
          </button>
        )}
        <button type="button" class="button" onClick={close}>
          {texts.close}
        </button>
      </div>
    </div>
  );
}
