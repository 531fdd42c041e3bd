/** The topics that an event names; `undefined` where it names none. */
export function topicsOf(data: string): readonly string[] | undefined {
  try {
    const { topics } = JSON.parse(data);
    return Array.isArray(topics) ? topics.filter((topic) => typeof topic === 'string') : undefined;
  } catch {
    return undefined;
  }
}
