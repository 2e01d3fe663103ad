import type { UserProfile } from './enriched-event.js';
import { textHash } from './seeded-hash.js';

const homes = [
  { country: 'US', city: 'Chicago', language: 'en', timezone: 'America/Chicago' },
  { country: 'DE', city: 'Köln', language: 'de', timezone: 'Europe/Berlin' },
  { country: 'FR', city: 'Besançon', language: 'fr', timezone: 'Europe/Paris' },
  { country: 'BR', city: 'São Paulo', language: 'pt', timezone: 'America/Sao_Paulo' },
  { country: 'JP', city: '大阪', language: 'ja', timezone: 'Asia/Tokyo' },
] as const;

/** Stands for the outside service that knows the users: the same user always has the same profile. */
export function lookUpProfile(userId: string): UserProfile {
  return { user_id: userId, ...homes[textHash(userId) % homes.length]! };
}
