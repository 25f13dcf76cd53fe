/** The mark: a lantern that is lit while somebody can be seen from outside. */
export function Lantern({ lit }: { lit: boolean }) {
  return (
    <svg class={lit ? "lantern lit" : "lantern"} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path class="lantern-glass" d="M10 13.5l1.2 12h9.6l1.2-12z" />
      <path class="lantern-frame" d="M12 7a4 4 0 0 1 8 0M10.5 9.5h11l2 4h-15zM10 13.5l1.2 12h9.6l1.2-12M9 28.5h14" />
      <path class="lantern-flame" d="M16 16.5c2 2.3 2.7 3.4 2.7 4.7a2.7 2.7 0 0 1-5.4 0c0-1.3.7-2.4 2.7-4.7z" />
    </svg>
  );
}
