/**
 * Publishes the versions of the deployment's types that a space lacks, when the reviewer opens it: as
 * messages of the reviewer's own key, which are judged like any other. So builds find them, and no
 * person needs the capability.
 */
import { toBase64url } from '../base/bytes.ts'
import type { Uuid } from '../base/uuid.ts'
import { uuid4 } from '../base/uuid4.ts'
import { composeFlush } from '../facts/flush.ts'
import { sealBytes } from '../facts/hashes.ts'
import { composeSession } from '../facts/session-line.ts'
import type { Change, Flush, Session } from '../facts/types.ts'
import { personalCommit, whoamiId } from '../facts/whoami.ts'
import type { Outcome } from '../base/outcome.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { Decision, Offer } from '../review/decision.ts'
import { publishedFault } from '../review/schema-rules.ts'
import { SpaceRows } from '../review/rows.ts'
import { DecisionBatch } from '../review/space.ts'
import type { Entity } from '../schema/entity.ts'
import type { Chain } from '../schema/lens/chain.ts'
import { encodeCreate } from '../schema/input.ts'
import { RegisterTable } from '../schema/registers.ts'
import { type Proposal, proposalOf } from '../schema/proposal.ts'
import { SCHEMA, chainOfRow, schemaId } from '../schema/system.ts'
import type { Connection } from './connection.ts'
import type { Events } from './events.ts'
import type { OpenSpace } from './open.ts'

export interface PublishParts {
  readonly space: Uuid
  readonly open: OpenSpace
  readonly entities: readonly Entity[]
  readonly keys: KeyPair
  readonly signer: Signer
  readonly clock: Clock
  readonly random: Random
  readonly events: Events
  /** Decides and commits offers; undefined: the store does not answer. */
  readonly batch: (
    offers: readonly Offer<Connection>[],
  ) => Promise<Decision<Connection> | undefined>
}

/** The personal id that the session of the reviewer commits to. It is in no table of persons. */
const PERSON = { id: 'the reviewer', proved: false, claims: undefined } as const

const REGISTERS = new RegisterTable([...SCHEMA.fields.values()].map(({ reg }) => reg))

/** Resolves when each type is published, or reported as refused. Rejects when the store cannot be read. */
export async function publishTypes(parts: PublishParts): Promise<void> {
  const proposals = await missingIn(parts)
  if (proposals.length === 0) return
  const { open, space, keys, random, events, batch } = parts
  const salt = toBase64url(random.bytes(16))
  const authorId = whoamiId(keys.publicKey)
  const sessionId = uuid4(random.bytes(16))
  const commit = personalCommit(space, PERSON.id, salt)
  const session = composeSession({ space, authorId, sessionId, personalCommit: commit, eid: null })
  const { publicKey } = keys
  const record = { sessionId, authorId, publicKey, personalCommit: commit, personalId: PERSON.id }
  open.ledger.bind(record, false)
  for (const [i, proposal] of proposals.entries()) {
    const flush = flushOf(proposal, { session, clientSeq: i + 1, parts })
    let why: string | undefined
    if (flush.ok) {
      const sig = await parts.signer.sign(keys, sealBytes(flush.value.hashes))
      const offer = { connection: null, session, flush: flush.value, sig, record }
      const decision = await batch([{ ...offer, person: PERSON, may: new Set(['publish']) }])
      why = decision ? refusalIn(decision) : 'the store does not answer'
    } else why = flush.error.message
    if (why !== undefined)
      events.emit({ type: 'publication_failed', entity: proposal.values.type, why })
  }
}

/**
 * The rows to write. Where the newest version of each type is there, no other row is read; a type that
 * has other steps there is reported, and not published.
 */
async function missingIn({ open, entities, events }: PublishParts): Promise<readonly Proposal[]> {
  const { source, space } = open
  const declared = entities.filter(({ each }) => !each).map(({ lenses }) => lenses.chain)
  await source.entities(declared.map(idOfNewest))
  const rows = new SpaceRows(space, new Map([[SCHEMA.name, SCHEMA as Entity]]))
  const none = new DecisionBatch(space)
  const missing = declared.filter((own) => {
    const row = rows.row(SCHEMA.name, idOfNewest(own), none)
    const stands = row && chainOfRow(row)
    const why = stands?.ok ? publishedFault(stands.value, own) : undefined
    if (why !== undefined) events.emit({ type: 'publication_failed', entity: own.entity, why })
    return !row
  })
  if (missing.length === 0) return []
  await source.need({ kind: 'type', type: SCHEMA.name }, new Map())
  const published = rows.all(SCHEMA.name, none).flatMap((row) => {
    const chain = chainOfRow(row)
    return chain.ok ? [chain.value] : []
  })
  return missing.flatMap((chain) => {
    const known = published.filter(({ entity }) => entity === chain.entity)
    return proposalOf(chain, known) ?? []
  })
}

/** The id of the row of the newest version of a type. */
function idOfNewest({ entity, version, versions }: Chain): Uuid {
  // A chain has the version that it leads to.
  return schemaId(entity, version, versions[version - 1]!.revision)
}

function flushOf(
  { id, values }: Proposal,
  {
    session,
    clientSeq,
    parts: { clock, random },
  }: { readonly session: Session; readonly clientSeq: number; readonly parts: PublishParts },
): Outcome<Flush> {
  const written = encodeCreate(SCHEMA, REGISTERS, values)
  const regs = written.regs.names
  const change: Change = {
    shape: { type: SCHEMA.name, kind: 'create', schemaVersion: 1, regs },
    entityId: id,
    parents: { canonical: [], own: [], others: [] },
    // The names are those of the values.
    values: regs.map((reg) => written.values[reg]!),
  }
  const message = {
    clientSeq,
    time: clock.now(),
    changes: [change],
    salts: [toBase64url(random.bytes(12))],
  }
  const seen = { eid: null, seq: 0, chain: '', from: clientSeq, except: [] }
  return composeFlush(session, { seen, messages: [message] })
}

/** Why nothing was accepted; undefined: it was. */
function refusalIn({ refused, answers }: Decision<Connection>): string | undefined {
  const [nack] = answers.flatMap(({ nacks }) => nacks)
  return refused[0]?.rejection.detail ?? nack?.detail
}
