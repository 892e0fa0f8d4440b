/** The points of an issue; empty for 0. */
export function Points({ points }: { points: number }) {
  if (points === 0) return null
  return (
    <span className="points" title={`${points} ${points === 1 ? 'point' : 'points'}`}>
      {points} pt
    </span>
  )
}
