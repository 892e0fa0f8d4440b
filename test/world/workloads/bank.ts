/**
 * W3: a bank. Tellers move money between accounts by messages that expect the heads they have
 * read, so the author of an accepted one had seen everything: the sum is the same at every seq, on every
 * screen and inside every emission. Customers write notes on the same accounts meanwhile. That makes
 * expectations fail, and must not change the sum; some of the customers move money themselves.
 */
import type { AnyRow, Receipt, RefusedMessage } from '@countersign/core'
import { ACCOUNT_IDS, Account, OPENING_BALANCE } from '../entities.ts'
import type { Past, Read, StrangeChange } from '../strange-flush.ts'
import { type Strange, USUAL, type Writing, readAt } from '../strange-messages.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'
import { RandomVerbs } from './random-verbs.ts'

const SUM = ACCOUNT_IDS.length * OPENING_BALANCE

export class Bank extends RandomVerbs {
  /** Customers write notes, and have other things to do. */
  protected override verb(visit: Visit, written: Set<string>): Receipt {
    const accounts = visit.watch!.rows(Account)
    if (accounts.length === 0 || this.random.chance(0.3)) return super.verb(visit, written)
    const { id } = this.random.pick(accounts)
    written.add(id)
    return visit.store.update(Account, id, { note: `note ${this.random.below(9)}` })
  }

  override write(visit: Visit): void {
    const accounts = visit.watch!.rows(Account)
    if (accounts.length > 1 && this.random.chance(0.3)) this.#pay(visit, accounts)
    else super.write(visit)
  }

  /** A payment was computed from outdated balances. */
  protected override mayReauthor({ changes }: RefusedMessage): boolean {
    return !changes.some(({ values }) => 'balance' in values)
  }

  /** Moves money from one account to another, computed from the rows on screen. */
  #pay(visit: Visit, accounts: readonly AnyRow[]): void {
    const [from, to] = this.random.sample(accounts, 2)
    const amount = this.random.below(30)
    const balanceOf = (row: AnyRow): number => row['balance'] as number
    this.guarded(visit, () => {
      const { store } = visit
      const expect = [from!, to!].map(({ id }) => ({ entity: Account, id }))
      const { receipt } = store.transact(
        () => {
          store.update(Account, from!.id, { balance: balanceOf(from!) - amount })
          store.update(Account, to!.id, { balance: balanceOf(to!) + amount })
        },
        { expect },
      )
      return { receipts: [receipt!], ids: new Set([from!.id, to!.id]) }
    })
  }

  override strange(author: Writing): readonly Strange[] {
    const { truth, random } = author
    if (random.chance(0.1)) return super.strange(author)
    const seq = random.chance(0.7) ? truth.seq : random.below(truth.seq + 1)
    const open = ACCOUNT_IDS.flatMap((id) => {
      const history = truth.history(id)
      const mask = history?.acceptedAt(seq) ?? 0n
      return mask === 0n ? [] : [{ history: history!, mask }]
    })
    const read = random.chance(0.4) ? readAt(author, seq) : undefined
    return [open.length === 0 ? opening(author) : transfer(author, open, read)]
  }

  override check({ watch, name }: Visit): void {
    const rows = watch!.rows(Account)
    // A pending message may be refused, so its rows are only a prediction.
    if (rows.length === 0 || rows.some(({ $state }) => $state !== 'canonical')) return
    const sum = rows.reduce((total, row) => total + (row['balance'] as number), 0)
    must(sum === SUM, 'S6', () => `${name} sees ${sum} in ${rows.length} accounts, not ${SUM}`)
    const split = rows.find((row) => row.$conflicts['balance'])
    must(!split, 'S10', () => `${name} sees two balances of ${split!.id}`)
  }

  override checkFinally(): void {
    const { truth, tally } = this.world
    const balances = new Map<string, number>()
    for (const { oracle, name, seq } of truth.accepted) {
      const moved = oracle.changes.filter(({ set }) => 'balance' in set)
      for (const { entity, set } of moved) balances.set(entity, set['balance'] as number)
      if (moved.length === 0) continue
      tally.hit('transfer accepted')
      const sum = [...balances.values()].reduce((a, b) => a + b, 0)
      must(sum === SUM, 'S10', () => `after ${name} at ${seq} the accounts hold ${sum}, not ${SUM}`)
    }
  }
}

/** Creates all accounts in one message. Of several that try, one is accepted. */
function opening(author: Writing): Strange {
  const set = { balance: OPENING_BALANCE, note: '' }
  const changes = ACCOUNT_IDS.map((entityId): StrangeChange => ({
    type: Account.name,
    entityId,
    kind: 'create',
    parents: [],
    set,
  }))
  return { message: author.message(changes), allowed: [...USUAL, 'entity_exists'] }
}

/** Moves money from one account to one or two others, if none of them has changed meanwhile. */
function transfer(author: Writing, open: readonly Past[], read: Read | undefined): Strange {
  const { random } = author
  const [from, ...to] = random.sample(open, random.between(2, 3))
  const amounts = to.map(() => random.below(30))
  const paid = amounts.reduce((a, b) => a + b, 0)
  const parts = [{ ...from!, by: -paid }, ...to.map((each, i) => ({ ...each, by: amounts[i]! }))]
  const changes = parts.map(({ history, mask, by }): StrangeChange => {
    const { heads, live } = history.expected(mask)
    const balance = (live.get('balance')![0]!.value as number) + by
    const place = { type: Account.name, entityId: history.id, kind: 'update' } as const
    return { ...place, parents: heads, set: { balance } }
  })
  const message = author.message(changes, { expect: parts, read })
  return { message, allowed: [...USUAL, 'precondition_failed'] }
}
