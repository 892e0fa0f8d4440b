/**
 * What is hashed and what is signed in frames, found by the definitions of SPEC.md and not by the code
 * that made the frames: `text` is hashed after the tag and LF, `value` after the tag and NUL, as
 * canonical JSON.
 */
import { type HashTag, type LineTag, hash, hashLine } from '../src/base/hash.ts'
import type { Json } from '../src/base/json.ts'
import { shortId } from '../src/facts/ids.ts'
import type { Position } from '../src/facts/message.ts'
import {
  type AuthorFrame,
  type ReviewerFrame,
  linesInParts,
  parseAuthorFrame,
  parseReviewerFrame,
} from '../src/wire/frames.ts'
import type { SentFrame } from './stage.ts'

/** Of which frame, counted from 0. */
interface Hashed {
  readonly of: string
  readonly frame: number
  readonly tag: string
  readonly text?: string
  readonly value?: Json
  readonly hash: string
}

interface Signed {
  readonly of: string
  readonly frame: number
  readonly by: string
  readonly tag: string
  readonly value: Json
  readonly sig: string
}

type Parsed = AuthorFrame | ReviewerFrame

function parsed({ from, text }: SentFrame): Parsed {
  const read = from === 'author' ? parseAuthorFrame(text) : parseReviewerFrame(text)
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}

class Hashes {
  readonly found: Hashed[] = []

  /** Each once. */
  line(of: string, frame: number, tag: LineTag, text: string): string {
    return this.#note({ of, frame, tag, text, hash: hashLine(tag, text) })
  }

  value(of: string, frame: number, tag: HashTag, value: Json): string {
    return this.#note({ of, frame, tag, value, hash: hash(tag, value) })
  }

  #note(hashed: Hashed): string {
    if (!this.found.some((known) => known.hash === hashed.hash)) this.found.push(hashed)
    return hashed.hash
  }
}

/** `parties`: whose ids are hashes of their keys. */
export function hashesIn(
  frames: readonly SentFrame[],
  parties: readonly { readonly publicKey: string }[],
): Json {
  const hashes = new Hashes()
  for (const { publicKey } of parties) hashes.value('id of a key', 0, 'cs/whoami', publicKey)
  let chain = ''
  for (const [at, sent] of frames.entries()) {
    const frame = parsed(sent)
    if (frame.kind === 'welcome' && chain === '') chain = ofEpoch(hashes, at, frame)
    else if (frame.kind === 'bind') ofBind(hashes, at, frame, spaceOf(frames))
    else if (frame.kind === 'offer') ofFlush(hashes, at, frame.texts.split('\n'))
    else if (frame.kind === 'tail') {
      for (const text of linesInParts(frame.texts, frame.batches)!) {
        // Others get the same batch in another form.
        const known = hashes.found.some(
          ({ tag, text: line }) => tag === 'cs/first' && text.startsWith(line!),
        )
        if (!known) chain = ofBatch(hashes, at, text.split('\n'), chain)
      }
    } else if (frame.kind === 'history' && 'sig' in frame)
      hashes.line('messages of a history', at, 'cs/told', frame.texts)
    else if (frame.kind === 'page') hashes.line('page', at, 'cs/page', frame.texts)
    else if (frame.kind === 'settled') hashes.line('list', at, 'cs/list', sent.text)
  }
  return hashes.found as unknown as Json
}

function spaceOf(frames: readonly SentFrame[]): string {
  const hello = parsed(frames[0]!)
  if (hello.kind !== 'hello') throw new Error('the first frame is no hello')
  return hello.space
}

type Of<K> = Parsed & { readonly kind: K }

function ofEpoch(hashes: Hashes, at: number, { lineage }: Of<'welcome'>): string {
  const record = hashes.line('epoch, for its id', at, 'cs/first', lineage[0]!.line)
  return hashes.value('chain at 0', at, 'cs/chain', ['', record])
}

