import { useEffect, useRef, useState } from "preact/hooks";
import type { Broadcast, Range } from "../../client";
import { Problem } from "../../client/problem";
import { thumbnail } from "../../client/thumbnail";
import { type PlayerKind, Watch, type WatchEvents, type WatchState } from "../../client/watch";
import { count, locale, t } from "../i18n";
import { fill, seconds } from "../i18n/format";
import { Icon } from "../parts/icons";
import { Lantern } from "../parts/lantern";
import { OnAirSign } from "../parts/on-air";
import { api, explain, refreshSession, session } from "../parts/session";
import { Header, Message } from "../parts/shell";
import { useTitle } from "../parts/title";
import { say } from "../parts/toast";
import { Bar, type Controls, canPip } from "./bar";
import type { EmbedDialog } from "./embed";
import { useKeys } from "./keys";
import type * as Later from "./later";
import type { Menu } from "./menu";
import type { Recorded } from "./recorded";
import { canRewind, Rewind } from "./rewind";
import { type Steered, Steering } from "./steering";
import { texts } from "./texts";

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
  /** As many watch as the box's line carries. */
  full: boolean;
  /** There is no such broadcast, or the box cannot be reached. */
  problem: Problem | null;
  /** What was chosen, and what of it is played; `null` before anything can be. */
  steered: Steered | null;
}

const NOTHING: View = {
  broadcast: null,
  state: "off",
  player: null,
  latency: null,
  range: null,
  connected: true,
  blocked: false,
  full: false,
  problem: null,
  steered: null,
};

interface Watching {
  view: View;
  steering: Steering | null;
  change(part: Partial<View>): void;
  rewind(behind: number): void;
}

function useWatch(id: string, video: { current: HTMLVideoElement | null }): Watching {
  const [view, setView] = useState(NOTHING);
  const watching = useRef<{ watch: Watch; steering: Steering } | null>(null);
  const behind = useRef(0);
  const change = (part: Partial<View>) => setView(before => ({ ...before, ...part }));
  useEffect(() => {
    if (!video.current) return;
    const steering = new Steering(id, steered => change({ steered }));
    const events: WatchEvents = {
      broadcast: broadcast => {
        steering.media(broadcast.media);
        change({ broadcast, problem: null });
      },
      state: state => change({ state }),
      player: player => change({ player }),
      latency: latency => {
        change({ latency });
        if (behind.current === 0) steering.look();
      },
      range: range => {
        behind.current = range?.behind ?? 0;
        change({ range });
      },
      connected: connected => {
        change({ connected });
        if (!connected) ask();
      },
      blocked: () => change({ blocked: true }),
      full: full => change({ full }),
    };
    const watch = new Watch(id, video.current, events, "", steering.player, steering.tuning);
    steering.steer(watch);
    watching.current = { watch, steering };
    // The stream of events says nothing about why it fails; the plain question does.
    const ask = () =>
      api.broadcast(id).then(
        broadcast => setView(before => ({ ...before, broadcast: before.broadcast ?? broadcast })),
        (problem: unknown) => {
          if (!(problem instanceof Problem) || (problem.status !== 404 && problem.type !== "restricted")) return;
          if (problem.status !== 404) watch.stop();
          change({ problem, state: "off" });
        },
      );
    watch.start();
    void ask();
    return () => {
      steering.stop();
      watch.stop();
    };
  }, [id]);
  const rewind = (behind: number) => watching.current?.watch.rewind(behind);
  return { view, steering: watching.current?.steering ?? null, change, rewind };
}

/** What stands where the picture would be. */
function Curtain({ view }: { view: View }) {
  const { state, broadcast, problem, full } = view;
  if (problem?.type === "restricted") {
    return (
      <Message title={texts.restricted_title} text={texts.restricted_text}>
        <a href="/" class="button">
          {t("to_home")}
        </a>
      </Message>
    );
  }
  if (problem) {
    return (
      <Message tone="fault" title={t("no_broadcast_title")} text={t("no_broadcast_text")}>
        <a href="/" class="button">
          {t("to_home")}
        </a>
      </Message>
    );
  }
  if (state === "waiting" && full) return <Message title={texts.full_title} text={texts.full_text} />;
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
  if (!broadcast || broadcast.recorded) return <Message title={t("loading")} />;
  return <Message title={t("off_air_title")} text={t("off_air_text")} />;
}

/** What a size that was chosen is about, over the picture. */
function Note({ steered }: { steered: Steered | null }) {
  const { making = null, refused = null } = steered ?? {};
  const text = making !== null ? fill(texts.making, { lines: making }) : refused && texts[refused];
  return (
    <p class="stage-note" role="status" data-testid="quality-note" data-refused={refused ?? undefined}>
      {text}
    </p>
  );
}

/** How it is played, in words. */
function Facts({ view }: { view: View }) {
  const { player, latency, range, steered } = view;
  const { picture = "auto", lines = null, smooth = false } = steered ?? {};
  const other = picture === "sound" ? texts.sound : lines !== null && fill(texts.lines, { lines });
  return (
    <>
      {!range?.behind &&
        (latency !== null ? (
          <span data-testid="latency" data-seconds={latency.toFixed(2)}>
            {t("latency", { seconds: seconds(latency, locale) })}
          </span>
        ) : (
          player === "whep" && <span>{texts.live}</span>
        ))}
      <span>{smooth ? texts.smooth_now : texts.closest_now}</span>
      {other && <span data-testid="picture">{other}</span>}
    </>
  );
}

