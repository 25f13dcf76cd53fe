import { useEffect, useRef, useState } from "preact/hooks";
import type { Broadcast } from "../../client";
import { Problem } from "../../client/problem";
import { Watch } from "../../client/watch";
import { locale, t } from "../i18n";
import { day, elapsed } from "../i18n/format";
import { api } from "../parts/session";
import { Header, Message } from "../parts/shell";
import { useTitle } from "../parts/title";
import { texts } from "./recorded-texts";

/** Milliseconds before the question why a video does not come is given up. */
const PATIENCE = 10_000;

interface News {
  broadcast: Broadcast;
  /** Everybody may watch it no longer. */
  gone: boolean;
  connected: boolean;
}

/** Follows what the box says about it. */
function useNews(first: Broadcast): [News, () => void] {
  const [news, setNews] = useState<News>({ broadcast: first, gone: false, connected: true });
  const change = (part: Partial<News>) => setNews(before => ({ ...before, ...part }));
  const { id } = first;
  useEffect(() => {
    if (news.gone) return;
    // It is never on air: nothing is played in this one.
    const watch = new Watch(id, document.createElement("video"), {
      broadcast: broadcast => change(broadcast.recorded ? { broadcast } : { gone: true }),
      connected: connected => {
        change({ connected });
        // The stream of events ends with what it is about, but does not say so.
        if (!connected)
          api.broadcast(id).catch((problem: unknown) => {
            if (problem instanceof Problem && problem.status === 404) change({ gone: true });
          });
      },
    });
    watch.start();
    return () => watch.stop();
  }, [id, news.gone]);
  return [news, () => change({ gone: true })];
}

/** Why a video does not come: the element does not say it, the plain question does. */
async function status(video: string): Promise<number> {
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(video, { headers: { range: "bytes=0-0" }, cache: "no-store", signal });
    void answer.body?.cancel();
    return answer.status;
  } catch {
    return 0;
  }
}

/** Plays it by what browsers have for videos. */
function Player({ title, src, gone }: { title: string; src: string; gone(): void }) {
  const [trouble, setTrouble] = useState<"full" | "failed" | null>(null);
  // Where it broke off; `null` before somebody wanted it again.
  const again = useRef<number | null>(null);
  if (trouble) {
    return (
      <Message title={texts[`${trouble}_title`]} text={texts[`${trouble}_text`]}>
        <button type="button" class="button" onClick={() => setTrouble(null)} data-testid="recorded-again">
          {t("try_again")}
        </button>
      </Message>
    );
  }
  const failed = async (video: HTMLVideoElement) => {
    again.current = video.currentTime;
    const found = await status(src);
    if (found === 404) gone();
    else setTrouble(found === 503 ? "full" : "failed");
  };
  return (
    <video
      class="player"
      src={src}
      controls
      playsInline
      preload="metadata"
      autoplay={again.current !== null}
      aria-label={t("picture_of", { title })}
      onLoadedMetadata={event => {
        if (again.current) event.currentTarget.currentTime = again.current;
      }}
      onError={event => void failed(event.currentTarget)}
      data-testid="recorded-video"
    />
  );
}

/** A recording that everybody may watch. */
export function Recorded({ first }: { first: Broadcast }) {
  const [{ broadcast, gone, connected }, end] = useNews(first);
  const { title, recorded } = broadcast;
  useTitle(title, false);
  return (
    <div class="watch">
      <Header lit={false} />
      <main class="watch-main">
        <div class="stage" data-testid="watch-state" data-state={gone ? "gone" : "recorded"}>
          {gone ? (
            <Message title={texts.gone_title} text={texts.gone_text}>
              <a href="/" class="button">
                {t("to_home")}
              </a>
            </Message>
          ) : (
            recorded && <Player title={title} src={recorded.video} gone={end} />
          )}
        </div>
        {!gone && (
          <div class="watch-text">
            <h1>{title || t("untitled")}</h1>
            {recorded && (
              <p class="small quiet">
                {day(recorded.started, locale)} · {elapsed(0, recorded.duration)}
              </p>
            )}
            {!connected && (
              <p class="banner" role="status">
                {t("news_lost")}
              </p>
            )}
          </div>
        )}
      </main>
    </div>
  );
}
