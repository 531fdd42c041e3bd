/** Values of x, and of each line, in order. */
export type ChartData = readonly [readonly number[], ...(readonly (number | null)[])[]];
