/**
 * Listens to the store, the wire and the disks of a world: what passes there is the truth with which all
 * else is compared, and is checked against the invariants at once. Counts the rare branches that were
 * reached, because a green world that reached none of them proves nothing.
 */
import type { AuthoredMessage } from '@countersign/core/message'
import { LIMITS, whoamiId } from '@countersign/core/message'
import type { Limits } from '@countersign/core/testing'
import type { Commit, WriteBatch, WriteBehind } from '@countersign/core/ports'
import {
  type AuthorFrame,
  type ReviewerFrame,
  FrameJoiner,
  parseAuthorFrame,
  parseReviewerFrame,
} from '@countersign/core/protocol'
import type { Direction } from '@countersign/core/testing'
import type { Device } from './device.ts'
import {
  s10ContestedAreTrue,
  s10Decisions,
  s10RefusalsAreTrue,
  s11Chain,
  s17AcceptedBounds,
  s17NoLieIsAccepted,
  s23VerdictStability,
  s9SeenIsAncestry,
  s5ExactlyOnce,
  s7Closure,
  sVerdictAllowed,
} from './invariants/commit.ts'
import { FloodQuota } from './invariants/quotas.ts'
import { LoginEnds, s18ToldTheirOwn } from './invariants/persons.ts'
import {
  type Telling,
  s27NothingStanding,
  s27NothingWithheld,
  s27NothingWritten,
} from './invariants/parts.ts'
import { s24Ledger, s24States } from './invariants/stored.ts'
import { s19NothingIsLost, s19RefusalsAreNeeded } from './invariants/versions.ts'
import {
  s16AckAfterCommit,
  s16HiddenAreOwn,
  s17AuthorFrame,
  s17FrameSize,
  s17NoLieIsBound,
  s4CheckedBeforeSent,
  s4QueuedBeforeSent,
} from './invariants/wire.ts'
import { lieAt, refusedName } from './lies.ts'
import type { Stage } from './stage.ts'
import type { Build } from './versioned.ts'
import { ToldSnapshots } from './told-snapshots.ts'
import { SPACE, rejectionsOf } from './truth.ts'
import { Violation } from './violation.ts'
import type { Visit } from './visit.ts'

/** The parts of the world that it uses beyond the stage. */
export interface ObservedStage extends Stage {
  /** The reasons for which the reviewer may refuse a message. */
  allowedFor(id: string): readonly string[]
  /** The visit that is open under that name. */
  visitOf(name: string): Visit | undefined
  /** Of the reviewers that are there. */
  readonly reviewerBuilds: readonly Build[]
  /** How many reviewers have been started. */
  readonly reviewers: number
}

