/**
 * What was accepted in a world of erasures, and what is erased of it: read from the commits alone. A text
 * is gone when each message that has written it is from before a record that erases its field.
 */
import type { Commit } from '@countersign/core/ports'
import { readBatch } from '@countersign/core/protocol'
import { SPACE } from '../truth.ts'
import { must } from '../violation.ts'

interface Written {
  readonly entityId: string
  readonly reg: string
  readonly seq: number
}

const TOKEN = /t\d+~/g

export class ErasureTruth {
  readonly #written = new Map<string, Written[]>()
  readonly #erasures: Written[] = []

  /** How many records there are. */
  get erasures(): number {
    return this.#erasures.length
  }

  commit({ batch }: Commit): void {
    if (!batch) return
    const text = batch.text.slice(0, batch.text.lastIndexOf('\n'))
    const before = { seq: batch.fromSeq - 1, chain: '' }
    const read = readBatch(text, { space: SPACE, before, sessions: [], own: () => undefined })
    must(read.ok, 'S17', () => `a stored batch is not read: ${read.ok ? '' : read.error.message}`)
    const { accepted, redact } = read.value
    for (const { seq, message } of accepted)
      for (const { entityId, shape, values } of message!.changes)
        for (const [i, reg] of shape.regs.entries())
          for (const token of tokensIn(JSON.stringify(values[i]))) {
            const known = this.#written.get(token)
            if (known) known.push({ entityId, reg, seq })
            else this.#written.set(token, [{ entityId, reg, seq }])
          }
    if (redact)
      for (const reg of redact.regs)
        this.#erasures.push({ entityId: redact.entityId, reg, seq: redact.seq })
  }

  /** The first text that is gone as of a seq, among those of a text. */
  goneIn(text: string, seq = Infinity): string | undefined {
    if (this.#erasures.length === 0) return undefined
    return tokensIn(text).find((token) => this.#isGone(token, seq))
  }

  #isGone(token: string, upTo: number): boolean {
    const written = this.#written.get(token)
    return written?.every((one) => this.#isErased(one, upTo)) ?? false
  }

  #isErased({ entityId, reg, seq }: Written, upTo: number): boolean {
    return this.#erasures.some(
      (one) => one.entityId === entityId && one.reg === reg && seq < one.seq && one.seq <= upTo,
    )
  }

  /** Whether something was written to a field since it was erased last. */
  isWrittenSince(entityId: string, reg: string): boolean {
    const isOf = (one: Written): boolean => one.entityId === entityId && one.reg === reg
    const erased = Math.max(0, ...this.#erasures.filter(isOf).map(({ seq }) => seq))
    return [...this.#written.values()].flat().some((one) => isOf(one) && one.seq > erased)
  }
}

function tokensIn(text: string): readonly string[] {
  return text.match(TOKEN) ?? []
}
