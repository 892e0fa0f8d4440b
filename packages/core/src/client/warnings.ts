/**
 * Console warnings in development, about problems that a retry does not solve. For developers; apps
 * show `store.status` to their users. Their sentences load with the first of them.
 */
import { Part } from './part.ts'
import type { WarningTexts } from './warning-texts.ts'

export const WARNINGS: Part<{ readonly WarningTexts: typeof WarningTexts }> =
  /* @__PURE__ */ new Part(() => import('./warning-texts.ts'))

export class Warnings {
  readonly #warn: ((text: string) => void) | undefined
  #texts: WarningTexts | undefined

  /** Without `warn`, nothing is logged. */
  constructor(warn: ((text: string) => void) | undefined) {
    this.#warn = warn
  }

  /** Logs what `task` finds. */
  about(task: (texts: WarningTexts) => void): void {
    const warn = this.#warn
    if (!warn) return
    const logged = WARNINGS.load().then((part) => {
      task((this.#texts ??= new part.WarningTexts(warn)))
    })
    logged.catch((error: unknown) => warn(String(error)))
  }
}
