/** Compares V8's heap with its live objects, in a process of its own, with and without the settings. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** Keeps the last 20,000 of many objects, like a cache. Prints the maximum heap size, in MB, by heap space. */
const program = `
  import { getHeapSpaceStatistics } from 'node:v8'
  const kept = []
  const most = { new_space: 0, old_space: 0 }
  for (let n = 0; n < 1_000_000; n++) {
    kept[n % 20_000] = { n, texts: Array.from({ length: 20 }, (_, i) => 'text ' + n + i) }
    if (n % 5_000 > 0) continue
    for (const { space_name: name, space_size: bytes } of getHeapSpaceStatistics())
      if (name in most) most[name] = Math.max(most[name], bytes / 1_048_576)
  }
  console.log(JSON.stringify(most))
`

interface Most {
  readonly new_space: number
  readonly old_space: number
}

function heapOf(source: string): Most {
  const flags = ['--conditions=@countersign/source', '--input-type=module', '--eval', source]
  return JSON.parse(execFileSync(process.execPath, flags, { encoding: 'utf8' })) as Most
}

test('the heap stays close to what is alive in it', { timeout: 60_000 }, () => {
  const settings = new URL('memory.ts', import.meta.url).href
  const plain = heapOf(program)
  const bounded = heapOf(`import ${JSON.stringify(settings)}\n${program}`)
  expect(bounded.new_space).toBeLessThan(plain.new_space / 3)
  expect(bounded.new_space + bounded.old_space).toBeLessThan(
    (plain.new_space + plain.old_space) * 0.6,
  )
})
