/** A placeholder in the shape of the board, so that the layout does not jump when rows are loaded. */
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
