/** `verify`: checks every record of the spaces of a folder. Reads only. */
import { verifySpace } from '@countersign/core/upkeep'
import type { SpaceFault, VerifyReport } from '@countersign/core/upkeep'
import { readEntities } from '../entities.ts'
import { nodeSigner } from '../node/signer.ts'
import { StoreError } from '../store/errors.ts'
import { sqliteSpaces } from '../store/sqlite-spaces.ts'
import type { Command } from './args.ts'
import { filesOf, spacesIn } from './folder.ts'
import { type Out, counted, progressOf } from './out.ts'
import { damageOf } from './tables.ts'

interface Verified {
  readonly space: string
  readonly report: VerifyReport | undefined
  readonly faults: readonly SpaceFault[]
}

/** Prints each fault, and a line for each space. Exit code 1 where there is a fault. */
export async function verify({ folder, space, entities }: Command, out: Out): Promise<number> {
  const types = entities === undefined ? undefined : await readEntities(entities)
  const found: Verified[] = []
  for (const id of spacesIn(folder, space)) {
    const faults: SpaceFault[] = []
    const onFault = (fault: SpaceFault): void => {
      faults.push(fault)
      out.line(`space ${id}: ${fault.place}: ${fault.what}`)
    }
    const report = await verified(folder, { space: id, entities: types, onFault }, out)
    found.push({ space: id, report, faults })
    out.line(`space ${id}: ${summaryOf(report, faults.length)}`)
  }
  if (found.length === 0) out.line(`no space in ${folder}`)
  out.json({ spaces: found })
  return found.some(({ faults }) => faults.length > 0) ? 1 : 0
}

async function verified(
  folder: string,
  options: Pick<Parameters<typeof verifySpace>[0], 'space' | 'entities' | 'onFault'>,
  out: Out,
): Promise<VerifyReport | undefined> {
  const { space, onFault } = options
  const { file } = filesOf(folder, space)
  const spaces = sqliteSpaces(folder, { readOnly: true })
  const progress = progressOf(out, `space ${space}`)
  try {
    for (const what of damageOf(file)) onFault({ place: 'the file', what })
    return await verifySpace({
      ...options,
      store: spaces.open(space),
      signer: nodeSigner(),
      onProgress: ({ seq, of, pass, passes }) => progress(seq + (pass - 1) * of, of * passes),
    })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    onFault({ place: 'the file', what: error.message })
    return undefined
  } finally {
    await spaces.close()
  }
}

function summaryOf(report: VerifyReport | undefined, faults: number): string {
  const unverified = report?.statesUnverified
  const unless = unverified ? `; states were not compared: ${unverified}` : ''
  if (faults > 0) return `${counted(faults, 'fault')}${unless}`
  if (!report) return 'nothing was read'
  const { seq, epoch, batches, sessions, rejections, persons, entities, through, unsealed } = report
  const parts = [
    `seq ${seq} of epoch ${epoch}`,
    ...[counted(batches, 'batch').replace(/s$/, batches === 1 ? '' : 'es')],
    ...[counted(sessions, 'session'), counted(rejections, 'rejection')],
    `${counted(persons, 'author id')} with a person`,
    `${counted(entities, 'entity').replace(/ys$/, 'ies')} as of seq ${through}`,
  ]
  if (unsealed > 0)
    parts.push(`${counted(unsealed, 'message')} handed back after a loss, without seals of authors`)
  return `whole: ${parts.join(', ')}${unless}`
}
