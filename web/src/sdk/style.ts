/** What the elements look like: a picture on the dark of dusk, in both colour schemes; amber means "on air" alone. */
export const style = `
:host {
  display: block;
  width: 100%;
  position: relative;
  aspect-ratio: var(--porchlight-aspect, 16 / 9);
  min-width: 10rem;
  container-type: inline-size;
  border-radius: var(--porchlight-radius, 10px);
  overflow: hidden;
  background: var(--porchlight-background, #10161f);
  color: var(--porchlight-text, #eef2f7);
  font: 400 1rem/1.4 var(--porchlight-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
  text-align: center;
  color-scheme: dark;
}
/* Room for the question whether to go on air. */
:host(porchlight-publisher) { min-height: 15rem; }
:host([hidden]), [hidden] { display: none !important; }
:host(:fullscreen) { aspect-ratio: auto; border-radius: 0; }
* { box-sizing: border-box; margin: 0; }
video, .curtain, .middle { position: absolute; inset: 0; width: 100%; height: 100%; }
video { object-fit: var(--porchlight-fit, contain); }
video.dark { visibility: hidden; }
video.mirrored { transform: scaleX(-1); }
.curtain, .middle { display: grid; place-content: safe center; justify-items: center; gap: 12px; padding: 16px; overflow: hidden auto; }
.middle { pointer-events: none; }
.middle > * { pointer-events: auto; }
.veil { background: rgb(12 17 24 / 78%); }
.title, .text { overflow-wrap: anywhere; text-wrap: balance; }
.title { font-size: 1.125rem; font-weight: 600; }
.text { color: var(--porchlight-text-quiet, #b4c0cf); max-width: 34rem; }
.row { display: flex; flex-wrap: wrap; gap: 8px; justify-content: center; }
.bar {
  position: absolute; right: 0; bottom: 0; left: 0;
  display: flex; gap: 8px; align-items: center; padding: 24px 12px 12px;
  background: linear-gradient(transparent, rgb(10 14 20 / 60%));
  pointer-events: none;
}
.bar > * { pointer-events: auto; }
.grow { flex: 1; pointer-events: none; }
.sign {
  position: absolute; top: 12px; left: 12px; padding: 2px 10px; border-radius: 6px;
  background: #ffb224; color: #241800; font-weight: 600;
}
button {
  display: inline-flex; gap: 8px; align-items: center; justify-content: center;
  min-width: 44px; min-height: 44px; padding: 0 14px; border: 1px solid transparent; border-radius: 8px;
  background: rgb(12 17 24 / 78%); color: #eef2f7; font: inherit; cursor: pointer;
}
button:hover { background: rgb(34 44 58 / 92%); }
.curtain button { background: #273343; }
button.primary, .curtain button.primary { background: var(--porchlight-accent, #8ab8f2); color: var(--porchlight-on-accent, #0d1a2b); font-weight: 600; }
button.square { padding: 0; }
button:focus-visible, :host(:focus-visible) { outline: 3px solid var(--porchlight-focus, #a6c9f7); outline-offset: -3px; }
button[aria-pressed="true"] { border-color: #8292a6; }
svg { width: 22px; height: 22px; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
@container (max-width: 24rem) {
  .title { font-size: 1rem; }
  .text { font-size: 0.875rem; }
  .curtain, .middle { gap: 8px; padding: 8px; }
  .bar { padding: 16px 8px 8px; }
  button { font-size: 0.875rem; }
}
@media (forced-colors: active) {
  button, .sign { border: 1px solid ButtonText; }
}
`;
