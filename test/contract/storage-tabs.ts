/**
 * Storage contract, many and one: several handles on one store, claims, closing and coming
 * back, and writes that are torn in their middle.
 */
import { StorageError, type WriteBatch } from '@countersign/core/ports'
import { expect, test } from 'vitest'
import {
  checkpoint,
  emptyState,
  expectTrouble,
  keysOf,
  mixed,
  noTrouble,
  open,
  run,
  segment,
  segmentsOf,
  snapshot,
  strict,
  type StorageFaults,
  type StorageFixture,
} from './storage-kit.ts'

export function sharing(make: () => StorageFixture): void {
  test('handles: what one handle wrote, another reads', async () => {
    const fixture = make()
    const one = await open(fixture)
    const other = await fixture.again().open(noTrouble)
    await one.write(strict({ segments: segmentsOf('a'), outboxAdd: ['a'] }))
    await other.write(strict({ segments: segmentsOf('b'), outboxRemove: ['a'] }))
    expect(await one.read()).toEqual(await other.read())
    expect(keysOf((await one.read()).segments)).toEqual(['a', 'b'])
  })

  test('handles: two fixtures share nothing', async () => {
    const one = await open(make())
    await one.write(strict({ segments: segmentsOf('a') }))
    expect(await (await open(make())).read()).toEqual(emptyState)
  })

  test('spaces: what is kept in one is not there in another', async () => {
    const fixture = make()
    const one = await fixture.storage.open(noTrouble, 'one')
    const other = await fixture.storage.open(noTrouble, 'two')
    expect(await one.claim('whoami', 'first')).toBe('first')
    await one.write(strict({ segments: mixed(1), outboxAdd: ['own1'], meta: [['k', 1]] }))
    await one.write(snapshot(5, 'page'))
    expect(await other.read()).toEqual(emptyState)
    expect(await other.claim('whoami', 'second')).toBe('second')
    // Lower ranks and the same keys: in one space they would be skipped.
    await other.write(run(2, 'tail1'))
    await other.write(strict({ segments: segmentsOf('own1'), outboxRemove: ['own1'], reset: true }))
    const kept = await (await fixture.again().open(noTrouble, 'one')).read()
    expect(keysOf(kept.segments)).toEqual(['own1', 'rej1'])
    expect([kept.outbox, kept.advance?.rank, kept.checkpoint?.rank]).toEqual([['own1'], 5, 5])
    expect(kept.meta.get('whoami')).toBe('first')
    const theirs = await (await fixture.again().open(noTrouble, 'two')).read()
    expect([keysOf(theirs.segments), theirs.advance]).toEqual([['own1'], undefined])
  })

  test('erase: deletes one place, for good, and the other places stay', async () => {
    const fixture = make()
    const one = await fixture.storage.open(noTrouble, 'one')
    const other = await fixture.storage.open(noTrouble, 'two')
    for (const handle of [one, other]) {
      await handle.write(strict({ segments: mixed(1), outboxAdd: ['own1'], meta: [['k', 1]] }))
      await handle.write(snapshot(5, 'page'))
    }
    await one.erase()
    await expectTrouble(one.write(strict({ segments: segmentsOf('late') })), 'closed')
    const again = await fixture.again().open(noTrouble, 'one')
    expect(await again.read()).toEqual(emptyState)
    expect(await again.waiting()).toEqual([])
    expect(await again.claim('k', 2)).toBe(2)
    expect((await other.read()).outbox).toEqual(['own1'])
  })

  test('erase: another tab on it never writes again, and is notified once', async () => {
    const fixture = make()
    const heard: string[] = []
    const stale = await fixture.again().open((trouble) => heard.push(trouble), 'one')
    await stale.write(strict({ segments: segmentsOf('a') }))
    await (await fixture.storage.open(noTrouble, 'one')).erase()
    const fresh = await fixture.again().open(noTrouble, 'one')
    await fresh.write(strict({ segments: segmentsOf('b') }))
    await expectTrouble(stale.write(strict({ segments: segmentsOf('c') })), 'closed')
    await expectTrouble(stale.read(), 'closed')
    expect(heard).toEqual(['closed'])
    expect(keysOf((await fresh.read()).segments)).toEqual(['b'])
  })

  test('claim: stores a value once, and returns it to later claims', async () => {
    const fixture = make()
    const handle = await open(fixture)
    expect(await handle.claim('session', 'mine')).toBe('mine')
    expect(await handle.claim('session', 'other')).toBe('mine')
    expect(await (await open(fixture)).claim('session', 'third')).toBe('mine')
    expect((await handle.read()).meta).toEqual(new Map([['session', 'mine']]))
  })

  test('claim: of many tabs at once, all get the same value', async () => {
    const fixture = make()
    const tabs = await Promise.all(Array.from({ length: 6 }, () => open(fixture)))
    const won = await Promise.all(tabs.map((tab, index) => tab.claim('k', `tab ${index}`)))
    expect(new Set(won).size).toBe(1)
    expect((await tabs[0]!.read()).meta.get('k')).toBe(won[0])
  })

  test.for([0, '', false, null])('claim: %j is a value like any other', async (value) => {
    const handle = await open(make())
    await handle.write(strict({ meta: [['k', value]] }))
    expect(await handle.claim('k', 'other')).toBe(value)
  })

  test('meta: a write replaces what was claimed, and only that', async () => {
    const handle = await open(make())
    await handle.claim('a', 1)
    await handle.claim('b', 2)
    await handle.write(strict({ meta: [['a', 3]] }))
    const { meta } = await handle.read()
    expect(Object.fromEntries(meta)).toEqual({ a: 3, b: 2 })
  })
}

