/** What the verbs that bring many rows or messages take and report. */

/** The result of an import: complete, or up to the abort. */
export interface ImportReport {
  readonly messages: number
  /** How many of the given rows are imported, counted from the first: `from` of a resumed run. */
  readonly rows: number
  /** Of these, rows with an `id` that existed already, with the same values. */
  readonly skipped: number
}

/** The start offset of an import, its progress callback, and its abort signal. */
export interface ImportOptions {
  /**
   * Rows to skip at the start of the list, because an earlier run imported them. Not needed for
   * rows with an `id`: existing ones with the same values are skipped.
   */
  readonly from?: number
  /** Called as rows become durable on this device: rows so far, rows in total. */
  readonly onProgress?: (done: number, all: number) => void
  readonly signal?: { readonly aborted: boolean }
}

/** What `importUnsent` did with the messages of a text. */
export interface UnsentReport {
  /** Written as new messages. */
  readonly written: number
  /** Here, imported or accepted already. */
  readonly skipped: number
  /** Could not be written, and why. A later import tries them again. */
  readonly left: readonly { readonly timestamp: number; readonly why: string }[]
}
