/** One thing that was looked at. */
export interface Finding {
  /** What was looked at: `node`, `ODTO_REDIS_URL`. */
  readonly subject: string
  readonly state: "ok" | "wrong"
  readonly detail: string
  /** What to do about it; present exactly when something is wrong. */
  readonly fix?: string | undefined
}

export const ok = (subject: string, detail: string): Finding => ({ subject, state: "ok", detail })
export const wrong = (subject: string, detail: string, fix: string): Finding => ({
  subject,
  state: "wrong",
  detail,
  fix
})
