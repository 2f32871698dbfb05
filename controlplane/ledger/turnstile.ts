/**
 * Calls of the ledger, one after the other in the order in which they came; and the book that they are decided on.
 *
 * ```
 *   call ──nobody waits, all it needs is there──► decided in this turn       (always with SQLite; with PostgreSQL when the book knows it all)
 *     └──► waits ──► what all that wait need is read at once ──► decided, in order
 * ```
 * Invariants
 * - A decision sees every decision before it: in the book, or, once durable, in what was read. So a batch that becomes durable while
 *   something is read stays remembered in the book until those that asked are decided.
 * - A book that was dropped is decided on no more: whoever waits is decided on the next one, which is loaded from a snapshot.
 */
import type { Answer, Database } from '../db/database';
import type { Batch, Book } from './book';
import { loadBook, readPast, type Needs, type Past } from './past';

export type NeedsOf = (book: Book) => Needs;

interface Waiting {
  needs: NeedsOf;
  decide: (book: Book, past: Past) => void;
  reject: (error: unknown) => void;
}

/** Calls that may wait. */
const MAX_WAITING = 10_000;

export class Turnstile {
  private loaded: Book | undefined;
  /** For reading while the next one is loaded. */
  private latest: Book;
  private loading: Promise<Book> | undefined;
  private waiting: Waiting[] = [];
  private turning = false;
  private holders = 0;
  private reading = false;
  /** Became durable while something was read. */
  private savedMeanwhile: { book: Book; batch: Batch }[] = [];

  constructor(private readonly database: Database, book: Book) {
    this.loaded = book;
    this.latest = book;
  }

  /** The book as it is. After a failed commit it is loaded anew: at once with SQLite, and until then the dropped one with PostgreSQL. */
  get book(): Book {
    if (!this.loaded) {
      const answer = this.load();
      // Whoever needs it waits for it and sees why it failed.
      if (answer instanceof Promise) answer.catch(() => undefined);
    }
    return this.loaded ?? this.latest;
  }

  isCurrent(book: Book): boolean {
    return this.loaded === book;
  }

  drop(): void {
    this.loaded = undefined;
    this.loading = undefined;
  }

  /** Resolves with a book that was not dropped. @throws Error when the database cannot be read */
  ready(): Answer<Book> {
    return this.loaded ?? this.load();
  }

  /** A batch that was decided on `book` is durable: what is on the disk need not be remembered. */
  saved(book: Book, batch: Batch): void {
    if (this.reading) this.savedMeanwhile.push({ book, batch });
    else book.saved(batch);
  }

  /** Nothing is decided until the returned function was called; calling it again changes nothing. */
  hold(): () => void {
    let held = true;
    this.holders += 1;
    return () => {
      if (!held) return;
      held = false;
      this.holders -= 1;
      void this.turn();
    };
  }

  /** Runs `decide` when it is its turn. What it throws is thrown here. */
  enter<T>(needs: NeedsOf, decide: (book: Book, past: Past) => T): Answer<T> {
    if (this.waiting.length === 0 && !this.turning && this.holders === 0) {
      const book = this.ready();
      if (!(book instanceof Promise)) {
        const past = this.read(book, [needs(book)]);
        if (!(past instanceof Promise)) return decide(book, past);
        return this.wait(needs, decide, { book, past });
      }
      book.catch(() => undefined);
    }
    return this.wait(needs, decide);
  }

  private wait<T>(needs: NeedsOf, decide: (book: Book, past: Past) => T, begun?: { book: Book; past: Promise<Past> }): Promise<T> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(new Error(`ledger: ${MAX_WAITING} calls wait for the database already; try again`));
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({
        needs,
        decide: (book, past) => {
          try {
            resolve(decide(book, past));
          } catch (error) {
            reject(error);
          }
        },
        reject,
      });
      void this.turn(begun);
    });
  }

  /** Decides until nobody waits. Never rejects. */
  private async turn(begun?: { book: Book; past: Promise<Past> }): Promise<void> {
    if (this.turning) return;
    this.turning = true;
    for (let first = begun; this.waiting.length > 0 && this.holders === 0; first = undefined) {
      const calls = this.waiting;
      this.waiting = [];
      try {
        const book = first?.book ?? (await this.ready());
        const past = await (first?.past ?? this.read(book, calls.map((call) => call.needs(book))));
        // Held meanwhile: what was read may be old when it goes on.
        if (this.holders > 0) this.waiting = [...calls, ...this.waiting];
        else this.decideAll(book, past, calls);
      } catch (error) {
        for (const call of calls) call.reject(error);
      } finally {
        this.readingEnds();
      }
    }
    this.turning = false;
  }

  /** What is left when the book is dropped on the way waits for the next one, before all that came later. */
  private decideAll(book: Book, past: Past, calls: Waiting[]): void {
    for (let at = 0; at < calls.length; at += 1) {
      if (this.loaded !== book) {
        this.waiting = [...calls.slice(at), ...this.waiting];
        return;
      }
      calls[at]!.decide(book, past);
    }
  }

  private read(book: Book, needs: Needs[]): Answer<Past> {
    const past = readPast(this.database, book, needs);
    if (past instanceof Promise) this.reading = true;
    return past;
  }

  private readingEnds(): void {
    this.reading = false;
    for (const { book, batch } of this.savedMeanwhile.splice(0)) book.saved(batch);
  }

  private load(): Answer<Book> {
    if (this.loading) return this.loading;
    const answer = loadBook(this.database.openSnapshot());
    if (!(answer instanceof Promise)) return this.adopt(answer);
    const loading: Promise<Book> = answer.then(
      // Dropped again while it was loaded: what was read may lack the newest.
      (book) => (this.loading === loading ? this.adopt(book) : this.ready()),
      (error: unknown) => {
        if (this.loading === loading) this.loading = undefined;
        throw error;
      },
    );
    this.loading = loading;
    return loading;
  }

  private adopt(book: Book): Book {
    this.loaded = book;
    this.latest = book;
    this.loading = undefined;
    return book;
  }
}

export const NO_NEEDS: NeedsOf = () => ({});
