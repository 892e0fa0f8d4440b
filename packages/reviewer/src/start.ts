/**
 * `startReviewer`: starts a complete reviewer. It creates core's reviewer host with its stores, its
 * key and the Node platform, and serves it; `close` closes these in reverse order.
 *
 * Data of the process (the key, and the space chosen at the first start) are stored in a space of
 * their own with the nil uuid, which clients cannot open.
 */
import { uuid4 } from '@countersign/core/message'
import type { Uuid } from '@countersign/core/message'
import { memoryMarks, memorySpaces } from '@countersign/core/ports'
import type { SpaceStore, SpaceStores } from '@countersign/core/ports'
import { createReviewer, createReviewerHost } from '@countersign/core/reviewer'
import type {
  Entity,
  HostOptions,
  ReviewerEvent,
  ReviewerHost,
  ReviewerOptions,
  Rules,
} from '@countersign/core/reviewer'
import { Registry } from 'prom-client'
import { anonymous } from './auth/anonymous.ts'
import { commitMetrics } from './commit-metrics.ts'
import { serveReviewer } from './gateway/serve.ts'
import type { ServeOptions } from './gateway/serve.ts'
import type { Log } from './gateway/types.ts'
import { stderrLog } from './log.ts'
import { OWN_SPACE } from './own-space.ts'
import { reviewerKeys } from './keys.ts'
import { fileMarks } from './marks.ts'
import { nodeClock } from './node/clock.ts'
import { nodeRandom } from './node/random.ts'
import { installNodeSha256 } from './node/sha256.ts'
import { nodeSigner } from './node/signer.ts'

/** The options common to one and several spaces. Only `spaces` has no default. */
export interface StartOptions<E extends Entity = Entity>
  extends Omit<ServeOptions, 'reviewer'>, Pick<HostOptions, 'openSpacesMax' | 'idleMs'> {
  /** Closed with the reviewer, and also when the start fails. */
  readonly spaces: SpaceStores
  /** A file for the reviewer's key, instead of the stores; created if missing. */
  readonly keyFile?: string | undefined
  /**
   * The data are a copy, or a standby was promoted: a new epoch is opened before the first commit.
   * Needed only without marks beside the key: without a `keyFile` each start opens one.
   */
  readonly restored?: boolean | undefined
  /**
   * Types whose values are validated, and whose versions are published in each space when it is opened.
   * Default: any type passes.
   */
  readonly entities?: readonly E[] | undefined
  /** The login of links: `jwt(…)`, or a function of your own. Default: `anonymous()`. */
  readonly authenticate?: ReviewerOptions['authenticate']
  /**
   * The capabilities of a person in a space. Default: every person reads, writes and publishes; in
   * production (`NODE_ENV`) every person reads and writes.
   */
  readonly capabilities?: ReviewerOptions['capabilities']
  /** By type: which changes are allowed. */
  readonly rules?: Rules<E> | undefined
  /** Checks the rows that result from a message. */
  readonly review?: ReviewerOptions['review']
  /** The rights to read rows. Default: every person may read every row. */
  readonly canRead?: ReviewerOptions['canRead']
  /** Assigners of the fields that `entities` declare as assigned. */
  readonly assign?: ReviewerOptions['assign']
  /** Default: warnings and errors, one JSON line each on stderr. */
  readonly log?: Log
  /** Limits of messages and links, where they differ from core's `LIMITS`. */
  readonly messageLimits?: ReviewerOptions['limits']
}

/** Options of a reviewer of one space. */
export interface OneSpace<E extends Entity = Entity> extends StartOptions<E> {
  /** The space to review. Default: chosen at random at the first start, and kept in the stores. */
  readonly space?: Uuid | undefined
  readonly accepts?: undefined
}

/** Options of a reviewer of several spaces. */
export interface SeveralSpaces<E extends Entity = Entity> extends StartOptions<E> {
  /**
   * The spaces to review: a list, or a function that returns true. Each is created when a client first
   * names it, so a function that accepts all of them needs a login in front.
   */
  readonly accepts: HostOptions['accepts']
  readonly space?: undefined
}

/** A running reviewer of one or several spaces. */
export interface RunningReviewers {
  readonly url: string
  /** Base64url of the 32 raw bytes; replicas may pin it. One for all spaces. */
  readonly publicKey: string
  readonly reviewer: ReviewerHost
  /** Stops gracefully: finishes running commits, sends clients a bye, closes the stores. Idempotent. */
  close(): Promise<void>
}

/** A running reviewer of one space. */
export interface RunningReviewer extends RunningReviewers {
  readonly space: Uuid
}

/** Starts a reviewer. Rejects with a one-line `Error`, after closing everything that was opened. */
export async function startReviewer<E extends Entity>(
  options: OneSpace<E>,
): Promise<RunningReviewer>
export async function startReviewer<E extends Entity>(
  options: SeveralSpaces<E>,
): Promise<RunningReviewers>
export async function startReviewer(
  options: OneSpace | SeveralSpaces,
): Promise<RunningReviewers & { readonly space: Uuid | undefined }> {
  const { spaces, log = stderrLog('warn') } = options
  const metrics = options.metrics ?? new Registry()
  const measure = metrics === false ? () => {} : commitMetrics(metrics)
  installNodeSha256()
  try {
    const { keys, space, parts } = await prepared(options)
    const reviewer = createReviewerHost({
      ...parts,
      // Without `space`, there is `accepts`.
      accepts: space === undefined ? notOwn(options.accepts!) : [space],
      ...(options.openSpacesMax !== undefined && { openSpacesMax: options.openSpacesMax }),
      ...(options.idleMs !== undefined && { idleMs: options.idleMs }),
      onEvent: (event, where) => {
        measure(event)
        note(log, event, { where, space })
      },
    })
    const gateway = await serveReviewer({ ...options, log, reviewer, metrics })
    const close = async (): Promise<void> => {
      await gateway.close()
      await spaces.close()
    }
    return { url: gateway.url, space, publicKey: keys.publicKey, reviewer, close }
  } catch (error) {
    await spaces.close()
    throw error
  }
}