function ofBind(hashes: Hashes, at: number, { sessions }: Of<'bind'>, space: string): void {
  for (const { personalId, salt, authorId, sessionId } of sessions) {
    hashes.value('personalCommit', at, 'cs/personal', [space, personalId, salt])
    hashes.value('minted ids of a session', at, 'cs/entity', [space, authorId, sessionId])
  }
}

/** Session line, head line, lines. */
function ofFlush(hashes: Hashes, at: number, texts: readonly string[]): readonly string[] {
  const [line = '', head = '', ...lines] = texts
  const session = hashes.line('session line', at, 'cs/session', line)
  const headHash = hashes.line('head line', at, 'cs/head', session + head)
  const found = [headHash]
  for (const each of lines) {
    const before = found.length > 1 ? found.at(-1)! : ''
    const isHash = each.startsWith('"')
    found.push(
      isHash
        ? (JSON.parse(each) as string)
        : hashes.line('line', at, 'cs/line', headHash + before + each),
    )
  }
  return found
}

/** A batch of one flush of one line, as all of this exchange are. */
function ofBatch(hashes: Hashes, at: number, lines: readonly string[], before: string): string {
  const [first = '', session = '', head = '', line = '', review, value] = lines
  const links = [hashes.line('first line', at, 'cs/first', first)]
  const flush = ofFlush(hashes, at, [session, head, line])
  links.push(...flush)
  if (review !== undefined)
    links.push(hashes.line('review line', at, 'cs/review', flush.at(-1)! + review))
  if (value !== undefined) hashes.line('value line', at, 'cs/base', value)
  return hashes.value('chain after a batch', at, 'cs/chain', [before, ...links])
}

function ofPosition({ eid, epoch, seq, chain }: Position): Json[] {
  return [shortId(eid), epoch, seq, chain]
}

/** Each signature once, where it comes first. */
export function signaturesIn(frames: readonly SentFrame[], space: string): Json {
  const signatures = new Signatures(frames, space)
  for (const [frame, sent] of frames.entries()) signatures.take(frame, sent)
  return signatures.found as unknown as Json
}

type Note = (of: string, tag: string, value: Json, sig: string) => void

class Signatures {
  readonly found: Signed[] = []
  readonly #frames: readonly SentFrame[]
  readonly #space: string
  readonly #short: Json
  readonly #nonces = new Map<string, { author: string; reviewer: string }>()
  readonly #pages: string[] = []
  readonly #lists: string[] = []
  #term: Json[] = []

  constructor(frames: readonly SentFrame[], space: string) {
    this.#frames = frames
    this.#space = space
    this.#short = shortId(space)
  }

  take(frame: number, sent: SentFrame): void {
    const by = sent.from === 'reviewer' ? 'reviewer' : sent.link.split(' ')[0]!
    const note: Note = (of, tag, value, sig) => {
      if (this.found.some((known) => known.sig === sig)) return
      this.found.push({ of, frame, by, tag, value, sig })
    }
    this.#ofLink(sent, note)
    this.#ofMessages(frame, sent, note)
    this.#ofAnswers(frame, sent, note)
  }

