import { useEffect, useRef, useState } from "preact/hooks";
import type { BoxScreen, ScreenLayout } from "../../client";
import { api, explain } from "../parts/session";
import { Switch } from "../parts/switch";
import { say } from "../parts/toast";
import { texts } from "./texts";

/** Milliseconds between two looks at what a remote control may have changed. */
const LOOK = 2_000;

/** How the box's screen shows the call. For its owner; nothing where there is no screen. */
export function Screen() {
  const [now, setNow] = useState<BoxScreen | null>(null);
  const busy = useRef(false);
  useEffect(() => {
    const look = () => {
      if (document.hidden || busy.current) return;
      // What can't be read now is read the next time.
      api.screen().then(
        screen => !busy.current && setNow(screen),
        () => {},
      );
    };
    look();
    const timer = setInterval(look, LOOK);
    return () => clearInterval(timer);
  }, []);
  if (!now?.there) return null;
  const set = (layout: Partial<ScreenLayout>) => {
    busy.current = true;
    const wish = { ...now.layout, ...layout };
    setNow({ ...now, layout: wish });
    api.setScreen(wish).then(
      screen => {
        busy.current = false;
        setNow(screen);
      },
      error => {
        busy.current = false;
        setNow(now);
        say(explain(error), "fault");
      },
    );
  };
  return (
    <fieldset class="stack">
      <legend>{texts.box_screen}</legend>
      <Switch
        label={texts.screen_speaker}
        on={now.layout.speaker}
        set={speaker => set({ speaker })}
        testid="screen-speaker"
      />
      <Switch label={texts.screen_own} on={now.layout.own} set={own => set({ own })} testid="screen-own" />
      {now.asleep && <p class="small quiet">{texts.screen_asleep}</p>}
    </fieldset>
  );
}
