import { locale, t } from "../i18n";
import { day, elapsed } from "../i18n/format";
import { home, type Recorded } from "./model";
import { texts } from "./recorded-texts";

function Card({ of: { id, title, recorded } }: { of: Recorded }) {
  return (
    <li class="card" data-testid="recorded">
      <div class="card-text">
        <h3>{title || t("untitled")}</h3>
        <p class="small quiet">
          {day(recorded.started, locale)} · {elapsed(0, recorded.duration)}
        </p>
      </div>
      <a href={`/b/${id}`} class="button" aria-label={t("watch_what", { title })}>
        {t("watch")}
      </a>
    </li>
  );
}

/** Recordings that everybody may watch; nothing where there are none. */
export function RecordedSection() {
  const recorded = home.recorded.value;
  if (recorded.length === 0) return null;
  return (
    <section aria-labelledby="recorded">
      <h2 id="recorded">{texts.title}</h2>
      <ul class="cards">
        {recorded.map(one => (
          <Card key={one.id} of={one} />
        ))}
      </ul>
    </section>
  );
}
