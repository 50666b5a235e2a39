/** The class of a component, and those that its user gives it. */
export function classes(own: string, more: string | undefined): string {
  return more === undefined ? own : `${own} ${more}`;
}
