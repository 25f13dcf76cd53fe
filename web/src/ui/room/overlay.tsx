import { useEffect, useState } from "preact/hooks";
import type { ConnectionEvent, ConnectionReport, RoomState } from "../../client";
import { locale, t } from "../i18n";
import { Icon } from "../parts/icons";
import { Plot } from "../stats/plot";
import type { Call } from "./call";
import { eventText, o } from "./overlay-texts";
import { happened, log, type Moment, type Row, read } from "./report";

/** Milliseconds between two looks, and how many of them the plots show: a minute. */
const EVERY = 1_000;
const MOMENTS = 60;
/** Lines of the log at most. */
const LINES = 100;

interface Look {
  moments: Moment[];
  report: ConnectionReport | null;
  estimates: (number | null)[];
  events: ConnectionEvent[];
}

const NOTHING: Look = { moments: [], report: null, estimates: [], events: [] };

const format = (value: number, digits: number) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
const known = (value: number | null | undefined, say: (value: number) => string) =>
  value === null || value === undefined ? "–" : say(value);
const percent = (value: number | null | undefined) => known(value, value => `${format(100 * value, 1)} %`);
const millis = (value: number | null | undefined) => known(value, value => `${format(1000 * value, 0)} ms`);
const megabits = (value: number | null | undefined) => known(value, value => `${format(value / 1e6, 2)} Mbit/s`);
const scaled = (value: number | null | undefined, by: number) => (value == null ? null : value * by);

/** Looks at the connection once a second. */
function useLook(call: Call): Look {
  const [look, setLook] = useState(NOTHING);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async () => {
      const state = call.state.value;
      const [stats, report] = await Promise.all([
        call.stats().catch(() => null),
        // Without a connection there is nothing new of the box.
        call.report().catch(() => null),
      ]);
      if (gone) return;
      if (stats && state) {
        setLook(before => {
          const last = before.moments.at(-1) ?? null;
          const now = read(stats.values(), state, (mid, kind) => call.sourceOf(mid, kind), last);
          return {
            moments: [...before.moments, now].slice(-MOMENTS),
            report: report ?? before.report,
            estimates: [...before.estimates, report?.estimate ?? null].slice(-MOMENTS),
            events: [...happened(last, now, new Date().toISOString()), ...before.events].slice(0, LINES),
          };
        });
      }
      timer = setTimeout(once, EVERY);
    };
    void once();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [call]);
  return look;
}

function Connection({ look, now }: { look: Look; now: Moment | undefined }) {
  const { report, moments, estimates } = look;
  const line = (name: string, values: (number | null)[]) => ({ name, values });
  const way = now?.way;
  return (
    <section aria-labelledby="overlay-connection">
      <h3 id="overlay-connection">{o("overlay_connection")}</h3>
      <dl class="facts small">
        <dt>{o("overlay_way")}</dt>
        <dd data-testid="overlay-way">
          {way ? o(way.relayed ? "way_relay" : "way_direct", { protocol: way.protocol }) : "–"}
        </dd>
        <dt>{t("stats_round_trip")}</dt>
        <dd>{millis(now?.roundTrip ?? report?.round_trip)}</dd>
        <dt>{o("overlay_estimate")}</dt>
        <dd data-testid="overlay-estimate">{megabits(report?.estimate)}</dd>
        <dt>{o("overlay_uplink")}</dt>
        <dd>{megabits(now?.uplink)}</dd>
      </dl>
      <div class="overlay-plots">
        <Plot
          testid="overlay-bitrate"
          name={o("overlay_bitrate")}
          unit="Mbit/s"
          least={0.5}
          moments={MOMENTS}
          lines={[
            line(
              t("stats_received"),
              moments.map(m => scaled(m.received, 1e-6)),
            ),
            line(
              t("stats_sent"),
              moments.map(m => scaled(m.sent, 1e-6)),
            ),
          ]}
        />
        <Plot
          testid="overlay-estimates"
          name={o("overlay_estimate")}
          unit="Mbit/s"
          least={0.5}
          moments={MOMENTS}
          lines={[
            line(
              "",
              estimates.map(value => scaled(value, 1e-6)),
            ),
          ]}
        />
        <Plot
          testid="overlay-loss"
          name={t("stats_loss")}
          unit="%"
          least={1}
          moments={MOMENTS}
          lines={[
            line(
              t("stats_received"),
              moments.map(m => scaled(m.loss, 100)),
            ),
            line(
              t("stats_sent"),
              moments.map(m => scaled(m.reported, 100)),
            ),
          ]}
        />
        <Plot
          testid="overlay-round-trip"
          name={t("stats_round_trip")}
          unit="ms"
          least={20}
          moments={MOMENTS}
          lines={[
            line(
              "",
              moments.map(m => scaled(m.roundTrip, 1000)),
            ),
          ]}
        />
      </div>
    </section>
  );
}