type Turn = { Page: typeof Recorded; broadcast: Broadcast };

/** What is on air, or will be. Where it turns out to be a recording, that has a page of its own. */
export default function WatchPage({ id }: { id: string }) {
  const [turned, turn] = useState<Turn | null>(null);
  return turned ? <turned.Page first={turned.broadcast} /> : <Live id={id} turn={turn} />;
}

function Live({ id, turn }: { id: string; turn(to: Turn): void }) {
  const video = useRef<HTMLVideoElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const { view, steering, change, rewind } = useWatch(id, video);
  const [muted, setMuted] = useState(false);
  const [volume, setVolume] = useState(1);
  const [paused, setPaused] = useState(false);
  const [Embedding, setEmbedding] = useState<typeof EmbedDialog | null>(null);
  const [Choosing, setChoosing] = useState<typeof Menu | null>(null);
  const [later, setLater] = useState<typeof Later | null>(null);
  const { broadcast, state, range, steered } = view;
  const live = broadcast?.live === true;
  const playing = state === "playing";
  const seen = steered?.picture !== "sound";
  useTitle(broadcast?.title ?? "", live);

  const play = () => {
    if (!video.current) return;
    if (view.blocked) video.current.muted = false;
    change({ blocked: false });
    video.current.play().catch((error: unknown) => console.warn(explain(error), error));
  };
  const pause = () => video.current?.pause();
  // Loaded when they are asked for: most viewers never do.
  const embed = async () => {
    const { EmbedDialog } = await import("./embed");
    setEmbedding(() => EmbedDialog);
  };
  const controls: Controls = {
    pause: () => (video.current?.paused ? play() : pause()),
    mute: () => {
      if (!video.current) return;
      video.current.muted = !video.current.muted;
      if (!video.current.muted && video.current.volume === 0) video.current.volume = 1;
    },
    volume: volume => {
      if (!video.current) return;
      video.current.muted = false;
      video.current.volume = volume;
    },
    full: () => {
      const player = video.current as (HTMLVideoElement & { webkitEnterFullscreen?(): void }) | null;
      if (document.fullscreenElement) void document.exitFullscreen();
      else if (stage.current?.requestFullscreen) void stage.current.requestFullscreen();
      // iPhones show only the video itself in full.
      else player?.webkitEnterFullscreen?.();
    },
    pip: () => {
      if (!canPip() || !seen || !playing) return;
      const done = document.pictureInPictureElement
        ? document.exitPictureInPicture()
        : video.current?.requestPictureInPicture();
      done?.catch((error: unknown) => console.warn("Picture in picture was refused:", error));
    },
    menu: async () => {
      const { Menu } = await import("./menu");
      setChoosing(() => Menu);
    },
  };

  useEffect(() => {
    // Viewers need no answer: the page is theirs without one.
    refreshSession().catch(() => {});
    // Without it the picture is as good.
    import("./later").then(setLater, () => {});
  }, []);
  useEffect(() => {
    if (!broadcast?.recorded) return;
    import("./recorded").then(
      ({ Recorded }) => turn({ Page: Recorded, broadcast }),
      () => say(t("load_failed_text"), "fault"),
    );
  }, [broadcast]);
  useKeys({ ...controls, range, playing, rewind });

  return (
    <div class="watch">
      <Header lit={live}>{live && <OnAirSign since={broadcast?.since} />}</Header>
      <main class="watch-main">
        <div class="stage" ref={stage} data-testid="watch-state" data-state={state} data-player={view.player}>
          {/* The stream has no captions yet. */}
          <video
            ref={video}
            class={playing ? "player" : "player hidden"}
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
          {!playing && (
            <div class="curtain">
              <Lantern lit={live} />
              <Curtain view={view} />
            </div>
          )}
          {playing && !seen && (
            <div class="curtain">
              <Lantern lit={live} />
              <p>{texts.sound_now}</p>
            </div>
          )}
          {(view.blocked || (paused && playing)) && live && (
            <div class="over-middle">
              <button
                type="button"
                class="button primary large"
                onClick={play}
                data-testid={view.blocked ? "start-sound" : "resume"}
              >
                <Icon name={view.blocked ? "volume" : "play"} />
                <span>{view.blocked ? t("start_playing") : t("resume")}</span>
              </button>
            </div>
          )}
          <Note steered={steered} />
          {(playing || state === "waiting") && (
            <Bar controls={controls} paused={paused} muted={muted} volume={volume} seen={seen}>
              {canRewind(range) && broadcast && <Rewind range={range} picture={thumbnail(broadcast)} rewind={rewind} />}
            </Bar>
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
            {playing && <Facts view={view} />}
            {later && live && <later.ComeIn broadcast={id} />}
            {broadcast && session.value?.owner && (
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
        {later && broadcast && !view.problem && <later.WatchChat broadcast={id} />}
      </main>
      {later && (
        <later.MediaKeys
          title={live ? broadcast.title : ""}
          playing={playing && !paused}
          range={range}
          play={play}
          pause={pause}
          rewind={rewind}
        />
      )}
      {Embedding && (
        <Embedding broadcast={id} title={broadcast?.title || t("untitled")} close={() => setEmbedding(null)} />
      )}
      {Choosing && steering && steered && (
        <Choosing
          steered={steered}
          offer={() => steering.offer()}
          choose={picture => void steering.choose(picture, (range?.behind ?? 0) > 0)}
          hold={smooth => steering.hold(smooth, (range?.behind ?? 0) > 0)}
          close={() => setChoosing(null)}
        />
      )}
    </div>
  );
}
