import { useEffect, useRef, useState } from "preact/hooks";
import {
  type Broadcast,
  type PlayerKind,
  Problem,
  type Range,
  Watch,
  type WatchEvents,
  type WatchState,
} from "../../client";
import { count, locale, t } from "../i18n";
import { seconds } from "../i18n/format";
import { Icon } from "../parts/icons";
import { typing } from "../parts/keys";
import { Lantern } from "../parts/lantern";
import { OnAirSign } from "../parts/on-air";
import { api, explain, refreshSession, session } from "../parts/session";
import { Header, Message } from "../parts/shell";
import { remembered } from "../parts/storage";
import { useTitle } from "../parts/title";
import type { EmbedDialog } from "./embed";
import { canRewind, moved, Rewind, STEP } from "./rewind";

/** What the page knows of the broadcast. */
interface View {
  broadcast: Broadcast | null;
  state: WatchState;
  /** How it is played; `null` before it is. */
  player: PlayerKind | null;
  latency: number | null;
  /** What can be rewound. */
  range: Range | null;
  connected: boolean;
  /** The browser refused to play sound without a click. */
  blocked: boolean;
  /** There is no such broadcast, or the box cannot be reached. */
  problem: Problem | null;
}

const NOTHING: View = {
  broadcast: null,
  state: "off",
  player: null,
  latency: null,
  range: null,
  connected: true,
  blocked: false,
  problem: null,
};

/** The one player that was asked for on this browser, if any. */
function forced(): PlayerKind | null {
  const player = remembered("player");
  return player === "hls" || player === "whep" ? player : null;
}

interface Watching {
  view: View;
  change(part: Partial<View>): void;
  rewind(behind: number): void;
}

function useWatch(id: string, video: { current: HTMLVideoElement | null }): Watching {
  const [view, setView] = useState(NOTHING);
  const watching = useRef<Watch | null>(null);
  const change = (part: Partial<View>) => setView(before => ({ ...before, ...part }));
  useEffect(() => {
    if (!video.current) return;
    const events: WatchEvents = {
      broadcast: broadcast => change({ broadcast, problem: null }),
      state: state => change({ state }),
      player: player => change({ player }),
      latency: latency => change({ latency }),
      range: range => change({ range }),
      connected: connected => change({ connected }),
      blocked: () => change({ blocked: true }),
    };
    const watch = new Watch(id, video.current, events, "", forced());
    watching.current = watch;
    watch.start();
    // The stream of events says nothing about why it fails; the plain question does.
    api.broadcast(id).then(
      broadcast => setView(before => ({ ...before, broadcast: before.broadcast ?? broadcast })),
      (problem: unknown) => problem instanceof Problem && problem.status === 404 && change({ problem }),
    );
    return () => watch.stop();
  }, [id]);
  return { view, change, rewind: behind => watching.current?.rewind(behind) };
}

/** What stands where the picture would be. */
function Curtain({ view }: { view: View }) {
  const { state, broadcast, problem } = view;
  if (problem) {
    return (
      <Message tone="fault" title={t("no_broadcast_title")} text={t("no_broadcast_text")}>
        <a href="/" class="button">
          {t("to_home")}
        </a>
      </Message>
    );
  }
  if (state === "waiting") return <Message title={t("waiting_title")} text={t("waiting_text")} />;
  if (state === "ended") {
    return (
      <Message title={t("ended_title")} text={t("ended_text")}>
        <a href="/" class="button">
          {t("to_home")}
        </a>
      </Message>
    );
  }
  if (!broadcast) return <Message title={t("loading")} />;
  return <Message title={t("off_air_title")} text={t("off_air_text")} />;
}