export function lifetime(make: () => StorageFixture): void {
  test('close: waits for the writes called before it, and may be called again', async () => {
    const fixture = make()
    const handle = await open(fixture)
    const settled: string[] = []
    const writes = ['a', 'b', 'c'].map(async (key) => {
      await handle.write(strict({ segments: segmentsOf(key) }))
      settled.push(key)
    })
    const closing = Promise.all([handle.close(), handle.close()])
    await closing
    expect(settled).toEqual(['a', 'b', 'c'])
    await Promise.all([...writes, handle.close()])
    const { segments } = await (await fixture.again().open(noTrouble)).read()
    expect(keysOf(segments)).toEqual(['a', 'b', 'c'])
  })

  test('close: later calls reject as closed and store nothing', async () => {
    const fixture = make()
    const handle = await open(fixture)
    await handle.close()
    await expectTrouble(handle.write(strict({ segments: segmentsOf('a') })), 'closed')
    await expectTrouble(handle.read(), 'closed')
    await expectTrouble(handle.claim('k', 1), 'closed')
    expect(await (await open(fixture)).read()).toEqual(emptyState)
  })

  test('close: leaves the other handles alone', async () => {
    const fixture = make()
    const one = await open(fixture)
    const other = await open(fixture)
    await one.close()
    await other.write(strict({ segments: segmentsOf('a') }))
    expect(keysOf((await other.read()).segments)).toEqual(['a'])
  })

  test('reopen: everything reads the same', async () => {
    const fixture = make()
    const handle = await open(fixture)
    await handle.write({
      ...run(3, 'unused'),
      segments: [...mixed(2), ...mixed(3)],
      outboxAdd: ['own3', 'own2', 'stray', 'astray'],
      meta: [['m', { list: [1, 'two'], bytes: Uint8Array.of(1, 2, 3) }]],
      checkpoint: checkpoint(1, 'p0', 'p1'),
    })
    await handle.claim('c', 'claimed')
    const before = await handle.read()
    await handle.close()
    const after = await (await fixture.again().open(noTrouble)).read()
    expect(after).toEqual(before)
    expect(after.outbox).toEqual(['own2', 'own3', 'astray', 'stray'])
    expect(after.segments).toHaveLength(6)
  })
}

export function tearing(make: () => StorageFixture, faults: StorageFaults): void {
  const whole: WriteBatch = {
    ...run(9, 'new'),
    segments: [...mixed(2), segment('extra')],
    checkpoint: checkpoint(9, 'new', 'new'),
    outboxAdd: ['own2', 'extra'],
    outboxRemove: ['own1'],
    meta: [
      ['k', 'new'],
      ['l', 'new'],
    ],
    reset: true,
  }

  test.for([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
    'atomic: a write torn after %i records stores nothing, and the next one works',
    async (records) => {
      const handle = await open(make())
      await handle.write({
        ...run(3, 'unused'),
        segments: mixed(1),
        checkpoint: checkpoint(3, 'old', 'old', 'old'),
        outboxAdd: ['own1'],
        meta: [['k', 'old']],
      })
      const before = await handle.read()
      const mend = faults.tearWriteAfter(records)
      const torn = handle.write(whole)
      await expect(torn).rejects.toBeInstanceOf(StorageError)
      mend()
      expect(await handle.read()).toEqual(before)
      await handle.write(whole)
      const after = await handle.read()
      expect(after.advance?.rank).toBe(9)
      expect(after.meta.get('l')).toBe('new')
    },
  )

  test('atomic: a write that fails does not stop those called after it', async () => {
    const handle = await open(make())
    const mend = faults.tearWriteAfter(0)
    const torn = handle.write(strict({ segments: segmentsOf('a') }))
    const later = handle.write(strict({ segments: segmentsOf('b') }))
    await expect(torn).rejects.toBeInstanceOf(StorageError)
    await later
    mend()
    expect(keysOf((await handle.read()).segments)).toEqual(['b'])
  })
}
