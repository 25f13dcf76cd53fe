import type { ComponentChildren } from "preact";
import { t } from "../i18n";

import { Lantern } from "./lantern";

/** The bar on top of the pages that are not a call. */
export function Header({ lit, children }: { lit: boolean; children?: ComponentChildren }) {
  return (
    <header class="header">
      <a href="/" class="brand" aria-label={t("home_link")}>
        <Lantern lit={lit} />
        <span>Porchlight</span>
      </a>
      <div class="header-right">{children}</div>
    </header>
  );
}

/** A page that has one thing to say: what happened, and what one can do. */
export function Message(props: {
  title: string;
  text?: string | undefined;
  tone?: "quiet" | "fault";
  children?: ComponentChildren;
}) {
  return (
    <section
      class={props.tone === "fault" ? "message fault" : "message"}
      role={props.tone === "fault" ? "alert" : "status"}
    >
      <h1>{props.title}</h1>
      {props.text && <p>{props.text}</p>}
      {props.children && <div class="row">{props.children}</div>}
    </section>
  );
}

/** Lines where something will be. */
export function Skeleton({ lines = 3, label }: { lines?: number; label: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton-line" />
      ))}
    </div>
  );
}
