import { useState } from "preact/hooks";
import type { LowerThird, Studio } from "../../client";
import { Problem } from "../../client/problem";
import { fill } from "../i18n/format";
import { api } from "../parts/session";
import { Switch } from "../parts/switch";
import type { Directing } from "./model";
import { texts } from "./texts";

/** The largest logo, in bytes, as the box takes it. */
const LARGEST = 512 * 1024;

interface Parts {
  studio: Studio;
  directing: Directing;
}

/** The box's logo: there is one for all its rooms. */
function Logo({ there, directing }: { there: boolean; directing: Directing }) {
  const [edition, setEdition] = useState(Date.now);
  const choose = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (!file) return;
    void directing.act(async () => {
      // The same file can be chosen again, when it is another by then.
      const png = new Blob([await file.arrayBuffer()]);
      input.value = "";
      if (png.size > LARGEST) throw new Problem("logo-too-large", texts.problems["logo-too-large"] ?? "");
      await api.setLogo(png);
      setEdition(Date.now());
      return undefined;
    });
  };
  const remove = () =>
    directing.act(async () => {
      await api.removeLogo();
      return undefined;
    });
  return (
    <div class="stack tight">
      <h3>{texts.logo}</h3>
      {there ? (
        <img class="logo" src={api.logo(edition)} alt={texts.logo_alt} data-testid="studio-logo-picture" />
      ) : (
        <p class="empty">{texts.logo_none}</p>
      )}
      <div class="row">
        <label class="button choose-file">
          <input
            type="file"
            accept="image/png"
            onChange={event => choose(event.currentTarget)}
            aria-describedby="logo-text"
            data-testid="studio-logo-file"
          />
          <span>{there ? texts.logo_replace : texts.logo_choose}</span>
        </label>
        {there && (
          <button type="button" class="button danger" onClick={remove} data-testid="studio-logo-remove">
            {texts.logo_remove}
          </button>
        )}
      </div>
      <p class="small quiet" id="logo-text">
        {texts.logo_text}
      </p>
    </div>
  );
}

/** Two lines at the lower left. They stay in their fields when they are hidden. */
function Lower({ shown, directing }: { shown: LowerThird | null; directing: Directing }) {
  const [typed, setTyped] = useState<{ line?: string; below?: string }>({});
  const line = typed.line ?? shown?.line ?? "";
  const below = typed.below ?? shown?.below ?? "";
  const show = (event: SubmitEvent) => {
    event.preventDefault();
    setTyped({ line, below });
    void directing.change({ lower_third: { line: line.trim(), below: below.trim() || null } });
  };
  const hide = () => {
    setTyped({ line, below });
    void directing.change({ lower_third: null });
  };
  const lines = shown && [shown.line, shown.below].filter(Boolean).join(" · ");
  return (
    <form class="stack tight" onSubmit={show}>
      <h3>{texts.lower}</h3>
      <p class="small quiet">{texts.lower_text}</p>
      <label class="field">
        <span>{texts.line}</span>
        <input
          value={line}
          maxLength={100}
          autocomplete="off"
          onInput={event => setTyped({ ...typed, line: event.currentTarget.value })}
          data-testid="studio-line"
        />
      </label>
      <label class="field">
        <span>{texts.below}</span>
        <input
          value={below}
          maxLength={100}
          autocomplete="off"
          onInput={event => setTyped({ ...typed, below: event.currentTarget.value })}
          data-testid="studio-below"
        />
      </label>
      <div class="row">
        <button type="submit" class="button" disabled={!line.trim()} data-testid="studio-lower-show">
          {shown ? texts.show_again : texts.show}
        </button>
        <button type="button" class="button" disabled={!shown} onClick={hide} data-testid="studio-lower-hide">
          {texts.hide}
        </button>
      </div>
      <p class="small" role="status">
        {lines && fill(texts.lower_shown, { lines })}
      </p>
    </form>
  );
}

/** What lies over the picture. */
export function Over({ studio, directing }: Parts) {
  return (
    <section aria-labelledby="over">
      <h2 id="over">{texts.over}</h2>
      <div>
        <Switch label={texts.names} on={studio.names} set={names => directing.wish({ names })} testid="studio-names" />
        <Switch
          label={texts.show_title}
          on={studio.title}
          set={title => directing.wish({ title })}
          testid="studio-show-title"
        />
        <Switch
          label={texts.logo}
          on={studio.logo && studio.has_logo}
          set={logo => directing.wish({ logo })}
          disabled={!studio.has_logo}
          testid="studio-logo"
        />
      </div>
      <Lower shown={studio.lower_third} directing={directing} />
      <Logo there={studio.has_logo} directing={directing} />
    </section>
  );
}