function Line({ row, name }: { row: Row; name: string }) {
  const { limited } = row;
  const why = limited && limited !== "none" ? (limited === "cpu" || limited === "bandwidth" ? limited : "other") : null;
  const pictures = row.source === "camera" || row.source === "screen";
  return (
    <tr data-testid="overlay-row" data-name={name} data-source={row.source} data-height={row.height}>
      <th scope="row">
        {name} <span class="quiet">{o(`source_${row.source}`)}</span>
        {why && <span class="block quiet">{o(`limited_${why}`)}</span>}
      </th>
      <td>{row.width && row.height ? `${row.width} × ${row.height}` : "–"}</td>
      <td>{pictures ? known(row.fps, value => format(value, 0)) : "–"}</td>
      <td>{known(row.bitrate, value => format(value / 1000, 0))}</td>
      <td>{row.layer ?? "–"}</td>
      <td>{percent(row.loss)}</td>
      <td>{millis(row.jitter)}</td>
      <td>{row.freezes ? o("overlay_times", { n: row.freezes, seconds: format(row.frozenSeconds ?? 0, 1) }) : "–"}</td>
    </tr>
  );
}

/** One's own first, then pictures, then sound. */
function place({ participant, source }: Row): number {
  const sound = source === "microphone" || source === "screen_sound" ? 1 : 0;
  return (participant === null ? 0 : 2) + sound;
}

function Pictures({ now, state }: { now: Moment; state: RoomState }) {
  const name = (row: Row) =>
    row.participant === null ? o("overlay_yours") : (state.participants[row.participant]?.name ?? "");
  // Layers that nobody wants are not sent, and say nothing.
  const rows = now.rows.filter(row => row.participant !== null || (row.bitrate ?? 0) > 0);
  rows.sort((a, b) => place(a) - place(b) || name(a).localeCompare(name(b)));
  return (
    <section aria-labelledby="overlay-pictures">
      <h3 id="overlay-pictures">{o("overlay_pictures")}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <div class="table-frame" tabIndex={0}>
        <table class="stats-table small">
          <thead>
            <tr>
              <th scope="col">{o("overlay_who")}</th>
              <th scope="col">{o("overlay_size")}</th>
              <th scope="col">{o("overlay_fps")}</th>
              <th scope="col">{o("overlay_rate")}</th>
              <th scope="col">{o("overlay_layer")}</th>
              <th scope="col">{o("overlay_loss")}</th>
              <th scope="col">{o("overlay_jitter")}</th>
              <th scope="col">{o("overlay_frozen")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(row => (
              <Line key={row.key} row={row} name={name(row)} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Happened({ events, state }: { events: ConnectionEvent[]; state: RoomState }) {
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const name = (id: string | null | undefined) => (id && state.participants[id]?.name) || t("somebody");
  return (
    <section aria-labelledby="overlay-log">
      <h3 id="overlay-log">{o("overlay_log")}</h3>
      {events.length === 0 ? (
        <p class="small quiet">{o("overlay_quiet")}</p>
      ) : (
        <ol class="overlay-log small" data-testid="overlay-log">
          {events.map(event => (
            <li key={`${event.at} ${event.code} ${event.participant}`} data-code={event.code}>
              <time class="quiet" dateTime={event.at}>
                {clock.format(new Date(event.at))}
              </time>{" "}
              {eventText(event.code, name(event.participant))}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** What the connection does: how much comes and goes of whom, over the last minute, and what made a picture worse. */
export default function Overlay({ call, close }: { call: Call; close(): void }) {
  const look = useLook(call);
  const state = call.state.value;
  const now = look.moments.at(-1);
  return (
    <aside class="overlay" aria-label={t("connection_statistics")} data-testid="overlay">
      <div class="dialog-head">
        <h2>{t("connection_statistics")}</h2>
        <button
          type="button"
          class="button quiet square"
          onClick={close}
          aria-label={t("close")}
          data-testid="overlay-close"
        >
          <Icon name="close" />
        </button>
      </div>
      <Connection look={look} now={now} />
      {now && state && <Pictures now={now} state={state} />}
      {state && <Happened events={log(look.report?.events ?? [], look.events, LINES)} state={state} />}
    </aside>
  );
}
