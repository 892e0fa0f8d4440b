/** Who a link is: logins that are taken, refused, renewed and over, and whose sessions and rows those are. */
import { describe, expect, test } from 'vitest'
import { Desk, type DeskOptions, type HandAuthor } from '../testing/desk.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'
import { meBytes } from '../wire/signed.ts'
import type { Signer } from '../ports/signer.ts'
import type { Authenticate } from './login.ts'

/** `ann`, or `ann until 1234`, or words that refuse. */
const byName: Authenticate = (auth) => {
  if (auth === undefined) return 'sign in first'
  const [, personalId, until] = /^(\w+)(?: until (\d+))?$/.exec(auth) ?? []
  return personalId === undefined
    ? `no such token: ${auth}`
    : { personalId, claims: { told: auth }, ...(until && { expiresAt: Number(until) }) }
}

const open = (options: DeskOptions = {}): Promise<Desk> =>
  Desk.open({ authenticate: byName, ...options })

type Of<K> = ReviewerFrame & { readonly kind: K }
function heardOf<K extends ReviewerFrame['kind']>(author: HandAuthor, kind: K): readonly Of<K>[] {
  return author.heard.filter((frame): frame is Of<K> => frame.kind === kind)
}
const byes = (author: HandAuthor): unknown[] =>
  heardOf(author, 'bye').map(({ reason, code }) => [reason, code])
const refusals = (desk: Desk): string[] =>
  desk.events.flatMap((event) => (event.type === 'login_refused' ? [event.why] : []))
const strikes = (desk: Desk): number => desk.events.filter(({ type }) => type === 'strike').length
const idsOf = (author: HandAuthor): readonly string[] | undefined =>
  heardOf(author, 'me').at(-1)?.authorIds

/** Time passes also while nothing is due. */
async function passing(desk: Desk, ms: number): Promise<void> {
  desk.clock.after(ms, () => {})
  await desk.pass(ms)
}

const onlyHers: DeskOptions = {
  rules: {
    issue: {
      update: ({ samePerson }, _, row) =>
        samePerson(row.$createdBy) || 'only its author may edit this',
    },
  },
}

describe('AUTH1 a login', () => {
  test('WHO6 decides who binds, and rules are told of it', async () => {
    const asked: unknown[] = []
    const desk = await open({
      rules: { issue: { create: ({ person }) => (asked.push(person), true) } },
    })
    const ann = await desk.author('ann', 'ann')
    const message = ann.create('issue', { title: 'a' })
    await ann.offer(message)
    expect(ann.verdict(message)).toBe('accepted')
    expect(asked).toEqual([{ id: 'ann', proved: true, claims: { told: 'ann' } }])
    expect(heardOf(ann, 'bound')).toMatchObject([{ forMs: null, why: null }])
  })

  test('WHO6 that need not be proved is what the session claims', async () => {
    const asked: unknown[] = []
    const desk = await open({
      authenticate: () => null,
      rules: { issue: { create: ({ person }) => (asked.push(person), true) } },
    })
    const ann = await desk.author('ann', 'any token')
    await ann.offer(ann.create('issue', { title: 'a' }))
    expect(asked).toEqual([{ id: 'ann', proved: false, claims: undefined }])
    expect(heardOf(ann, 'me')).toEqual([])
  })

  test('is told the address of the link and the token, and may take its time', async () => {
    const asked: unknown[] = []
    let answer: (login: { personalId: string }) => void = () => {}
    const authenticate: Authenticate = (...given) => {
      asked.push(given)
      return new Promise((resolve) => (answer = resolve))
    }
    const desk = await open({ authenticate })
    const ann = await desk.author('ann', 'token')
    ann.send(authorFrame('want', { have: null, pages: null }))
    await desk.settle()
    expect(asked).toEqual([['token', { address: 'desk' }]])
    expect(ann.heard.map(({ kind }) => kind)).toEqual(['welcome'])
    answer({ personalId: 'ann' })
    await desk.settle()
    expect(ann.heard.map(({ kind }) => kind)).toEqual(['welcome', 'bound', 'me', 'through'])
  })
})

