import { useEffect } from "preact/hooks";
import type { ParticipantStatistics, Statistics } from "../../client";
import { locale, t } from "../i18n";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { stats, watchStatistics } from "./model";
import { Plot } from "./plot";
import { type Point, traffic } from "./rates";

const format = (value: number, digits: number) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);

function Plots({ now, points }: { now: Statistics; points: readonly Point[] }) {
  const line = (name: string, of: (point: Point) => number | null) => ({ name, values: points.map(of) });
  return (
    <div class="plots">
      <Plot testid="plot-cpu" name={t("stats_cpu")} unit="%" least={10} lines={[line("", p => p.cpu)]} />
      <Plot testid="plot-memory" name={t("stats_memory")} unit="MB" least={10} lines={[line("", p => p.memory)]} />
      {now.process.celsius !== null && (
        <Plot testid="plot-heat" name={t("stats_heat")} unit="°C" least={50} lines={[line("", p => p.heat)]} />
      )}
      <Plot
        testid="plot-traffic"
        name={t("stats_traffic")}
        unit="Mbit/s"
        least={1}
        lines={[line(t("stats_received"), p => p.received), line(t("stats_sent"), p => p.sent)]}
      />
      <Plot
        testid="plot-loss"
        name={t("stats_loss")}
        unit="%"
        least={1}
        lines={[line(t("stats_received"), p => p.lost), line(t("stats_sent"), p => p.reported)]}
      />
      <Plot testid="plot-peers" name={t("stats_peers")} unit="" least={5} lines={[line("", p => p.connected)]} />
      <Plot
        testid="plot-viewers"
        name={t("stats_viewers")}
        unit=""
        least={5}
        lines={[line("LL-HLS", p => p.hls), line("WebRTC", p => p.whep)]}
      />
      <Plot
        testid="plot-frames"
        name={t("stats_frames")}
        unit={t("stats_a_second")}
        least={10}
        lines={[line(t("stats_encoded"), p => p.encoded), line(t("stats_decoded"), p => p.decoded)]}
      />
      <Plot testid="plot-busy" name={t("stats_busy")} unit="%" least={10} lines={[line("", p => p.busy)]} />
    </div>
  );
}

function Person({ who, now }: { who: ParticipantStatistics; now: Statistics }) {
  const media = who.media;
  const rate = traffic(stats.before.value, now, who);
  const known = (value: number | null | undefined, text: (value: number) => string) =>
    value === null || value === undefined ? "–" : text(value);
  const sent = media && media.received_packets + media.lost_packets;
  return (
    <tr data-testid="stats-participant" data-name={who.name}>
      <th scope="row">
        {who.name} <span class="small quiet">{who.room}</span>
      </th>
      <td>{known(media?.round_trip_seconds, value => `${format(value * 1000, 1)} ms`)}</td>
      <td>
        {known(media && sent ? media.lost_packets / sent : null, value => `${format(100 * value, 1)} %`)}
        {" / "}
        {known(media?.reported_loss, value => `${format(100 * value, 1)} %`)}
      </td>
      <td>
        {known(rate?.received, value => format(value, 2))} / {known(rate?.sent, value => format(value, 2))}
      </td>
      <td>{known(media?.estimate_bits_per_second, value => format(value / 1e6, 2))}</td>
      <td>{known(media?.freezes, value => format(value, 0))}</td>
      <td>{media?.picture ? `${media.picture.width} × ${media.picture.height}` : "–"}</td>
    </tr>
  );
}

function People({ now }: { now: Statistics }) {
  return (
    <section aria-labelledby="people">
      <h2 id="people">{t("stats_people")}</h2>
      {now.participants.length === 0 ? (
        <p class="empty">{t("stats_nobody")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <div class="table-frame" tabIndex={0}>
          <table class="stats-table">
            <thead>
              <tr>
                <th scope="col">{t("stats_name")}</th>
                <th scope="col">{t("stats_round_trip")}</th>
                <th scope="col">{t("stats_loss_in_out")}</th>
                <th scope="col">{t("stats_rate_in_out")}</th>
                <th scope="col">{t("stats_estimate")}</th>
                <th scope="col">{t("stats_freezes")}</th>
                <th scope="col">{t("stats_picture")}</th>
              </tr>
            </thead>
            <tbody>
              {now.participants.map(who => (
                <Person key={who.id} who={who} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** What failed and was started again, and what the log has to say. */
function Faults({ now }: { now: Statistics }) {
  const restarts = Object.entries(now.restarts);
  return (
    <section aria-labelledby="faults">
      <h2 id="faults">{t("stats_faults")}</h2>
      <p data-testid="stats-faults">
        {t("stats_log", { warnings: now.log.warnings, errors: now.log.errors })}{" "}
        {restarts.length === 0
          ? t("stats_no_restarts")
          : t("stats_restarts", { parts: restarts.map(([part, times]) => `${part} ${times}×`).join(", ") })}
      </p>
    </section>
  );
}

export default function Stats() {
  useEffect(() => {
    const off = new AbortController();
    void watchStatistics(off.signal);
    return () => off.abort();
  }, []);
  useTitle(t("stats"));
  const now = stats.now.value;
  return (
    <>
      <Header lit={false} />
      <main class="page">
        {stats.refused.value ? (
          <Message title={t("stats_refused_title")} text={t("stats_refused_text")}>
            <a href="/" class="button primary">
              {t("to_home")}
            </a>
          </Message>
        ) : (
          <>
            <h1>{t("stats")}</h1>
            {stats.unreachable.value && (
              <p class="banner" role="alert">
                {t("unreachable")}
              </p>
            )}
            {now ? (
              <>
                <Plots now={now} points={stats.points.value} />
                <People now={now} />
                <Faults now={now} />
              </>
            ) : (
              <Skeleton label={t("loading")} />
            )}
          </>
        )}
      </main>
    </>
  );
}
