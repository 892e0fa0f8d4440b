/** An unhandled rejection is a fault of its run. */
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

/** The rejections, for the fault S0. */
export function unhandledText(error: unknown): string {
  return `unhandled: ${error instanceof Error ? error.stack : String(error)}`
}
