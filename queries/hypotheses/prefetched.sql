-- says: the loop asks for its data ahead of time, so that fewer loads wait for memory
-- refuted-by: on data that fits the first-level cache the time differs as much
-- expects: CASE WHEN prefetches_b > prefetches_a THEN 'faster' ELSE 'slower' END
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.3; Clang, __builtin_prefetch
SELECT loop,
       0.92 AS strength,
       list_filter([counted('prefetches', prefetches_a, prefetches_b), timed(time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d WHERE prefetches_a <> prefetches_b AND least(prefetches_a, prefetches_b) = 0
