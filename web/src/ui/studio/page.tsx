import { t } from "../i18n";
import { fill } from "../i18n/format";
import { OnAirSign } from "../parts/on-air";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { Air, Audience, ByItself, Slates, Status } from "./air";
import { useStudio } from "./model";
import { Over } from "./over";
import { Front, Layouts } from "./picture";
import { Preview } from "./preview";
import { texts } from "./texts";

/** Where a producer has a room look the way it should to those who watch. For the owner. */
export default function StudioPage({ id }: { id: string }) {
  const directing = useStudio(id);
  const { studio, problem, refused } = directing;
  const live = studio?.live ?? null;
  useTitle(studio ? `${studio.name} · ${texts.title}` : texts.title, live !== null);
  return (
    <div class="studio">
      <Header lit={live !== null}>{live && <OnAirSign since={live.since} />}</Header>
      <main class="page">
        {refused ? (
          <Message tone="fault" title={t("stats_refused_title")} text={t("stats_refused_text")} />
        ) : (
          <>
            <div class="studio-head">
              <h1>{texts.title}</h1>
              {studio && <p class="quiet">{fill(texts.of, { room: studio.name })}</p>}
              {problem && (
                <p class="banner fault" role="alert">
                  {problem}
                </p>
              )}
              {!studio && !problem && <Skeleton label={t("loading")} />}
            </div>
            {studio && (
              <>
                <div>
                  <div class="studio-seen">
                    <div class="stack tight">
                      <Preview broadcast={studio.broadcast} live={live !== null} />
                      <Status studio={studio} />
                    </div>
                    <Slates studio={studio} directing={directing} />
                  </div>
                </div>
                <div class="studio-choices">
                  <Air room={id} studio={studio} directing={directing} />
                  <Audience studio={studio} directing={directing} />
                  <ByItself studio={studio} directing={directing} />
                  <Layouts layout={studio.layout} directing={directing} />
                  <Front studio={studio} directing={directing} />
                  <Over studio={studio} directing={directing} />
                </div>
                <nav class="studio-more row" aria-label={texts.more}>
                  <a href={`/r/${id}`}>{texts.to_room}</a>
                  <a href={`/b/${studio.broadcast}`}>{texts.to_watch}</a>
                  <a href={`/pushes/${id}`}>{texts.to_pushes}</a>
                  <a href="/recordings">{texts.to_recordings}</a>
                </nav>
              </>
            )}
          </>
        )}
      </main>
    </div>
  );
}
