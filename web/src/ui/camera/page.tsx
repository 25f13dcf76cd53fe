import { useEffect, useState } from "preact/hooks";
import type { Aim, Camera, CameraControl, ControlGroup } from "../../client";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { AirHeader } from "../parts/air";
import { Dialog } from "../parts/dialog";
import { refreshSession, session } from "../parts/session";
import { Message, Skeleton } from "../parts/shell";
import { Switch } from "../parts/switch";
import { aim, forget, keep, problem, report, reset, setControl, watchCamera } from "./model";
import { texts } from "./texts";

const WHOLE: Aim = { zoom: 100, pan: 0, tilt: 0 };
const GROUPS: ControlGroup[] = ["exposure", "focus", "white-balance", "picture", "motion", "other"];

function Slider(props: {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  shown: string;
  set(value: number): void;
  testid: string;
  disabled?: boolean;
}) {
  return (
    <label class="slider">
      <span class="slider-name">{props.label}</span>
      <input
        type="range"
        min={props.min}
        max={props.max}
        step={props.step}
        value={props.value}
        disabled={props.disabled}
        aria-valuetext={props.shown}
        onInput={event => props.set(Number(event.currentTarget.value))}
        data-testid={props.testid}
      />
      <output class="slider-value">{props.shown}</output>
    </label>
  );
}

/** The state of the camera in a sentence, and what the owner should know. */
function State({ camera }: { camera: Camera }) {
  const mode = camera.mode && fill(texts.mode, { ...camera.mode });
  return (
    <section class="stack tight" aria-label={texts.state}>
      <p>
        <strong>{camera.name ?? texts.none}</strong>{" "}
        {camera.kind === "stand-in" && <span class="mark">{t("stand_in")}</span>}
      </p>
      <p class="quiet" data-testid="camera-open" data-open={camera.open}>
        {camera.open ? texts.open : texts.closed}
        {mode && ` ${mode}`}
      </p>
      {camera.stand_in && camera.kind !== "stand-in" && <p class="note">{texts.failed}</p>}
      {camera.note && (
        <p class="note" data-testid="camera-note">
          {texts.notes[camera.note]}
        </p>
      )}
    </section>
  );
}

/** Where the part is in the whole picture. */
function Frame({ of }: { of: Aim }) {
  const side = 10_000 / of.zoom;
  const style = {
    width: `${side}%`,
    height: `${side}%`,
    left: `${((100 - side) * (of.pan + 100)) / 200}%`,
    top: `${((100 - side) * (100 - of.tilt)) / 200}%`,
  };
  return (
    <div class="aim-frame" aria-hidden="true">
      <div class="aim-part" style={style} data-testid="aim-part" />
    </div>
  );
}

function Presets({ camera }: { camera: Camera }) {
  const [name, setName] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    if (wanted) void keep(wanted).then(() => setName(""));
  };
  return (
    <div class="stack tight">
      <h3>{texts.presets}</h3>
      {camera.presets.length === 0 && <p class="empty small">{texts.noPresets}</p>}
      <ul class="lines">
        {camera.presets.map(preset => (
          <li key={preset.name} class="line">
            <button type="button" class="button grow" onClick={() => aim(preset.aim)} data-testid="preset">
              {preset.name}
            </button>
            <button
              type="button"
              class="button quiet"
              onClick={() => forget(preset.name)}
              aria-label={fill(texts.removeWhat, { name: preset.name })}
            >
              {texts.remove}
            </button>
          </li>
        ))}
      </ul>
      <form class="row bottom" onSubmit={submit}>
        <label class="field grow">
          <span>{texts.keepAs}</span>
          <input
            maxLength={40}
            autocomplete="off"
            value={name}
            placeholder={texts.keepHint}
            onInput={event => setName(event.currentTarget.value)}
            data-testid="preset-name"
          />
        </label>
        <button type="submit" class="button" data-testid="preset-keep">
          {texts.keep}
        </button>
      </form>
    </div>
  );
}

function Part({ camera }: { camera: Camera }) {
  const now = camera.aim;
  const set = (fields: Partial<Aim>) => aim({ ...now, ...fields });
  const percent = (value: number) => `${value} %`;
  return (
    <section aria-labelledby="part">
      <h2 id="part">{texts.part}</h2>
      <p class="small quiet">{texts.partText}</p>
      <Frame of={now} />
      <div class="stack tight">
        <Slider
          label={texts.zoom}
          value={now.zoom}
          min={100}
          max={400}
          step={5}
          shown={percent(now.zoom)}
          set={zoom => set({ zoom })}
          testid="aim-zoom"
        />
        <Slider
          label={texts.pan}
          value={now.pan}
          min={-100}
          max={100}
          step={2}
          shown={String(now.pan)}
          set={pan => set({ pan })}
          testid="aim-pan"
          disabled={now.zoom === 100}
        />
        <Slider
          label={texts.tilt}
          value={now.tilt}
          min={-100}
          max={100}
          step={2}
          shown={String(now.tilt)}
          set={tilt => set({ tilt })}
          testid="aim-tilt"
          disabled={now.zoom === 100}
        />
        <div class="row">
          <button type="button" class="button" onClick={() => aim(WHOLE)} data-testid="aim-whole">
            {texts.whole}
          </button>
        </div>
      </div>
      <Presets camera={camera} />
    </section>
  );
}

