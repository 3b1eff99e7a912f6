-- says: a load from a fixed address stays in the loop, because the loop's stores may change it
-- refuted-by: with the value in a local variable, or restrict on the pointers, the time stays
-- expects: slower
-- contradicted-by: fewer accesses to memory an iteration | accessed_b < accessed_a
-- contradicted-by: the loop is there in one build only | (key_a IS NULL) <> (key_b IS NULL)
-- contradicted-by: b calls functions in it that a does not, which may change it | called_b > called_a
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), licm; C17 6.7.3.1 (restrict)
SELECT d.loop,
       CASE WHEN d.vector_bits_b = d.vector_bits_a THEN 0.87 ELSE 0.7 END AS strength,
       list_filter([min(r.fact), min(before.fact), counted('memory accesses', d.memory_accesses_a, d.memory_accesses_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change = 'appeared' AND r.pass = 'licm'
 AND r.name = 'LoadWithLoopInvariantAddressInvalidated'
LEFT JOIN remark_facts before
  ON before.loop = d.loop AND before.side = 'a' AND before.change = 'disappeared' AND before.pass = 'licm'
 AND (before.words LIKE '%hoisting load%' OR before.name = 'PromoteLoopAccessesToScalar')
GROUP BY d.loop, d.verdict, d.vector_bits_a, d.vector_bits_b, d.memory_accesses_a, d.memory_accesses_b,
         d.time_ratio
