/** Loaded before a reviewer process: reports to the parent, when asked, what is alive after a collection. */
process.on('message', (asked) => {
  if (asked !== 'heap') return
  // The process has `--expose-gc`.
  globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  process.send?.(heapUsed + external)
})
// A parent that asks no more does not keep the process alive.
process.channel?.unref()
