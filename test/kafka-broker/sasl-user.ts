/** Known to the SASL listener, for PLAIN and SCRAM-SHA-256. */
export const saslUser = { username: 'alice', password: 'alice-secret' } as const;
