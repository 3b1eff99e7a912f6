-- says: the loop is no longer vectorised: its stores may overlap what it reads
-- refuted-by: the loop stays scalar with restrict on the pointers
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized') OR coalesce(vector_width_b, 1) > 1
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), runtime checks of pointers; C17 6.7.3.1 (restrict)
SELECT d.loop, 0.91 AS strength,
       list_filter([any_value(v.lost), min(v.fact),
                    'machine_loops: vectors of ' || coalesce(any_value(d.vector_bits_a), 0) || ' bits in a, '
                    || coalesce(any_value(d.vector_bits_b), 0) || ' in b',
                    timed(any_value(d.time_ratio))], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN vectorisation_lost v USING (loop) LEFT JOIN said_in_b s USING (loop)
-- what the source itself carries over is no overlap of two arrays
WHERE s.element IS NULL AND (v.reason IN ('CantIdentifyArrayBounds', 'CantReorderMemOps', 'CantCheckMemDepsAtRunTime',
                   'CantVersionLoopWithDivergentTarget', 'TooManyMemChecks')
   OR (v.reason IN ('UnsafeDep', 'UnsafeDepForwarding')
       AND v.loop IN (SELECT loop FROM edits WHERE side = 'a' AND regexp_matches(text, '\b_*restrict'))))
GROUP BY d.loop, d.verdict
