\set one random(1, 2000000000)
\set two random(1, 2000000000)
INSERT INTO bench_rows (public_id, petition_id, state, key_id, data_key_id, blob, country, visibility, source, consent_digest, received_at, code_tries, proved, trapped, mails, bucket)
VALUES (:one || '.' || :two, 1, 'received', '0123456789abcdef', '0123456789abcdef', decode(repeat('5a', 284), 'hex'), 'IE', 'recipients', 'other', repeat('0', 64), now(), 0, false, false, 0, repeat('0', 32));