describe('AUTH2 a login that fails', () => {
  test.each([
    [null, 'sign in first'],
    ['stolen!', 'no such token: stolen!'],
    ['ann until 1735689600000', 'the login has expired'],
  ])('with the token %s, binds nothing, and ends the link with its reason', async (token, why) => {
    const desk = await open()
    const eve = await desk.author('ann', token)
    expect(byes(eve)).toEqual([[why, 'unauthorised']])
    expect(heardOf(eve, 'bound')).toEqual([])
    expect(desk.reviewer.state).toMatchObject({ connections: 0, sessions: 0 })
    expect(strikes(desk)).toBe(0)
  })

  test('has no token and no personal id in what is logged', async () => {
    const why = 'no token of ann-7 but t0ken.x+y: ann-71, not ann-7'
    const desk = await open({ authenticate: () => why })
    await desk.author('ann-7', 't0ken.x+y')
    expect(refusals(desk)).toEqual(['no token of … but …: ann-71, not …'])
  })

  test.each<[string, Authenticate]>([
    ['throws', () => Promise.reject(new Error('token t0ken cannot be checked'))],
    ['names nobody', () => ({ personalId: '' })],
    ['ends at no time', () => ({ personalId: 'ann', expiresAt: Number.NaN })],
  ])('because it %s refuses nobody: the client tries again', async (_, authenticate) => {
    const desk = await open({ authenticate })
    const ann = await desk.author('ann', 't0ken')
    expect(byes(ann)).toEqual([['the login cannot be checked now; try again', null]])
    const errors = desk.events.flatMap((event) =>
      event.type === 'login_failed' ? [event.error] : [],
    )
    expect(errors).toHaveLength(1)
    expect(errors.join()).not.toContain('t0ken')
  })
})

describe('AUTH3 the person of a session is that of the login', () => {
  test('a session that commits to another person is not bound, whoever has the token', async () => {
    const desk = await open()
    const mallory = await desk.author('mallory', 'ann')
    const why = 'a session is of another person than the login'
    expect(byes(mallory)).toEqual([[why, 'unauthorised']])
    expect(refusals(desk)).toEqual([why])
    expect(strikes(desk)).toBe(0)
  })

  test('beside sessions that are bound it is left out, and its sender told why', async () => {
    const desk = await open()
    const [ann, bob] = [await desk.author('ann', 'ann'), await desk.author('bob', 'bob')]
    // Who was Bob on this device is Ann now; his session still waits.
    const his = { ...(await bob.opening()), proof: await bob.proof(bob.sessionId, ann) }
    await ann.bind(await ann.opening(), his)
    expect(heardOf(ann, 'bound').at(-1)).toMatchObject({
      sessionIds: [ann.sessionId],
      why: 'a session is of another person than the login',
    })
    const own = ann.create('issue', { title: 'a' })
    await ann.offer(own)
    expect(ann.verdict(own)).toBe('accepted')
  })
})

describe('AUTH4 an author id is of the person whose login it was bound with', () => {
  test.each(['at once', 'after its first verdict', 'after a restart'])(
    '%s: not another login',
    async (when) => {
      const desk = await open()
      const ann = await desk.author('ann', 'ann')
      if (when !== 'at once') await ann.offer(ann.create('issue', { title: 'a' }))
      if (when === 'after a restart') await desk.restart({ authenticate: byName })
      // A thief of her key, with a login of their own, in a session of their own.
      const thief = ann.withPerson('mallory', 'mallory')
      await thief.connect()
      expect(byes(thief)).toEqual([
        ['this author id is of another person than the login', 'unauthorised'],
      ])
    },
  )

  test('nor nobody, where some need not prove who they are', async () => {
    const authenticate: Authenticate = (auth) => (auth === undefined ? null : { personalId: auth })
    const desk = await open({ authenticate })
    const ann = await desk.author('ann', 'ann')
    await ann.offer(ann.create('issue', { title: 'a' }))
    const thief = ann.withPerson('ann', null)
    await thief.connect()
    expect(byes(thief)).toEqual([
      ['this author id belongs to a person, and this link has no login', 'unauthorised'],
    ])
    const guest = await desk.author('guest')
    expect(heardOf(guest, 'bound')).toMatchObject([{ sessionIds: [guest.sessionId] }])
  })

  test('what was written before there was a login is whose login binds its author', async () => {
    const desk = await open({
      authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
      ...onlyHers,
    })
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    ann.leave()
    ann.token = 'ann'
    await ann.connect()
    const phone = await desk.author('ann', 'ann')
    const edit = phone.change([root], { title: 'b' })
    await phone.offer(edit)
    expect(phone.verdict(edit)).toBe('accepted')
  })
})

