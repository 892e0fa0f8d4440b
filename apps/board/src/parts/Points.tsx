/** The size of an issue; nothing when it has none. */
export function Points({ points }: { points: number }) {
  if (points === 0) return null
  return (
    <span className="points" title={`${points} ${points === 1 ? 'point' : 'points'}`}>
      {points} pt
    </span>
  )
}
