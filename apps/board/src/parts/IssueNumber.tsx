/** The number of an issue, from the reviewer's order; `new` without a review. */
import { shortNumber } from '../model/order.ts'

export function IssueNumber({ row }: { row: { readonly $createdOrderKey: string } }) {
  const number = shortNumber(row.$createdOrderKey)
  return (
    <span className="number" title={`Created at ${row.$createdOrderKey}`}>
      {number === undefined ? 'new' : `#${number}`}
    </span>
  )
}
