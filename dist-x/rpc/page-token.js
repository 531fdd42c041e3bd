import { invalidFields } from '../domain/errors.js';
const MAX_PAGE_SIZE = 1000;
/** @param filters what the list is filtered by: a token goes only with the filters it came from */
export function encodePageToken(before, filters) {
    return Buffer.from(`${before}/${filters}`).toString('base64url');
}
/** Throws `INVALID_FIELD` where the token is none of ours, or another list's. */
export function readPage({ pageSize, pageToken }, defaultSize, filters) {
    const size = Math.min(pageSize || defaultSize, MAX_PAGE_SIZE);
    if (pageToken === '')
        return { before: Number.POSITIVE_INFINITY, size };
    const [, before, of] = /^(\d{1,15})\/(.*)$/s.exec(Buffer.from(pageToken, 'base64url').toString()) ?? [];
    if (before === undefined || of !== filters) {
        const description = 'expected the next_page_token of a page of the same list and filters';
        throw invalidFields([{ field: 'page_token', description }]);
    }
    return { before: Number(before), size };
}
/** The first items of a sequence, and whether there are more. */
export function take(items, size) {
    const page = [];
    for (const item of items) {
        if (page.length === size)
            return { page, hasMore: true };
        page.push(item);
    }
    return { page, hasMore: false };
}
//# sourceMappingURL=page-token.js.map