export class Observer {
  readonly #stage: ObservedStage
  /** One text is sent to many: it is parsed and checked once. */
  readonly #joiners = {
    up: new WeakMap<object, FrameJoiner>(),
    down: new WeakMap<object, FrameJoiner>(),
  }
  #lastDown: { readonly text: string; readonly frame: ReviewerFrame | undefined } | undefined
  readonly #snapshots: ToldSnapshots
  readonly #nacked = new Set<string>()
  readonly #offeredBy = new Map<string, string>()
  /** The offered messages, by the name of the offerer and their ids. */
  readonly #offers = new Set<string>()

  /** Where there are logins. */
  readonly #logins: LoginEnds | undefined

  /** Present where a client floods. */
  readonly #quota: FloodQuota | undefined

  /** Of replicas and reviewer alike. */
  readonly #limits: Limits

  constructor(stage: ObservedStage) {
    this.#stage = stage
    this.#snapshots = new ToldSnapshots(stage.truth)
    this.#logins = stage.logins && new LoginEnds(stage.logins)
    this.#limits = { ...LIMITS, ...stage.plan.bounds }
    const { floods, reviewerBounds } = stage.plan
    if (floods > 0) this.#quota = new FloodQuota(stage.truth, { ...LIMITS, ...reviewerBounds })
  }

  committed(commit: Commit): void {
    const { truth, plan, tally, spaces } = this.#stage
    if (!truth.chainAt.has(0)) {
      const epoch = spaces.tables(SPACE).meta('epoch')!
      const { chain, eid } = JSON.parse(epoch) as { readonly chain: string; readonly eid: string }
      truth.chainAt.set(0, chain)
      truth.eid = eid
    }
    const batches = truth.batchesOf(commit)
    s17NoLieIsAccepted(truth, batches, { holdsFewChains: plan.bounds.heldChainsMax !== undefined })
    s5ExactlyOnce(truth, batches)
    s11Chain(truth, batches, commit)
    s23VerdictStability(truth, batches, commit)
    sVerdictAllowed(commit, (id) => this.#stage.allowedFor(id))
    s19RefusalsAreNeeded(truth, commit, this.#stage.reviewerBuilds)
    const before = truth.seq
    truth.commit(batches, commit)
    this.#quota?.committed(batches, {
      nowMs: this.#stage.clock.monotonic(),
      reviewers: this.#stage.reviewers,
    })
    s24Ledger(truth, batches, commit, spaces.tables(SPACE))
    s7Closure(truth, batches)
    s9SeenIsAncestry(truth, batches)
    s10Decisions(truth, batches)
    s19NothingIsLost(truth, batches, this.#stage.reviewerBuilds)
    const bounds = { ...this.#limits, ...plan.limits }
    s10RefusalsAreTrue(truth, commit)
    s10ContestedAreTrue(truth, commit, { before, ...bounds })
    s17AcceptedBounds(truth, batches, bounds)
    this.#withheld(commit, before)
    this.#stage.note('R', () => this.#committedText(before, commit))
    for (const { text, messages } of batches) {
      const [, , , flushes] = JSON.parse(text.slice(0, Math.max(0, text.indexOf('\n')))) as [
        string,
        number,
        number,
        readonly (readonly unknown[])[],
      ]
      if (flushes.length > 1) tally.hit('group commit of several offers')
      if (flushes.some(([, taken]) => taken)) tally.hit('flush accepted in part')
      if (flushes.some(([, , names]) => names)) tally.hit('entity named by a line that is not told')
      for (const message of messages) this.#tallyAccepted(message)
    }
    for (const { msgId, reason } of rejectionsOf(commit)) {
      tally.hit(`rejected: ${reason}`)
      const lie = truth.lies.get(msgId)
      if (lie?.reason === reason) tally.hit(refusedName(lie.name))
    }
  }

  /** Where some rows are withheld: what was committed after a seq, and who may know of it. */
  #withheld(commit: Commit, before: number): void {
    const { truth, secrets, logins } = this.#stage
    if (!secrets || !logins) return
    const telling = (message: AuthoredMessage): Telling => {
      const person = logins.personOfAuthor(message.session.facts.authorId)!
      return { truth, secrets, person }
    }
    for (const fact of truth.accepted.slice(before)) s27NothingWritten(fact, telling(fact.message))
    for (const rejection of rejectionsOf(commit)) {
      const message = truth.facts.message(rejection.msgId)
      if (message) s27NothingStanding(rejection, before, telling(message))
    }
  }

  wroteBehind(write: WriteBehind): void {
    s24States(this.#stage.truth, write)
    this.#stage.note('R', () => `writes its states up to ${write.through}`)
  }

  sent(direction: Direction, name: string, text: string, link: object): void {
    s17FrameSize(text, this.#limits)
    const joined = this.#joiner(direction, link).take(text)
    if (joined.kind === 'waiting') this.#stage.tally.hit('frame in parts')
    if (joined.kind !== 'frame') return
    if (direction === 'up' && lieAt(name))
      this.#stage.note('L', () => `-> ${joined.text.slice(0, 40)}…`)
    else if (direction === 'up') this.#heardUp(name, joined.text)
    else this.#heardDown(link, name, joined.text)
  }

  /** Frames are seen in the moment of their sending, so parts come whole and in order. */
  #joiner(direction: Direction, link: object): FrameJoiner {
    const joiners = this.#joiners[direction]
    let joiner = joiners.get(link)
    if (!joiner) joiners.set(link, (joiner = new FrameJoiner(this.#limits.reviewerFrameBytesMax)))
    return joiner
  }

  applied(device: Device, batch: WriteBatch): void {
    const { truth, tally } = this.#stage
    truth.stored(batch)
    if (batch.checkpoint) {
      tally.hit('checkpoint written')
      // Its position, and a page for each slice.
      if (batch.checkpoint.pages.length > 2) tally.hit('checkpoint of several slices')
    } else if (batch.reset) {
      tally.hit('canonical state begun anew')
      this.#stage.note(device.name, () => 'begins its canonical state anew')
    }
    if (batch.segments?.some(({ kind }) => kind === 'rejections')) tally.hit('rejection stored')
  }

  durable(device: Device, batch: WriteBatch): void {
    const { truth } = this.#stage
    truth.drafted(device.name, batch)
    const durable = truth.durableOf(device.name)
    for (const { id, session } of truth.stored(batch)) {
      durable.add(id)
      if (device.mute.has(session.facts.sessionId)) device.lost.add(id)
    }
  }

  #heardUp(name: string, text: string): void {
    const frame = parseAuthorFrame(text)
    const parsed: AuthorFrame | undefined = frame.ok ? frame.value : undefined
    this.#stage.note(name, () => `-> ${this.#textOf(text, parsed)}`)
    if (!parsed) return
    this.#logins?.up(name, parsed)
    const { truth } = this.#stage
    if (parsed.kind === 'follow' && parsed.anew && parsed.no > 1)
      this.#stage.tally.hit('states asked for anew')
    if (parsed.kind === 'bind')
      for (const opening of parsed.sessions) truth.openings.set(opening.sessionId, opening)
    const messages = parsed.kind === 'offer' ? this.#offered(parsed.texts) : []
    s17AuthorFrame(parsed, messages, this.#limits)
    const visit = this.#stage.visitOf(name)
    if (visit && !visit.troubled) s4QueuedBeforeSent(truth, visit.device.name, messages)
    if (visit?.watch) {
      const { sessionId } = visit.store.status.getState()
      const seq = visit.watch.position?.seq ?? 0
      s4CheckedBeforeSent(truth, { device: visit.device.name, sessionId, seq }, messages)
    }
    for (const message of messages) this.#tallyOffer(name, message)
  }

  #offered(texts: string): readonly AuthoredMessage[] {
    const messages = this.#stage.truth.learnText(texts)
    if (typeof messages !== 'string') return messages
    throw new Violation('S17', `an offer cannot be read: ${messages}`)
  }

  #heardDown(link: object, name: string, text: string): void {
    if (this.#lastDown?.text !== text) {
      const parsed = parseReviewerFrame(text)
      this.#lastDown = { text, frame: parsed.ok ? parsed.value : undefined }
      if (parsed.ok) s16AckAfterCommit(this.#stage.truth, parsed.value)
    }
    const { frame } = this.#lastDown
    this.#stage.note('R', () => `-> ${name} ${this.#textOf(text, frame)}`)
    if (!frame) return
    this.#snapshots.heard(link, name, frame)
    this.#toldTo(name, frame)
    const lie = lieAt(name)
    if (lie) s17NoLieIsBound(frame, lie, (id) => !this.#stage.truth.openings.has(id))
    if (lie && frame.kind === 'nack' && frame.reason === lie.nacked)
      this.#stage.tally.hit(refusedName(lie.name))
    // It is repeated each time, and is in no commit.
    if (lie?.reason === 'seq_reused' && frame.kind === 'rejected')
      this.#stage.tally.hit(refusedName(lie.name))
    if (frame.kind === 'tail')
      s16HiddenAreOwn(this.#stage.truth, frame, (id) => this.#offers.has(`${name} ${id}`))
    this.#tallyDown(frame)
  }

  #toldTo(name: string, frame: ReviewerFrame): void {
    const { logins, clock, secrets, truth } = this.#stage
    if (!logins || lieAt(name)) return
    this.#logins!.down(name, frame, clock.now())
    // A tab is named after its device.
    const person = logins.personOf(name.startsWith('X') ? name : name.slice(0, 1))
    if (secrets) s27NothingWithheld(frame, { truth, secrets, person })
    if (frame.kind === 'states' && frame.gone.length > 0)
      this.#stage.tally.hit('row withheld from whoever had it')
    if (frame.kind === 'me') s18ToldTheirOwn(logins, frame.authorIds, person)
  }

  #tallyAccepted({ id, changes, session }: AuthoredMessage): void {
    const { tally, truth, keys } = this.#stage
    if (session.facts.authorId === whoamiId(keys.publicKey)) tally.hit('published by the reviewer')
    if (this.#nacked.has(id)) tally.hit('nacked, and accepted later')
    if (changes.length > 1) tally.hit('accepted with several entities')
    if (truth.isForked(truth.facts.get(id)!)) tally.hit('accepted as a fork')
    for (const { shape, entityId, keep, cut } of changes) {
      if (keep) tally.hit('accepted with keep')
      if (cut !== undefined) tally.hit('accepted with a cut')
      if (shape.kind === 'resolve') tally.hit('resolve accepted')
      if (shape.kind !== 'create') continue
      const history = truth.history(entityId)!
      const roots = history.facts.filter(({ seq, oracle }) =>
        oracle.changes.some(
          ({ entity, parents }) =>
            entity === history.id && seq !== undefined && parents.length === 0,
        ),
      )
      if (roots.length > 1) tally.hit('second root accepted')
    }
  }

  #tallyOffer(name: string, { id, session, changes }: AuthoredMessage): void {
    const { tally, truth } = this.#stage
    const deviceOf = (sessionId: string): string | undefined => truth.deviceOf.get(sessionId)
    for (const { sessionId } of changes.flatMap(({ parents }) => parents.others))
      if (deviceOf(sessionId) !== deviceOf(session.facts.sessionId))
        tally.hit('written on what was unverified')
    const first = this.#offeredBy.get(id)
    if (first !== undefined) tally.hit('offered again')
    if (truth.facts.get(id)?.seq !== undefined) tally.hit('offered again after its acceptance')
    if (truth.refused.has(id)) tally.hit('offered again after its rejection')
    const visit = this.#stage.visitOf(name)
    const isOwn = visit?.store.status.getState().sessionId === session.facts.sessionId
    if (visit && !isOwn && first !== name)
      tally.hit('offered by another visit than its author (handover)')
    this.#offeredBy.set(id, name)
    this.#offers.add(`${name} ${id}`)
  }

  #tallyDown(frame: ReviewerFrame): void {
    const { tally, truth } = this.#stage
    if (frame.kind === 'accepted') tally.hit('lost ack asked for again')
    if (frame.kind === 'states' && frame.kept.length > 0) tally.hit('state is not sent again')
    if (frame.kind === 'page') tally.hit('snapshot page sent')
    if (frame.kind === 'kept') tally.hit('snapshot pages not sent again')
    if (frame.kind === 'through' && frame.pages > 1) tally.hit('snapshot of several pages')
    if (frame.kind === 'tail' && this.#stage.plan.line) tally.hit('tail over a slow line')
    if (frame.kind === 'rejected' && frame.rejections.some(({ reason }) => reason === 'seq_reused'))
      tally.hit('rejected: seq_reused')
    if (frame.kind !== 'nack') return
    tally.hit(`nacked: ${frame.reason}`)
    for (const clientSeq of frame.clientSeqs)
      for (const { id } of truth.facts.numbered(frame.sessionId, clientSeq)) this.#nacked.add(id)
  }

  #committedText(before: number, commit: Commit): string {
    const { facts, accepted } = this.#stage.truth
    const taken = accepted.slice(before).map((fact) => `${fact.name}@${fact.seq}`)
    const refused = rejectionsOf(commit).map(
      ({ msgId, reason }) => `${facts.nameOf(msgId)}!${reason}`,
    )
    return `commits ${[...taken, ...refused].join(' ')}`
  }

  /** A frame in a few words. */
  #textOf(text: string, frame: AuthorFrame | ReviewerFrame | undefined): string {
    const { facts } = this.#stage.truth
    switch (frame?.kind) {
      case 'offer': {
        return `offer ${this.#offered(frame.texts)
          .map(({ id }) => facts.nameOf(id))
          .join(' ')}`
      }
      case 'hello':
        return `hello at ${frame.position?.seq ?? 'nothing'}`
      case 'want':
        return `want all since ${frame.have?.seq ?? 'nothing'}`
      case 'welcome':
      case 'through':
        return `${frame.kind} ${frame.position.seq}`
      case 'tail':
        return `tail to ${frame.position?.seq ?? 'more'} in ${frame.batches.length}`
      case 'follow':
        return `follow ${frame.no}${frame.anew ? ' anew' : ''} ${frame.scopes.length} scopes, ${frame.whole} of them whole at ${frame.have?.seq ?? 'nothing'}`
      case 'states':
        return `states ${frame.no} of ${frame.of} done ${frame.done} at ${frame.position.seq} with ${frame.texts.length} and ${frame.kept.length} kept${frame.more ? ', more' : ''}`
      case 'accepted':
        return `accepted ${frame.reviews.map(({ clientSeq, seq }) => `#${clientSeq}@${seq}`).join(' ')}`
      case 'rejected':
        return `rejected ${frame.rejections.map(({ msgId, reason }) => `${facts.nameOf(msgId)}!${reason}`).join(' ')}`
      case 'nack':
        return `nack ${frame.reason} ${frame.clientSeqs.map((seq) => `#${seq}`).join(' ')}`
      case 'bind':
        return `bind ${frame.sessions.length}`
      case 'bound':
        return `bound ${frame.sessionIds.length}`
      case 'bye':
        return `bye ${frame.reason}`
      default:
        return `${text.slice(0, 12)}… ${text.length}`
    }
  }
}
