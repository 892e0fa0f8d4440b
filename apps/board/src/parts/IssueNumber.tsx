/** The number of an issue, which the reviewer's order gives; `new` until then. */
import { shortNumber } from '../model/order.ts'

export function IssueNumber({ row }: { row: { readonly $createdOrderKey: string } }) {
  const number = shortNumber(row.$createdOrderKey)
  return (
    <span className="number" title={`Created at ${row.$createdOrderKey}`}>
      {number === undefined ? 'new' : `#${number}`}
    </span>
  )
}
