-- says: {how} needs more registers than there are: {more} more accesses to the stack in the loop
-- refuted-by: with less interleaving or unrolling the accesses to the stack go but the time stays
-- expects: slower
-- contradicted-by: no more accesses to the stack an iteration | spilled_b <= spilled_a
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), interleaving and register pressure
-- confirm: b: -fno-unroll-loops
SELECT d.loop, 0.85 AS strength,
       CASE WHEN coalesce(d.interleave_b, 1) > coalesce(d.interleave_a, 1)
            THEN 'interleaving by ' || d.interleave_b ELSE 'unrolling by ' || d.unroll_b END AS how,
       d.stack_accesses_b - d.stack_accesses_a AS more,
       list_filter([counted('accesses to the stack', d.stack_accesses_a, d.stack_accesses_b),
                    s.fact, timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d
LEFT JOIN (SELECT loop, min(fact) AS fact FROM remark_facts
           WHERE side = 'b' AND pass = 'regalloc' GROUP BY loop) s ON s.loop = d.loop
WHERE d.stack_accesses_b >= d.stack_accesses_a + 4
  AND (coalesce(d.interleave_b, 1) > coalesce(d.interleave_a, 1)
       OR coalesce(d.unroll_b, 1) > coalesce(d.unroll_a, 1))
  AND d.calls_b <= d.calls_a
