export const counted = (count: number): string => `${count} ${count === 1 ? 'issue' : 'issues'}`
