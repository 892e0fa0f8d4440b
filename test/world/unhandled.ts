/** A rejection that nobody handles is a fault of the run in which it happens. */
export async function withUnhandled(
  failed: (error: unknown) => void,
  run: () => Promise<void>,
): Promise<void> {
  process.on('unhandledRejection', failed)
  try {
    await run()
  } finally {
    process.off('unhandledRejection', failed)
  }
}

/** What happened, for the fault S0. */
export function unhandledText(error: unknown): string {
  return `unhandled: ${error instanceof Error ? error.stack : String(error)}`
}
