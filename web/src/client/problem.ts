/** Something the box refused, or could not be asked. */
export class Problem extends Error {
  /**
   * @param type the box's stable name for it; made here are `network` (the box was not reached), `timeout` (no answer in
   * time), `closed` (the connection ended first) and `protocol` (the answer made no sense)
   * @param title a sentence for people, in the box's words
   * @param status the HTTP status, 0 where there was none
   * @param request under which identifier the box's log has more, if the box said so
   */
  constructor(
    readonly type: string,
    title: string,
    readonly status = 0,
    readonly request: string | null = null,
  ) {
    super(title);
    this.name = "Problem";
  }

  /** Makes one of what the box sent, which is not trusted to be well-formed. */
  static from(value: unknown, status = 0): Problem {
    const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
    const type = typeof fields.type === "string" ? fields.type : "protocol";
    const title = typeof fields.title === "string" ? fields.title : `The box answered with ${status || "an error"}.`;
    const request = typeof fields.request === "string" ? fields.request : null;
    return new Problem(type, title, status, request);
  }
}
