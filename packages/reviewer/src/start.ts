/**
 * `startReviewer`: a whole reviewer in one call. It puts core's reviewer together with a store,
 * its key and this platform, and serves it; `close` takes it apart in the reverse order.
 */
import { uuid4 } from '@countersign/core/message'
import type { Uuid } from '@countersign/core/message'
import type { ReviewerStore } from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
import type { Reviewer, ReviewerEvent, ReviewerOptions } from '@countersign/core/reviewer'
import { Registry } from 'prom-client'
import { commitMetrics } from './commit-metrics.ts'
import { serveReviewer } from './gateway/serve.ts'
import type { ServeOptions } from './gateway/serve.ts'
import type { Log } from './gateway/types.ts'
import { stderrLog } from './log.ts'
import { reviewerKeys } from './keys.ts'
import { nodeClock } from './node/clock.ts'
import { nodeRandom } from './node/random.ts'
import { installNodeSha256 } from './node/sha256.ts'
import { nodeSigner } from './node/signer.ts'

export interface StartOptions extends Omit<ServeOptions, 'reviewer'> {
  /** Closed with the reviewer, and also when the start fails. */
  readonly store: ReviewerStore
  /** The space to review. Default: chosen at random at the first start, and kept in the store. */
  readonly space?: Uuid | undefined
  /** A file that keeps the reviewer's key instead of the store; made if it is missing. */
  readonly keyFile?: string | undefined
  /** Types whose values are validated. Default: any type passes. */
  readonly entities?: ReviewerOptions['entities'] | undefined
  /** Who may write what, and what may not come of it. */
  readonly rules?: ReviewerOptions['rules']
  /** Values of fields that `entities` declare as assigned. */
  readonly assign?: ReviewerOptions['assign']
  /** Default: warnings and errors, one JSON line each on stderr. */
  readonly log?: Log
  /** Bounds of messages and links, where they differ from core's `LIMITS`. */
  readonly messageLimits?: ReviewerOptions['limits']
}

export interface RunningReviewer {
  readonly url: string
  readonly space: Uuid
  /** Base64url of the 32 raw bytes; replicas may pin it. */
  readonly publicKey: string
  readonly reviewer: Reviewer
  /** Stops gracefully: running commits end, clients get a bye, the store is closed. Idempotent. */
  close(): Promise<void>
}

/** Rejects with an `Error` of one line; everything that was opened is closed again by then. */
export async function startReviewer(options: StartOptions): Promise<RunningReviewer> {
  const { store, log = stderrLog('warn') } = options
  const metrics = options.metrics ?? new Registry()
  const measure = metrics === false ? () => {} : commitMetrics(metrics)
  installNodeSha256()
  try {
    const signer = nodeSigner()
    const random = nodeRandom()
    const space = await claimedSpace(store, options.space ?? uuid4(random.bytes(16)), options.space)
    const keys = await reviewerKeys({ store, signer, keyFile: options.keyFile })
    const reviewer = await createReviewer({
      space,
      store,
      keys,
      signer,
      clock: nodeClock(),
      random,
      ...(options.entities && { entities: options.entities }),
      rules: options.rules,
      assign: options.assign,
      ...(options.messageLimits && { limits: options.messageLimits }),
      onEvent: (event) => {
        measure(event)
        note(log, event, space)
      },
    })
    const gateway = await serveReviewer({ ...options, log, reviewer, metrics })
    const close = async (): Promise<void> => {
      await gateway.close()
      await store.close()
    }
    return { url: gateway.url, space, publicKey: keys.publicKey, reviewer, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A store or a rule that fails is news for the operator; the rest is traffic. */
function note(log: Log, event: ReviewerEvent, space: Uuid): void {
  if (event.type === 'store_failed') log.error(event, 'the store fails')
  else if (event.type === 'fold_failed') log.error(event, 'a fold of the deployment failed')
  else if (event.type === 'rule_failed') log.error(event, 'a rule of the deployment failed')
  else if (event.type === 'store_recovered') log.info(event, 'the store works again')
  else if (event.type === 'greeting_refused')
    log.warn({ ...event, space }, 'a client was refused; `space` is the one reviewed here')
  else if (event.type === 'strike') log.warn(event, 'a client broke the protocol')
  else log.debug(event, event.type)
}

/** The store's space; a store belongs to one for good. */
async function claimedSpace(
  store: ReviewerStore,
  offered: Uuid,
  demanded: Uuid | undefined,
): Promise<Uuid> {
  const space = await store.claimMeta('space', offered)
  if (demanded !== undefined && space !== demanded) {
    throw new Error(`the data belong to the space ${space}, not to ${demanded}`)
  }
  return space
}
