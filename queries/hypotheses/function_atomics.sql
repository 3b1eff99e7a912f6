-- says: {side} has {more} more atomic operations in it: each owns its cache line and waits for the stores before it
-- refuted-by: with plain operations, or a weaker order (release, relaxed), in their place the time stays
-- expects: CASE WHEN side = 'b' THEN 'slower' ELSE 'faster' END
-- about: p
-- source: AMD64 Architecture Programmer's Manual, vol. 2, 7.3 (LOCK, XCHG); Agner Fog, Instruction tables (lock prefix)
WITH counted_atomics AS (
    SELECT s.side, i.symbol AS name, count(*) FILTER (i.kind = 'atomic' AND i.loop IS NULL) AS n FROM sides s JOIN instructions i USING (run_id) GROUP BY ALL
)
SELECT p.loop, 0.92 AS strength, CASE WHEN b.n > a.n THEN 'b' ELSE 'a' END AS side, abs(b.n - a.n) AS more,
       list_filter([counted('atomic operations', a.n, b.n), timed(p.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM p JOIN counted_atomics a ON a.side = 'a' AND a.name = p.name JOIN counted_atomics b ON b.side = 'b' AND b.name = p.name
WHERE p.kind = 'function' AND a.n <> b.n AND least(a.n, b.n) = 0