function Control({ control }: { control: CameraControl }) {
  const known = control.word ? texts.words[control.word] : undefined;
  const label = known ?? control.name;
  const testid = `control-${control.word ?? control.id}`;
  const set = (value: number) => setControl(control.id, value);
  const disabled = control.inactive;
  return (
    <li class="knob" data-inactive={disabled}>
      {control.kind === "boolean" && (
        <Switch
          label={label}
          on={control.value !== 0}
          set={on => set(on ? 1 : 0)}
          testid={testid}
          disabled={disabled}
        />
      )}
      {control.kind === "menu" && (
        <label class="menu-choice">
          <span>{label}</span>
          <select
            value={control.value}
            disabled={disabled}
            onChange={event => set(Number(event.currentTarget.value))}
            data-testid={testid}
          >
            {control.options.map(option => (
              <option key={option.value} value={option.value}>
                {texts.options[option.name] ?? option.name}
              </option>
            ))}
          </select>
        </label>
      )}
      {control.kind === "integer" && control.range && (
        <Slider
          label={label}
          value={control.value}
          min={control.range.min}
          max={control.range.max}
          step={control.range.step}
          shown={String(control.value)}
          set={set}
          testid={testid}
          disabled={disabled}
        />
      )}
      {disabled && <p class="small quiet">{texts.inactive}</p>}
    </li>
  );
}

function Controls({ camera }: { camera: Camera }) {
  const [asking, setAsking] = useState(false);
  if (camera.trouble) return <p class="note">{texts.troubles[camera.trouble]}</p>;
  if (camera.controls.length === 0) return <p class="empty">{texts.noControls}</p>;
  return (
    <>
      {GROUPS.map(group => {
        const controls = camera.controls.filter(control => control.group === group);
        return (
          controls.length > 0 && (
            <section key={group} aria-labelledby={`group-${group}`}>
              <h2 id={`group-${group}`}>{texts.groups[group]}</h2>
              <ul class="knobs">
                {controls.map(control => (
                  <Control key={control.id} control={control} />
                ))}
              </ul>
            </section>
          )
        );
      })}
      <div class="row">
        <button type="button" class="button" onClick={() => setAsking(true)} data-testid="camera-reset">
          {texts.reset}
        </button>
      </div>
      {asking && (
        <Dialog title={texts.resetAsk} close={() => setAsking(false)}>
          <p>{texts.resetText}</p>
          <div class="row end">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              {t("cancel")}
            </button>
            <button
              type="button"
              class="button danger"
              onClick={() => reset().then(() => setAsking(false))}
              data-testid="camera-reset-yes"
            >
              {texts.reset}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Modes({ camera }: { camera: Camera }) {
  if (camera.modes.length === 0) return null;
  return (
    <details>
      <summary>{texts.modes}</summary>
      <p class="small quiet">{texts.modesText}</p>
      <ul class="small modes">
        {camera.modes.map(mode => {
          const text = `${mode.width}x${mode.height}@${mode.rate} ${mode.format}`;
          return (
            <li key={text}>
              <code>{text}</code>
            </li>
          );
        })}
      </ul>
    </details>
  );
}

/** The box's camera, for its owner. */
export default function CameraPage() {
  useEffect(() => {
    const off = new AbortController();
    const watch = () => watchCamera(off.signal);
    refreshSession().then(({ owner }) => (owner ? watch() : undefined), watch);
    return () => off.abort();
  }, []);
  const camera = report.value;
  const refused = session.value !== null && !session.value.owner;
  return (
    <>
      <AirHeader title={texts.title} room={null} />
      <main class="page camera-page">
        {refused ? (
          <Message tone="fault" title={t("stats_refused_title")} text={t("stats_refused_text")} />
        ) : (
          <>
            <h1>{texts.title}</h1>
            {problem.value && (
              <p class="banner fault" role="alert">
                {problem.value}
              </p>
            )}
            {!camera && !problem.value && <Skeleton label={t("loading")} />}
            {camera && (
              <>
                <State camera={camera} />
                {camera.kind !== "none" && (
                  <>
                    <Part camera={camera} />
                    <Controls camera={camera} />
                    <Modes camera={camera} />
                  </>
                )}
              </>
            )}
          </>
        )}
      </main>
    </>
  );
}