  /** Who speaks to whom. */
  #ofLink(sent: SentFrame, note: Note): void {
    const at = parsed(sent)
    const nonce = this.#nonces.get(sent.link)
    if (at.kind === 'hello') this.#nonces.set(sent.link, { author: at.nonce, reviewer: '' })
    else if (at.kind === 'welcome') {
      nonce!.reviewer = at.nonce
      const { eid, epoch } = at.lineage[0]!
      this.#term = [shortId(eid), epoch]
      const told = [nonce!.author, at.nonce, ...this.#place(at.position), at.at]
      note('greeting', 'cs/welcome', told, at.sig)
    } else if (at.kind === 'bind')
      for (const { authorId, sessionId, sig, proof } of at.sessions) {
        const commit = commitOf(this.#frames, sessionId)
        note('session', 'cs/grant', [this.#space, authorId, sessionId, commit], sig)
        const proved = [nonce!.reviewer, this.#short, shortId(sessionId)]
        note('proof of a session', 'cs/bind', proved, proof)
      }
  }

  /** What is offered, and what becomes of it. */
  #ofMessages(frame: number, sent: SentFrame, note: Note): void {
    const at = parsed(sent)
    if (at.kind === 'offer') {
      const hashes = ofFlush(new Hashes(), frame, at.texts.split('\n'))
      note('seal', 'cs/seal', [...hashes], at.sig)
    } else if (at.kind === 'tail')
      note('position', 'cs/pos', this.#place(at.position), at.position.sig!)
    else if (at.kind === 'accepted') {
      const rows = at.reviews.map((one) => [one.clientSeq, one.seq, one.at, one.forked ? 1 : 0])
      const value = [this.#short, ...this.#term, shortId(at.sessionId), rows]
      note('acceptance', 'cs/accepted', value, at.sig)
    } else if (at.kind === 'nack' && at.sig !== null) {
      const said = [shortId(at.sessionId), [...at.clientSeqs], at.reason, at.detail]
      note('nack', 'cs/nack', [this.#reviewerOf(sent), this.#short, ...this.#term, ...said], at.sig)
    } else if (at.kind === 'rejected')
      for (const { sig, ...body } of at.rejections)
        note('rejection', 'cs/reject', body as unknown as Json, sig)
  }

  /** What is told to who asks. */
  #ofAnswers(frame: number, sent: SentFrame, note: Note): void {
    const at = parsed(sent)
    if (at.kind === 'history' && 'sig' in at) {
      const fields = JSON.parse(sent.text.split('\n')[0]!) as Json[]
      const about = [this.#reviewerOf(sent), this.#short, ...this.#term, ...fields.slice(1, 7)]
      const texts = new Hashes().line('messages of a history', frame, 'cs/told', at.texts)
      note('history', 'cs/history', [...about, texts], at.sig)
    } else if (at.kind === 'seal' && 'sig' in at) {
      const kept = [at.seq, at.publicKey, at.seal]
      const about = [this.#reviewerOf(sent), this.#short, ...this.#term]
      note('kept seal', 'cs/kept', [...about, ...kept], at.sig)
    } else if (at.kind === 'me') {
      const about = [this.#reviewerOf(sent), this.#short, ...this.#term]
      note('author ids of a person', 'cs/me', [...about, at.authorIds.map(shortId)], at.sig)
    } else if (at.kind === 'page')
      this.#pages.push(new Hashes().line('page', frame, 'cs/page', at.texts))
    else if (at.kind === 'settled')
      this.#lists.push(new Hashes().line('list', frame, 'cs/list', sent.text))
    else if (at.kind === 'through' && at.pages === 0)
      note('end', 'cs/live', [...this.#place(at.position), at.at], at.sig)
    else if (at.kind === 'through') {
      const snapshot = ['all', ...this.#place(at.position), this.#pages.sort()]
      note('snapshot', 'cs/snapshot', snapshot, at.sig)
      const lists = [this.#reviewerOf(sent), hash('cs/snapshot', snapshot), this.#lists.sort()]
      note('lists of a snapshot', 'cs/settled', lists, at.settled!.sig)
    }
  }

  #place(position: Position): Json[] {
    return [this.#short, ...ofPosition(position)]
  }

  #reviewerOf({ link }: SentFrame): string {
    return this.#nonces.get(link)!.reviewer
  }
}

/** The commitment in the session line that was offered. */
function commitOf(frames: readonly SentFrame[], sessionId: string): string {
  for (const sent of frames) {
    const frame = parsed(sent)
    if (frame.kind !== 'offer') continue
    const line = JSON.parse(frame.texts.split('\n')[0]!) as string[]
    if (line[3] === shortId(sessionId)) return line[4]!
  }
  throw new Error('no message of that session')
}
