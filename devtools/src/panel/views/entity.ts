/** Entity: the types of the store, their rows, and one row register by register. */
import type {
  Dag,
  EntityName,
  InspectSource,
  Json,
  RowRecord,
  RowSummary,
  TypeRecord,
  VersionedField,
  VersionedRow,
} from '@countersign/core/inspect'
import { countText, shortId, valueText } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h, keyed, mono, setText } from '../dom.ts'
import { Split, bar, button, emptyPlace, facts, pill, section, tableOf } from '../parts.ts'
import { VirtualList } from '../virtual-list.ts'

const VERSIONS_SHOWN_MAX = 8

export function entityView(context: PanelContext): View {
  const { source } = context
  let types: readonly TypeRecord[] = []
  const select = h('select', {
    class: 'input',
    'aria-label': 'Type',
    on: { change: () => context.refresh() },
  })
  const search = h('input', {
    type: 'search',
    class: 'input',
    placeholder: 'Find a row: title or id',
    'aria-label': 'Find a row',
    on: { input: () => context.refresh() },
  })
  const about = h('span', { class: 'soft count' })
  const list = listOfRows((row) => {
    context.select(row && { type: select.value, id: row.id })
    void show()
  })
  const split = new Split(list.element, 'Entity')

  let mark: string | undefined
  const show = async (): Promise<void> => {
    const entity = context.selected
    const [dag, row] = entity
      ? await Promise.all([
          source.ask({ kind: 'dagOf', ...entity }),
          source.ask({ kind: 'rowAt', ...entity }),
        ])
      : []
    const now = JSON.stringify([
      entity,
      row,
      dag?.nodes.length,
      types.map(({ version }) => version),
    ])
    if (now === mark) return
    mark = now
    if (!entity || !dag || !row) {
      split.show(
        emptyPlace('No row chosen', 'Choose one to see its registers and their writers.'),
        false,
      )
      return
    }
    const type = types.find(({ name }) => name === entity.type)
    const seen = await inVersions(source, entity, type)
    split.show(detailOf({ entity, dag, row, type, seen, context }), true)
  }

  return {
    element: h('div', { class: 'view' }, bar(select, search, about), split.element),
    async refresh() {
      types = await source.ask({ kind: 'types' })
      offer(select, types)
      const { selected } = context
      if (selected && selected.type !== select.value && list.chosen?.id !== selected.id)
        select.value = selected.type
      const type = types.find(({ name }) => name === select.value)
      setText(about, type ? aboutText(type) : '')
      list.set(type ? await source.ask({ kind: 'rows', type: type.name, find: search.value }) : [])
      list.choose(selected?.id)
      await show()
    },
    end: () => list.end(),
  }
}

function offer(select: HTMLSelectElement, types: readonly TypeRecord[]): void {
  keyed(select, types, {
    key: ({ name }) => name,
    make: ({ name }) => h('option', { value: name }, name),
    update: (option, { name, rows }) => setText(option, `${name} (${rows})`),
  })
}

function aboutText({ version, registers }: TypeRecord): string {
  return `version ${version}, ${countText(registers.length, 'register')}`
}

function listOfRows(onChoose: (row: RowSummary | undefined) => void): VirtualList<RowSummary> {
  return new VirtualList<RowSummary>({
    label: 'Rows',
    columns: [
      { title: 'Row', class: 'cell grow', text: ({ title, id }) => title || shortId(id) },
      { title: 'State', class: 'cell state', text: stateText },
      { title: 'Id', class: 'cell id wide', text: ({ id }) => shortId(id), full: ({ id }) => id },
    ],
    key: ({ id }) => id,
    state: ({ state, conflicts }) => (conflicts > 0 ? 'conflict' : state),
    empty: { title: 'No rows', text: 'There is no row of this type, or none matches.' },
    onChoose,
  })
}

