/**
 * The devtools interface of a store. Loaded with the parts that write; the first request loads the
 * answers (`answers.ts`).
 */
import type { Feed } from '../../inspect/feed.ts'
import type {
  Answers,
  CommandOutcome,
  InspectCommand,
  InspectRequest,
} from '../../inspect/requests.ts'
import { FeedWatcher } from './feed-watcher.ts'
import type { Inspected } from './looked-at.ts'

export class Inspection {
  readonly #timer: () => number
  readonly #inspected: Inspected
  #watcher: FeedWatcher | undefined
  #end: (() => void) | undefined

  constructor(inspected: Omit<Inspected, 'recent'>) {
    this.#inspected = { ...inspected, recent: () => this.#watcher?.recent ?? [] }
    const { clock } = inspected.options.platform
    this.#timer = () => clock.monotonic()
  }

  attach(feed: Feed | undefined): void {
    const { replica, queries } = this.#inspected
    if (this.#watcher?.feed === feed) return
    this.#end?.()
    this.#watcher = feed && new FeedWatcher(feed, replica.repo)
    for (const part of [replica.outbox, replica.repo, replica.tail]) part.watcher = this.#watcher
    queries.timer = feed && this.#timer
    this.#end =
      feed &&
      replica.status.subscribe((now, before) => {
        const { connection, connectionNote: note } = now
        if (connection !== before.connection || note !== before.connectionNote)
          feed.state('connection', connection, note && replica.person.redacted(note))
        if (now.storage !== before.storage || now.storageTrouble !== before.storageTrouble)
          feed.state('storage', now.storage, now.storageTrouble)
        if (now.halted !== before.halted) feed.state('halted', 'halted', now.halted)
        if (now.alarm !== before.alarm) feed.state('alarm', 'alarm', now.alarm)
      })
  }

  async answer(request: InspectRequest): Promise<Answers[InspectRequest['kind']]> {
    const { answer } = await import('./answers.ts')
    return answer(this.#inspected, request)
  }

  async run(command: InspectCommand): Promise<CommandOutcome> {
    const { run } = await import('./commands.ts')
    return run(this.#inspected, command)
  }
}
