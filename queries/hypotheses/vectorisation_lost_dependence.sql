-- says: the loop is no longer vectorised: an element depends on one of an earlier iteration{which}
-- refuted-by: dependence analysis accepts the loop, or the time stays with vectorize(assume_safety) where that is sound
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized') OR coalesce(vector_width_b, 1) > 1
-- source: Allen & Kennedy, Optimizing Compilers for Modern Architectures, ch. 2; LLVM, LoopAccessAnalysis
SELECT d.loop, 0.9 AS strength, coalesce(' (' || any_value(s.element) || ')', '') AS which,
       list_filter([any_value(v.lost), min(v.fact),
                    'machine_loops: vectors of ' || coalesce(any_value(d.vector_bits_a), 0) || ' bits in a, '
                    || coalesce(any_value(d.vector_bits_b), 0) || ' in b',
                    timed(any_value(d.time_ratio))], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN vectorisation_lost v USING (loop) LEFT JOIN said_in_b s USING (loop)
WHERE s.element IS NOT NULL AND v.reason IN ('CantIdentifyArrayBounds', 'CantReorderMemOps', 'CantCheckMemDepsAtRunTime', 'UnsafeDep', 'UnsafeDepForwarding')
  OR v.reason IN ('UnsafeDep', 'UnsafeDepForwarding')
  AND v.loop NOT IN (SELECT loop FROM edits WHERE side = 'a' AND regexp_matches(text, '\b_*restrict'))
GROUP BY d.loop, d.verdict