describe('AUTH5 a login that ends', () => {
  const until = (desk: Desk, ms: number): string => `ann until ${desk.clock.now() + ms}`

  test('is told with how long it is good, and ends its link with a nack for what is offered', async () => {
    const desk = await open()
    const ann = await desk.author('ann', until(desk, 30_000))
    const forMs = heardOf(ann, 'bound')[0]?.forMs
    expect(forMs).toBeGreaterThan(29_000)
    expect(forMs).toBeLessThanOrEqual(30_000)
    await passing(desk, 29_000)
    const before = ann.create('issue', { title: 'before' })
    await ann.offer(before)
    expect(ann.verdict(before)).toBe('accepted')
    expect(byes(ann)).toEqual([])
    // Its seal is still being checked when the login ends.
    const quick = { ...desk.signer }
    const slow: Pick<Signer, 'verify'> = {
      verify: async (...given) => {
        await new Promise<void>((done) => void desk.clock.after(50, done))
        return quick.verify(...given)
      },
    }
    Object.assign(desk.signer, slow)
    const late = ann.create('issue', { title: 'late' })
    const sig = await ann.seal(late.flush)
    await passing(desk, 980)
    ann.offerFlush(late.session, late.flush, sig)
    await desk.settle()
    Object.assign(desk.signer, quick)
    expect(ann.verdict(late)).toBe('nack unauthorised')
    expect(byes(ann)).toEqual([['the login has expired', 'unauthorised']])
    expect(desk.reviewer.state).toMatchObject({ connections: 0, accepted: 1 })
    ann.token = 'ann'
    await ann.connect()
    await ann.offer(late)
    expect(ann.verdict(late)).toBe('accepted')
  })

  test('sends no batch after its end, though the timer of a suspended process is late', async () => {
    const desk = await open()
    const ann = await desk.author('ann', until(desk, 30_000))
    const bob = await desk.author('bob', 'bob')
    await ann.follow()
    const tails = (): number => ann.heard.filter(({ kind }) => kind === 'tail').length
    await bob.offer(bob.create('issue', { title: 'before' }))
    const before = tails()
    expect(before).toBeGreaterThan(0)
    const { clock } = desk
    const monotonic = clock.monotonic.bind(clock)
    clock.monotonic = () => monotonic() + 60_000
    const late = bob.create('issue', { title: 'after' })
    await bob.offer(late)
    expect(bob.verdict(late)).toBe('accepted')
    expect(tails()).toBe(before)
    expect(byes(ann)).toEqual([['the login has expired', 'unauthorised']])
  })

  test('is renewed over the same link, and the later end counts', async () => {
    const desk = await open()
    const ann = await desk.author('ann', until(desk, 30_000))
    const fresh = until(desk, 90_000)
    await passing(desk, 20_000)
    const stale = ann.token
    ann.token = fresh
    await ann.bind(await ann.opening())
    ann.token = stale
    await ann.bind(await ann.opening()) // an old frame that came twice
    await passing(desk, 60_000)
    expect(byes(ann)).toEqual([])
    await passing(desk, 20_000)
    expect(byes(ann)).toEqual([['the login has expired', 'unauthorised']])
  })

  test('in a year is no timer that fires at once', async () => {
    const desk = await open()
    const ann = await desk.author('ann', until(desk, 365 * 86_400_000))
    await passing(desk, 3 * 86_400_000)
    expect(byes(ann)).toEqual([])
  })

  test('a link is of one person: the token of another ends it', async () => {
    const desk = await open()
    const ann = await desk.author('ann', 'ann')
    ann.token = 'bob'
    await ann.bind(await ann.opening())
    expect(byes(ann)).toEqual([['this link is of another person', 'unauthorised']])
  })
})

