import { pageOf } from '../jobs/paging.ts';
import { type Fields, boundedInteger, optionalText } from '../requestFields.ts';

const largestPage = 1000;

/** A page of a list, as the query's `max_results` (0: as many as the server likes) and `page_token` ask for. */
export function listReply<T>(name: string, all: T[], query: Fields, view: (items: T[]) => Fields[]): { body: Fields } {
  const wanted = boundedInteger(query, 'max_results', { least: 0, most: 2 ** 31 - 1, fallback: 0 });
  const page = pageOf(all, Math.min(wanted || largestPage, largestPage), optionalText(query, 'page_token'));
  return {
    body: { [name]: view(page.items), ...(page.nextPageToken && { next_page_token: page.nextPageToken }) },
  };
}