export default function WatchPage({ id }: { id: string }) {
  const video = useRef<HTMLVideoElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const { view, change, rewind } = useWatch(id, video);
  const [muted, setMuted] = useState(false);
  const [volume, setVolume] = useState(1);
  const [paused, setPaused] = useState(false);
  const [Embedding, setEmbedding] = useState<typeof EmbedDialog | null>(null);
  const { broadcast, state, latency, range } = view;
  const current = useRef(range);
  current.current = range;
  const live = broadcast?.live === true;
  useTitle(broadcast?.title ?? "", live);

  const toggleMute = () => {
    if (!video.current) return;
    video.current.muted = !video.current.muted;
    if (!video.current.muted && video.current.volume === 0) video.current.volume = 1;
  };
  const toggleFull = () => {
    const player = video.current as (HTMLVideoElement & { webkitEnterFullscreen?(): void }) | null;
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (stage.current?.requestFullscreen) void stage.current.requestFullscreen();
    // iPhones show only the video itself in full.
    else player?.webkitEnterFullscreen?.();
  };
  const startPlaying = () => {
    if (!video.current) return;
    if (view.blocked) video.current.muted = false;
    change({ blocked: false });
    video.current.play().catch((error: unknown) => console.warn(explain(error), error));
  };

  // Loaded when it is asked for: viewers never do.
  const embed = async () => {
    const { EmbedDialog } = await import("./embed");
    setEmbedding(() => EmbedDialog);
  };

  useEffect(() => {
    // Viewers need no answer: the page is theirs without one.
    refreshSession().catch(() => {});
  }, []);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (typing(event)) return;
      if (event.key === "m" || event.key === "M") toggleMute();
      if (event.key === "f" || event.key === "F") toggleFull();
      const step = event.key === "ArrowLeft" ? -STEP : event.key === "ArrowRight" ? STEP : 0;
      // A slider that has the focus is moved by the same keys.
      if (!step || event.target instanceof HTMLInputElement || !canRewind(current.current)) return;
      event.preventDefault();
      rewind(moved(current.current, step));
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);

  return (
    <div class="watch">
      <Header lit={live}>{live && <OnAirSign since={broadcast?.since} />}</Header>
      <main class="watch-main">
        <div class="stage" ref={stage} data-testid="watch-state" data-state={state} data-player={view.player}>
          {/* The stream has no captions yet. */}
          <video
            ref={video}
            class={state === "playing" ? "player" : "player hidden"}
            data-testid="player"
            playsInline
            autoPlay
            aria-label={t("picture_of", { title: broadcast?.title ?? "" })}
            onPause={() => setPaused(true)}
            onPlay={() => setPaused(false)}
            onVolumeChange={event => {
              setMuted(event.currentTarget.muted || event.currentTarget.volume === 0);
              setVolume(event.currentTarget.volume);
            }}
          />
          {state !== "playing" && (
            <div class="curtain">
              <Lantern lit={live} />
              <Curtain view={view} />
            </div>
          )}
          {(view.blocked || (paused && state === "playing")) && live && (
            <div class="over-middle">
              <button
                type="button"
                class="button primary large"
                onClick={startPlaying}
                data-testid={view.blocked ? "start-sound" : "resume"}
              >
                <Icon name={view.blocked ? "volume" : "play"} />
                <span>{view.blocked ? t("start_playing") : t("resume")}</span>
              </button>
            </div>
          )}
          {state === "playing" && (
            <div class="player-bar">
              <button
                type="button"
                class="button over square"
                onClick={toggleMute}
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
                onInput={event => {
                  if (!video.current) return;
                  video.current.muted = false;
                  video.current.volume = Number(event.currentTarget.value);
                }}
              />
              {canRewind(range) ? <Rewind range={range} rewind={rewind} /> : <span class="grow" />}
              <button type="button" class="button over square" onClick={toggleFull} aria-label={t("fullscreen")}>
                <Icon name="fullscreen" />
              </button>
            </div>
          )}
        </div>
        <div class="watch-text">
          <h1>{broadcast?.title || (broadcast ? t("untitled") : " ")}</h1>
          <p class="row small quiet">
            {live && (
              <span class="fact">
                <Icon name="eye" />
                <span data-testid="viewers" data-count={broadcast?.viewers}>
                  {count("viewers", broadcast?.viewers ?? 0)}
                </span>
              </span>
            )}
            {state === "playing" && latency !== null && !range?.behind && (
              <span data-testid="latency" data-seconds={latency.toFixed(2)}>
                {t("latency", { seconds: seconds(latency, locale) })}
              </span>
            )}
            {state === "playing" && view.player && <span>{t(view.player === "whep" ? "closest" : "smooth")}</span>}
            {broadcast && session.value?.role === "host" && (
              <button type="button" class="button" onClick={embed} data-testid="embed-open">
                <Icon name="code" />
                <span>{t("embed")}</span>
              </button>
            )}
          </p>
          {!view.connected && !view.problem && (
            <p class="banner" role="status">
              {t("news_lost")}
            </p>
          )}
        </div>
      </main>
      {Embedding && (
        <Embedding broadcast={id} title={broadcast?.title || t("untitled")} close={() => setEmbedding(null)} />
      )}
    </div>
  );
}