describe('AUTH6 what is offered is judged as what the person of the link writes', () => {
  test('a session that another link has bound is not this link’s', async () => {
    const desk = await open()
    const [ann, bob] = [await desk.author('ann', 'ann'), await desk.author('bob', 'bob')]
    const hers = ann.create('issue', { title: 'a' })
    bob.offerFlush(hers.session, hers.flush, await ann.seal(hers.flush))
    await desk.settle()
    expect(bob.verdict(hers)).toBe('nack not_bound')
    expect(desk.reviewer.state).toMatchObject({ accepted: 0, rejected: 0 })
    await ann.offer(hers)
    expect(ann.verdict(hers)).toBe('accepted')
  })

  test('and what throws in a rule is logged without the personal id', async () => {
    const desk = await open({
      rules: {
        issue: {
          create: ({ person }) => {
            throw new Error(`no rights for ${person.id}`)
          },
        },
      },
    })
    const ann = await desk.author('ann_7', 'ann_7')
    await ann.offer(ann.create('issue', { title: 'a' }))
    const failed = desk.events.find((event) => event.type === 'rule_failed')
    expect(failed).toMatchObject({ error: 'no rights for …' })
    expect(JSON.stringify(desk.events)).not.toContain('ann_7')
  })
})

describe('WHO8 a person, not a profile', () => {
  test('rules know the same person under another author id, and no other person', async () => {
    const desk = await open(onlyHers)
    const laptop = await desk.author('ann', 'ann')
    const [phone, bob] = [await desk.author('ann', 'ann'), await desk.author('bob', 'bob')]
    const root = laptop.create('issue', { title: 'a' })
    await laptop.offer(root)
    const [hers, his] = [phone.change([root], { title: 'b' }), bob.change([root], { title: 'c' })]
    await phone.offer(hers)
    await bob.offer(his)
    expect([phone.verdict(hers), bob.verdict(his)]).toEqual(['accepted', 'unauthorised'])
    await desk.restart({ authenticate: byName, ...onlyHers })
    await phone.connect()
    const next = phone.change([hers], { title: 'd' })
    await phone.offer(next)
    expect(phone.verdict(next)).toBe('accepted')
  })

  test('of what is offered together, too: an author whose first message is in the same commit', async () => {
    const desk = await open(onlyHers)
    const [laptop, phone] = [await desk.author('ann', 'ann'), await desk.author('ann', 'ann')]
    const bob = await desk.author('bob', 'bob')
    const root = laptop.create('issue', { title: 'a' })
    const messages = [
      bob.create('issue', { title: 'x' }),
      root,
      phone.change([root], { title: 'b' }),
    ]
    desk.spaces.faults = { ...desk.spaces.faults, latencyMs: () => 20 }
    for (const [i, author] of [bob, laptop, phone].entries()) {
      const { session, flush } = messages[i]!
      author.offerFlush(session, flush, await author.seal(flush))
      await desk.pass(5) // the first is being decided, the next two wait
    }
    laptop.leave()
    await desk.pass(1_000)
    expect(desk.reviewer.state).toMatchObject({ accepted: 3, rejected: 0 })
    expect(desk.events.filter(({ type }) => type === 'committed')).toHaveLength(2)
  })

  test('what is only claimed makes nobody the same', async () => {
    const desk = await open({ authenticate: () => null, ...onlyHers })
    const [ann, liar] = [await desk.author('ann'), await desk.author('ann')]
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const [own, lie] = [ann.change([root], { title: 'b' }), liar.change([root], { title: 'c' })]
    await ann.offer(own)
    await liar.offer(lie)
    expect([ann.verdict(own), liar.verdict(lie)]).toEqual(['accepted', 'unauthorised'])
  })

  test('of the table is read by key, what a rule asks for, once', async () => {
    const desk = await open(onlyHers)
    const laptop = await desk.author('ann', 'ann')
    const root = laptop.create('issue', { title: 'a' })
    await laptop.offer(root)
    laptop.leave()
    await desk.restart({ authenticate: byName, ...onlyHers })
    const tables = desk.spaces.tables(desk.reviewer.space)
    const asked: string[][] = []
    const authors = tables.authors.bind(tables)
    tables.authors = (ids) => (asked.push([...ids]), authors(ids))
    const phone = await desk.author('ann', 'ann')
    const edit = phone.change([root], { title: 'b' })
    await phone.offer(edit)
    await phone.offer(phone.change([edit], { title: 'c' }))
    expect(asked).toEqual([[phone.authorId], [laptop.authorId]])
  })
})

