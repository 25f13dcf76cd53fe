/** Whether a key press belongs to something else: a text field, a choice, a slider, or a shortcut of the browser. */
export function typing(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return true;
  const target = event.target;
  return (
    target instanceof Element &&
    target.closest("input:not([type=range]), textarea, select, [contenteditable], dialog") !== null
  );
}
