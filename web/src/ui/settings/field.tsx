import type { PluggedIn } from "../../client";
import type { SettingValue } from "../../client/settings";
import { fill } from "../i18n/format";
import { Switch } from "../parts/switch";
import { type ByKey, chosenOf, type Draft, devicesOf, type Field } from "./catalogue";
import { texts } from "./texts";

/** What a value is called, for people. */
export function word(key: string, value: SettingValue, plugged: PluggedIn | null): string {
  if (typeof value === "boolean") return value ? texts.on : texts.off;
  if (Array.isArray(value)) {
    return value.map(one => texts.values[`${key}=${one}`] ?? one).join(", ") || texts.nothing;
  }
  const text = String(value ?? "");
  const known = texts.values[`${key}=${text}`] ?? texts.values[text];
  if (
    known &&
    (key.startsWith("endpoint.") || key.includes(".window") || key.includes(".uplink") || key.includes(".challenge"))
  )
    return known;
  const quantity = /^(\d+(?:\.\d+)?)(ms|s|min|h|d|kbps|Mbps)$/.exec(text);
  if (quantity) return `${quantity[1]} ${quantity[2]}`;
  const devices = (["camera", "microphone", "speaker"] as const).flatMap(device => devicesOf(plugged, device));
  return devices.find(device => device.value === text)?.name ?? (text || texts.nothing);
}

/** A sentence of the box that begins with a key, with the name of that instead. */
export function inWords(sentence: string): string {
  const [, key, rest] = /^([a-z_]+\.[a-z_]+): (.*)$/s.exec(sentence) ?? [];
  return key && rest && texts.keys[key] ? `${texts.keys[key][0]}: ${rest}` : sentence;
}

/** What a field is called, and more about it. */
export function named(key: string): readonly [string, string | undefined] {
  const [name, more] = texts.keys[key] ?? [key];
  return [name, more];
}

/** One thing that is chosen. */
export function Choice(props: {
  field: Field;
  settings: ByKey;
  draft: Draft;
  plugged: PluggedIn | null;
  set(key: string, value: SettingValue): void;
}) {
  const { field, settings, draft, plugged, set } = props;
  const setting = settings.get(field.key);
  if (!setting) return null;
  const { key } = field;
  const [name, more] = named(key);
  const value = chosenOf(key, settings, draft);
  const about = more || setting.fixed ? `about-${key}` : undefined;
  const common = {
    id: `field-${key}`,
    "aria-describedby": about,
    disabled: setting.fixed,
    "data-testid": `set-${key}`,
  };
  const text = typeof value === "string" ? value : "";
  const back = setting.chosen && !setting.secret && !(key in draft) && field.kind !== "size";
  const select = (
    current: string,
    options: readonly { value: string; name: string }[],
    choose: (v: string) => void,
  ) => (
    <select value={current} onChange={event => choose(event.currentTarget.value)} {...common}>
      {[
        ...options,
        ...(options.some(option => option.value === current) ? [] : [{ value: current, name: current }]),
      ].map(option => (
        <option key={option.value} value={option.value}>
          {option.name}
        </option>
      ))}
    </select>
  );
  const control = () => {
    switch (field.kind) {
      case "choice": {
        const options = field.options.map(option => ({ value: String(option), name: word(key, option, null) }));
        return select(String(value), options, chosen =>
          set(key, typeof field.options[0] === "number" ? Number(chosen) : chosen),
        );
      }
      case "device": {
        const fixed = field.options.map(option => ({ value: option, name: word(key, option, null) }));
        const [first, ...rest] = fixed;
        return select(text, [...(first ? [first] : []), ...devicesOf(plugged, field.device), ...rest], chosen =>
          set(key, chosen),
        );
      }
      case "size": {
        const height = chosenOf(field.height, settings, draft);
        const options = field.options.map(option => ({ value: option, name: option.replace("x", " × ") }));
        return select(`${value}x${height}`, options, chosen => {
          const [across, down] = chosen.split("x").map(Number);
          set(key, across ?? 0);
          set(field.height, down ?? 0);
        });
      }
      case "number":
        return (
          <input
            type="number"
            inputMode="numeric"
            min={field.min}
            max={field.max}
            value={Number(value)}
            onInput={event => {
              const number = event.currentTarget.valueAsNumber;
              if (Number.isInteger(number)) set(key, number);
            }}
            {...common}
          />
        );
      case "list":
        return (
          <textarea
            rows={2}
            spellcheck={false}
            placeholder={texts.list_hint}
            value={Array.isArray(value) ? value.join("\n") : ""}
            onChange={event => {
              const items = event.currentTarget.value.split(/[\n,]/).map(item => item.trim());
              set(key, items.filter(Boolean));
            }}
            {...common}
          />
        );
      case "secret":
      case "certificate": {
        const typed = typeof draft[key] === "string" ? (draft[key] as string) : "";
        const given = {
          value: typed,
          placeholder: setting.value ? texts.secret_kept : texts.secret_none,
          spellcheck: false,
          ...common,
        };
        return field.kind === "certificate" ? (
          <textarea rows={3} {...given} onChange={event => set(key, event.currentTarget.value)} />
        ) : (
          <input
            type="password"
            autocomplete="new-password"
            {...given}
            onInput={event => set(key, event.currentTarget.value)}
          />
        );
      }
      default:
        return (
          <input
            value={text}
            autocomplete="off"
            spellcheck={false}
            onInput={event => set(key, event.currentTarget.value)}
            {...common}
          />
        );
    }
  };
  return (
    <li class="setting" data-key={key} data-changed={key in draft}>
      {field.kind === "set" ? (
        <fieldset class="plain" aria-describedby={about} disabled={setting.fixed}>
          <legend>{name}</legend>
          {field.options.map(option => {
            const now = Array.isArray(value) ? value : [];
            const others = now.filter(one => one !== option);
            return (
              <label key={option} class="check">
                <input
                  type="checkbox"
                  checked={now.includes(option)}
                  onChange={event => {
                    const wanted = event.currentTarget.checked ? [...others, option] : others;
                    set(
                      key,
                      field.options.filter(one => wanted.includes(one)),
                    );
                  }}
                  data-testid={`set-${key}-${option}`}
                />
                <span>{word(key, [option], null)}</span>
              </label>
            );
          })}
        </fieldset>
      ) : field.kind === "switch" ? (
        <Switch
          label={name}
          on={value === true}
          set={on => set(key, on)}
          testid={`set-${key}`}
          disabled={setting.fixed}
        />
      ) : (
        <label class="field" for={common.id}>
          <span>{name}</span>
          {control()}
        </label>
      )}
      {about && (
        <p id={about} class="small quiet">
          {setting.fixed ? texts.fixed : more}
        </p>
      )}
      {back && (
        <button type="button" class="button quiet small" onClick={() => set(key, setting.otherwise as SettingValue)}>
          {fill(texts.back, { value: word(key, setting.otherwise as SettingValue, plugged) })}
        </button>
      )}
      {setting.secret && setting.value === true && !setting.fixed && !(key in draft) && (
        <button type="button" class="button quiet small" onClick={() => set(key, null)}>
          {texts.secret_remove}
        </button>
      )}
    </li>
  );
}
