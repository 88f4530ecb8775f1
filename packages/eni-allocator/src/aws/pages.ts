/** Asks for page after page, 1000 items each, and gathers what `itemsOf` finds in them. */
export async function allPages<Page extends { readonly NextToken?: string | undefined }, Item>(
  ask: (paging: { readonly MaxResults: number; readonly NextToken?: string }) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): Promise<readonly Item[]> {
  const found: Item[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ask({ MaxResults: 1000, ...(NextToken && { NextToken }) });
    found.push(...itemsOf(page));
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}