/** The row as each version reads it; empty where the type has one version only. */
async function inVersions(
  source: InspectSource,
  entity: EntityName,
  type: TypeRecord | undefined,
): Promise<VersionedRow[]> {
  const versions = type && type.versions.length > 1 ? [...type.versions].reverse() : []
  const seen = await Promise.all(
    versions
      .slice(0, VERSIONS_SHOWN_MAX)
      .map(({ version }) => source.ask({ kind: 'rowInVersion', ...entity, version })),
  )
  return seen.filter((each) => each !== undefined)
}

function stateText({ state, conflicts, archived }: RowSummary): string {
  if (conflicts > 0) return countText(conflicts, 'conflict')
  return archived ? 'archived' : state
}

interface Shown {
  readonly entity: EntityName
  readonly dag: Dag
  readonly row: RowRecord
  readonly type: TypeRecord | undefined
  /** The row as each version reads it, newest first. */
  readonly seen: readonly VersionedRow[]
  readonly context: PanelContext
}

function detailOf({ entity, dag, row, type, seen, context }: Shown): HTMLElement {
  const versions = [...new Set(dag.nodes.map(({ version }) => version))].sort((a, b) => a - b)
  return h(
    'div',
    { class: 'detail' },
    h(
      'div',
      { class: 'detail__head' },
      row.archived && pill('archived'),
      h('h2', {}, `${entity.type} `, mono(shortId(entity.id), entity.id)),
    ),
    h(
      'div',
      { class: 'actions' },
      button('History', () => context.open('row', entity)),
    ),
    facts(
      ['Read in', `version ${type?.version ?? 1}`],
      ['Written in', `version ${versions.join(', ')}`],
      ['Heads', countText(row.heads.length, 'head')],
      [
        'History',
        `${countText(dag.nodes.length, 'message')}${dag.cut ? ', older ones are missing' : ''}`,
      ],
    ),
    tableOf(
      'Registers',
      ['Register', 'Value', 'Writer'],
      row.fields.map((field) => [
        field.reg,
        h(
          'span',
          {},
          mono(valueText(field.value)),
          field.conflict && ' ',
          field.conflict && pill('conflict'),
        ),
        writersOf(field, dag),
      ]),
    ),
    ...seen.map((each) => versionOf(each, type)),
  )
}

function writersOf({ live }: RowRecord['fields'][number], dag: Dag): HTMLElement {
  const nodes = new Map(dag.nodes.map((node) => [node.name, node]))
  return h(
    'span',
    {},
    ...live.map(({ node }) => {
      const writer = nodes.get(node)
      const text = `${shortId(writer?.authorId ?? '')} v${writer?.version ?? '?'}`
      return h('span', { class: 'tag mono', title: writer?.authorId ?? node }, text)
    }),
  )
}

/** The row as a build of that version shows it, with the lenses. */
function versionOf({ version, fields }: VersionedRow, type: TypeRecord | undefined): HTMLElement {
  const steps = type?.versions.find((each) => each.version === version)?.steps ?? []
  return section(
    `As version ${version} sees it`,
    steps.length > 0 && h('p', { class: 'soft' }, `Steps to it: ${steps.join('; ')}`),
    tableOf(
      `Version ${version}`,
      ['Field', 'Value', 'Lens path'],
      fields.map(({ reg, name, kind, value, writtenIn, path }) => [
        name ?? `no field (${reg})`,
        kind === 'value' ? mono(valueText(value)) : seenText(kind, value),
        h(
          'span',
          { class: 'soft' },
          path.length === 0
            ? `as written in ${writtenIn}`
            : `${writtenIn} → ${version}: ${path.join(', ')}`,
        ),
      ]),
    ),
  )
}

function seenText(kind: VersionedField['kind'], value: Json | undefined): HTMLElement {
  const says: Readonly<Record<string, string>> = {
    unset: 'unset',
    absent: 'not in this version',
    opaque: 'needs a newer build',
    invalid: `cannot be translated, written as ${valueText(value)}`,
  }
  return h('span', { class: 'soft' }, says[kind])
}
