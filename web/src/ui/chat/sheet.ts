import css from "../style/chat.css" with { type: "text" };

let worn = false;

/** Has the page wear the chat's styles, which are loaded with it alone. */
export function wear(): void {
  if (worn) return;
  worn = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
