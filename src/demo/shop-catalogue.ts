import { seededHash } from './seeded-hash.js';

/** The shop that the generated visitors visit. Some of its texts are beyond ASCII, as real ones are. */
export interface Product {
  readonly product_id: string;
  readonly page_title: string;
  readonly page_url: string;
  readonly category: string;
  readonly price: number;
}

const categories = [
  'running-shoes',
  'espresso-machines',
  'headphones',
  'garden',
  'bicycles',
  'books',
  'board-games',
  'cameras',
  'kitchen',
  'lighting',
  'backpacks',
  'toys',
] as const;

const adjectives = [
  'Classic',
  'Señorita',
  'Größer',
  'Léger',
  'Compact',
  'Été',
  'Nordic',
  '東京',
  'Pro',
] as const;
const nouns = ['Edition', 'Modell', 'Série', 'Collection', 'Special', 'Line'] as const;

const productsPerCategory = 40;
const cheapestCents = 499;
const priceRangeCents = 25_000;

const products: readonly (readonly Product[])[] = categories.map((category, categoryIndex) =>
  Array.from({ length: productsPerCategory }, (_, i): Product => {
    const hash = seededHash(0, categoryIndex, i);
    const product_id = `p_${1000 + categoryIndex * productsPerCategory + i}`;
    const name = `${adjectives[hash % adjectives.length]} ${category} ${nouns[(hash >>> 8) % nouns.length]} ${i + 1}`;
    return {
      product_id,
      page_title: `${name} | Example Shop`,
      page_url: `https://shop.example.com/p/${product_id}`,
      category,
      price: (cheapestCents + ((hash >>> 4) % priceRangeCents)) / 100,
    };
  }),
);

/** Most products of a visit come from the category the visitor has in mind; some from elsewhere. */
export function productFor(visitHash: number, eventHash: number): Product {
  const inMind = visitHash % categories.length;
  const isElsewhere = eventHash % 4 === 0;
  const category = isElsewhere ? (eventHash >>> 3) % categories.length : inMind;
  return products[category]![(eventHash >>> 8) % productsPerCategory]!;
}
