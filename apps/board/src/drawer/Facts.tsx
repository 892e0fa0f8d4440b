/** The metadata of a row: its authors, its reviewer, its position in the order. */
import type { ReactNode } from 'react'
import type { IssueRow } from '../model/issue.ts'
import { shortNumber } from '../model/order.ts'
import { AckMark, ackWords } from '../parts/AckMark.tsx'
import { Person } from '../parts/Person.tsx'
import { when } from '../parts/when.ts'

export function Facts({ row }: { row: IssueRow }) {
  const order = shortNumber(row.$orderKey)
  return (
    <section className="facts" aria-label="Authors and review">
      <dl>
        <Fact name="Created by">
          <Person id={row.$createdBy} />
        </Fact>
        <Fact name="Last change">
          <Person id={row.$author} /> <time className="quiet">{when(row.$timestamp)}</time>
        </Fact>
        <Fact name="Review">
          {row.$reviewer === null ? (
            <span className="signatures__pending">pending</span>
          ) : (
            <Person id={row.$reviewer} />
          )}
        </Fact>
        <Fact name="State">
          <AckMark state={row.$state} /> {ackWords[row.$state].sentence}
        </Fact>
        <Fact name="Order">
          {order === undefined ? 'after everything reviewed' : `change ${order}`}{' '}
          <code>{row.$orderKey}</code>
        </Fact>
        <Fact name="Id">
          <code>{row.id}</code>
        </Fact>
      </dl>
    </section>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="facts__one">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
