/** `inspect`: what is in the spaces of a folder. Reads only. */
import { inspectSpace } from '@countersign/core/upkeep'
import type { SpaceFacts } from '@countersign/core/upkeep'
import { sqliteSpaces } from '../store/sqlite-spaces.ts'
import type { Command } from './args.ts'
import { type SpaceFiles, filesOf, spacesIn } from './folder.ts'
import { type Out, counted, inBytes, inTime } from './out.ts'
import { type FileTables, tablesOf } from './tables.ts'

/** Prints each space. */
export async function inspect({ folder, space }: Command, out: Out): Promise<number> {
  const spaces = sqliteSpaces(folder, { readOnly: true })
  const found: unknown[] = []
  try {
    for (const id of spacesIn(folder, space)) {
      const files = filesOf(folder, id)
      const [facts, tables] = [await inspectSpace(spaces.open(id)), tablesOf(files.file)]
      found.push({ space: id, ...facts, files, ...tables })
      print(out, id, { facts, files, tables })
    }
  } finally {
    await spaces.close()
  }
  if (found.length === 0) out.line(`no space in ${folder}`)
  out.json({ spaces: found })
  return 0
}

function print(
  out: Out,
  space: string,
  {
    facts,
    files,
    tables: { tables, entities },
  }: { readonly facts: SpaceFacts; readonly files: SpaceFiles; readonly tables: FileTables },
): void {
  const { seq, commits, through, position, epochs, parted, published } = facts
  const row = (name: string, text: string): void => out.line(`  ${name.padEnd(12)}${text}`)
  out.line(`space ${space}`)
  row('reviewer', facts.reviewerKey ?? 'none yet')
  row('position', `seq ${seq} of epoch ${position?.epoch ?? 0}, ${counted(commits, 'commit')}`)
  for (const { epoch, why, seq: from, at } of epochs)
    row('epoch', `${epoch} from seq ${from}, ${why}, ${inTime(at)}`)
  for (const { epoch, seq: from, at } of parted)
    row('parted', `epoch ${epoch} from seq ${from}, ${inTime(at)}: another lineage, which was lost`)
  const behind = through < seq ? ` as of seq ${through}; the rest is folded at the next start` : ''
  row('entities', `${facts.entities.toLocaleString('en')}${behind}`)
  for (const [type, count] of Object.entries(entities))
    row('', `${type}: ${count.toLocaleString('en')}`)
  row('sessions', facts.sessions.toLocaleString('en'))
  row('rejections', (tables['rejections']?.rows ?? 0).toLocaleString('en'))
  row(
    'published',
    published
      .map(({ type, number, revision }) => `${type} ${number}${revision > 0 ? `.${revision}` : ''}`)
      .join(', ') || 'nothing',
  )
  row('written', `${inTime(facts.writtenAt)} by the reviewer's clock`)
  row('files', `${inBytes(files.fileBytes)}, and ${inBytes(files.logBytes)} of log`)
  for (const [name, { rows, bytes }] of Object.entries(tables))
    row('', `${name}: ${counted(rows, 'row')}${bytes === undefined ? '' : `, ${inBytes(bytes)}`}`)
}
