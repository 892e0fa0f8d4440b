/** Schema versions of a type, for devtools: their fields, and a current row as each version reads it. */
import type { VersionRecord, VersionedField, VersionedRow } from '../../inspect/records.ts'
import type { RequestOf } from '../../inspect/requests.ts'
import type { Lenses } from '../../schema/lens/path.ts'
import { describeStep } from '../../schema/lens/step.ts'
import type { Entity } from '../../schema/entity.ts'
import { ARCHIVED, type Reg } from '../../schema/registers.ts'
import { dagOf, rowOfDag } from './dag.ts'
import { tableNamed } from './histories.ts'
import type { Replica } from '../replica.ts'

/** All versions of a type, in order, with the steps to each as text. */
export function versionsOf(entity: Entity): VersionRecord[] {
  return entity.lenses.chain.versions.map(({ steps, fields }, at) => ({
    version: at + 1,
    fields: [...fields].map(([name, reg]) => ({ name, reg })),
    steps: steps.map(describeStep),
  }))
}

/** A row as a build of that version reads it; undefined where type or row are unknown. */
export async function rowInVersion(
  replica: Replica,
  request: RequestOf<'rowInVersion'>,
): Promise<VersionedRow | undefined> {
  const { type, id, version } = request
  const entity = tableNamed(replica, type)?.entity
  const dag = await dagOf(replica, request)
  const row = dag && rowOfDag(replica, dag)
  if (!entity || !dag || !row) return undefined
  const nodes = new Map(dag.nodes.map((node) => [node.name, node]))
  const fields: VersionedField[] = []
  for (const { reg, live } of row.fields) {
    if (reg === ARCHIVED) continue
    const own = live.filter(({ node }) => nodes.get(node)?.authorId === dag.viewerId)
    const shown = own.at(-1) ?? live[0]
    if (!shown) continue
    const writtenIn = nodes.get(shown.node)?.version ?? version
    const seen = entity.lenses.path(reg, writtenIn, version).translate(shown.value)
    fields.push({
      reg,
      name: entity.each ? reg : entity.lenses.chain.nameIn(reg, version),
      writtenIn,
      kind: entity.each ? 'value' : seen.kind,
      value: entity.each ? shown.value : valueOf(seen),
      path: stepsBetween(entity.lenses, { reg, from: writtenIn, to: version }),
    })
  }
  return { type, id, version, fields }
}

function valueOf(
  seen: ReturnType<ReturnType<Lenses['path']>['translate']>,
): VersionedField['value'] {
  if (seen.kind === 'value') return seen.value
  return seen.kind === 'invalid' ? seen.raw : undefined
}

function stepsBetween(
  { chain }: Lenses,
  { reg, from, to }: { readonly reg: Reg; readonly from: number; readonly to: number },
): string[] {
  const [low, high] = from < to ? [from, to] : [to, from]
  const steps = (chain.registers.get(reg)?.steps ?? [])
    .filter(({ version, moves }) => version > low && version <= high && moves !== 'identity')
    .map(({ version, step }) => `${describeStep(step)} (version ${version})`)
  return from <= to ? steps : steps.reverse()
}