interface Prepared {
  readonly keys: ReviewerOptions['keys']
  /** undefined for several spaces. */
  readonly space: Uuid | undefined
  readonly parts: Omit<ReviewerOptions, 'space' | 'onEvent'>
}

/** Reads key and space, and opens each listed space once, so that errors are found before serving. */
async function prepared(options: OneSpace | SeveralSpaces): Promise<Prepared> {
  const { spaces, keyFile, accepts } = options
  const signer = nodeSigner()
  const random = nodeRandom()
  if ([options.space, ...listed(accepts ?? [])].includes(OWN_SPACE))
    throw new Error('the nil uuid cannot be reviewed: the reviewer stores its key there')
  const own = spaces.open(OWN_SPACE)
  const keys = await reviewerKeys({ store: own, signer, keyFile })
  const offered = options.space ?? uuid4(random.bytes(16))
  const space = accepts ? undefined : await claimedSpace(own, offered, options.space)
  await own.close()
  const parts = {
    ...{ spaces, keys, signer, random, clock: nodeClock() },
    restored: options.restored ?? false,
    marks: keyFile === undefined ? memoryMarks() : fileMarks(`${keyFile}.marks`),
    entities: options.entities,
    publishes: options.entities !== undefined,
    authenticate: options.authenticate ?? anonymous(),
    capabilities: options.capabilities ?? defaultCapabilities(),
    rules: options.rules,
    review: options.review,
    canRead: options.canRead,
    assign: options.assign,
    ...(options.messageLimits && { limits: options.messageLimits }),
  }
  // As above.
  for (const one of space === undefined ? listed(accepts!) : [space])
    await tried({ ...parts, space: one })
  // Without a listed space, opens one in memory to check types and assigners.
  if (typeof accepts === 'function')
    await tried({ ...parts, spaces: memorySpaces(), marks: memoryMarks(), space: offered })
  return { keys, space, parts }
}

/** In production only persons with the capability publish: one version binds every build. */
function defaultCapabilities(): ReviewerOptions['capabilities'] {
  return process.env['NODE_ENV'] === 'production' ? () => ['read', 'write'] : undefined
}

async function tried(options: ReviewerOptions): Promise<void> {
  await (await createReviewer({ ...options, publishes: false })).close()
}

function listed(accepts: HostOptions['accepts']): readonly Uuid[] {
  return typeof accepts === 'function' ? [] : accepts
}

function notOwn(accepts: HostOptions['accepts']): (space: Uuid) => boolean {
  return (space) =>
    space !== OWN_SPACE &&
    (typeof accepts === 'function' ? accepts(space) : accepts.includes(space))
}

/** Logs an event: failures of stores and rules as errors, the rest at lower levels. */
function note(
  log: Log,
  event: ReviewerEvent,
  { where, space }: { readonly where: Uuid; readonly space: Uuid | undefined },
): void {
  const about = { ...event, space: space ?? where }
  if (event.type === 'store_failed') log.error(about, 'the store fails')
  else if (event.type === 'fold_failed') log.error(about, 'a fold of the deployment failed')
  else if (event.type === 'login_failed') log.error(about, 'a login could not be checked')
  else if (event.type === 'login_refused') log.info(about, 'a client was not let in')
  else if (event.type === 'rule_failed' || event.type === 'can_read_failed')
    log.error(about, 'a rule of the deployment failed')
  else if (event.type === 'publication_failed')
    log.error(about, 'the versions of a type are not published')
  else if (event.type === 'state_refolded')
    log.warn(about, 'a stored state was damaged; it is folded again from its messages')
  else if (event.type === 'epoch_opened')
    log.warn(about, 'the data are, or may be, an older copy: an epoch was opened')
  else if (event.type === 'store_recovered') log.info(about, 'the store works again')
  else if (event.type === 'greeting_refused') {
    const which = space === undefined ? 'it asked for' : 'reviewed here'
    log.warn(about, `a client was refused; \`space\` is the one ${which}`)
  } else if (event.type === 'strike') log.warn(about, 'a client broke the protocol')
  else if (event.type === 'equivocation')
    log.warn(about, 'an author has signed two messages with one number; the proof is kept')
  else if (event.type === 'over_quota') log.warn(about, 'a person has used up a quota')
  else log.debug(about, event.type)
}

/** The space of a process that reviews one; chosen once. */
async function claimedSpace(
  store: SpaceStore,
  offered: Uuid,
  demanded: Uuid | undefined,
): Promise<Uuid> {
  const space = await store.claimMeta('space', offered)
  if (demanded !== undefined && space !== demanded) {
    throw new Error(`the data belong to the space ${space}, not to ${demanded}`)
  }
  return space
}