describe('WHO9 to a person alone their author ids are told', () => {
  test('after the bind, signed for the link, and again when there is another one', async () => {
    const desk = await open()
    const laptop = await desk.author('ann', 'ann')
    expect(idsOf(laptop)).toEqual([laptop.authorId])
    const bob = await desk.author('bob', 'bob')
    const phone = await desk.author('ann', 'ann')
    const both = [laptop.authorId, phone.authorId].sort()
    expect([idsOf(laptop), idsOf(phone), idsOf(bob)]).toEqual([both, both, [bob.authorId]])
    const [{ nonce, position }] = heardOf(phone, 'welcome') as [Of<'welcome'>]
    const [{ authorIds, sig }] = heardOf(phone, 'me') as [Of<'me'>]
    const bytes = meBytes(desk.reviewer.space, position, { nonce, authorIds })
    expect(await desk.signer.verify(desk.keys.publicKey, bytes, sig)).toBe(true)
  })

  test('of those that have written also after a restart, and no more than so many', async () => {
    const limits = { authorsToldMax: 2 }
    const desk = await open({ limits })
    const ids: string[] = []
    for (let no = 0; no < 3; no++) {
      const ann = await desk.author('ann', 'ann')
      await ann.offer(ann.create('issue', { title: `${no}` }))
      ids.push(ann.authorId)
      ann.leave()
    }
    await desk.restart({ authenticate: byName, limits })
    const phone = await desk.author('ann', 'ann')
    expect(idsOf(phone)).toHaveLength(2)
    expect([...ids, phone.authorId]).toEqual(expect.arrayContaining([...idsOf(phone)!]))
  })
})

describe('AUTH3 what nobody wrote', () => {
  const nobodyOr: Authenticate = (auth, peer) => (auth === undefined ? null : byName(auth, peer))
  const ANON = 'anonymous:n0b0dy'

  test('is the person’s whose login binds it with its key, for ever, and of nobody else', async () => {
    const desk = await open({ ...onlyHers, authenticate: nobodyOr })
    const nobody = await desk.author(ANON)
    const [phone, bob] = [await desk.author('ann', 'ann'), await desk.author('bob', 'bob')]
    const row = nobody.create('issue', { title: 'a' })
    await nobody.offer(row)
    const ann = await desk.author('ann', 'ann')
    const proof = await nobody.proof(nobody.sessionId, ann)
    await ann.bind(await ann.opening(), { ...(await nobody.opening()), proof })
    expect(heardOf(ann, 'bound').at(-1)).toMatchObject({ why: null })
    expect(idsOf(ann)).toEqual([ann.authorId, nobody.authorId, phone.authorId].sort())
    ann.leave()
    await desk.settle()
    // Nothing more is written under it; the next commit of anybody stores whose it is.
    await bob.offer(bob.create('issue', { title: 'b' }))
    await desk.restart({ ...onlyHers, authenticate: nobodyOr })
    await phone.connect()
    const edit = phone.change([row], { title: 'hers' })
    await phone.offer(edit)
    expect(phone.verdict(edit)).toBe('accepted')
    await bob.connect()
    const stolen = { ...(await nobody.opening()), proof: await nobody.proof(nobody.sessionId, bob) }
    await bob.bind(await bob.opening(), stolen)
    expect(heardOf(bob, 'bound').at(-1)).toMatchObject({
      why: 'this author id is of another person than the login',
    })
  })

  test('AUTH1 no login is of nobody', async () => {
    const desk = await open({ authenticate: () => ({ personalId: ANON }) })
    const ann = await desk.author(ANON, 'ann')
    expect(byes(ann)).toEqual([['the login cannot be checked now; try again', null]])
  })
})
