/** Stands where the board will be, in its shape, so that nothing jumps when the rows are there. */
export function LoadingPane() {
  return (
    <div className="loading" role="status" aria-label="Opening the board">
      {[3, 2, 2].map((cards, column) => (
        <div key={column} className="loading__column">
          {Array.from({ length: cards }, (_, card) => (
            <div key={card} className="loading__card" />
          ))}
        </div>
      ))}
    </div>
  )
}
