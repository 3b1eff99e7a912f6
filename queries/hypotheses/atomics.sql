-- says: the loop has {count} {more} atomic operations: each owns its cache line and waits for the stores before it
-- refuted-by: with plain operations in their place the time stays
-- expects: CASE WHEN atomics_b > atomics_a THEN 'slower' ELSE 'faster' END
-- source: AMD64 Architecture Programmer's Manual, vol. 2, 7.3 (LOCK); Agner Fog, Instruction tables (lock prefix)
SELECT loop,
       0.94 AS strength,
       abs(atomics_b - atomics_a) AS count, CASE WHEN atomics_b > atomics_a THEN 'more' ELSE 'fewer' END AS more,
       list_filter([counted('atomic operations', atomics_a, atomics_b), timed(time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d WHERE atomics_a <> atomics_b AND least(atomics_a, atomics_b) = 0
