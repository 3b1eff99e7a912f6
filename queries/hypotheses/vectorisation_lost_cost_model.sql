-- says: the loop is no longer vectorised: for this target the cost model expects no gain of it
-- refuted-by: forced to vectorise (vectorize(enable)), the loop is no faster
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized') OR coalesce(vector_width_b, 1) > 1
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), the cost model
-- confirm: b: -mllvm -force-vector-width=4
SELECT d.loop, 0.82 AS strength,
       list_filter([any_value(v.lost), min(v.fact),
                    'machine_loops: vectors of ' || coalesce(any_value(d.vector_bits_a), 0) || ' bits in a, '
                    || coalesce(any_value(d.vector_bits_b), 0) || ' in b',
                    timed(any_value(d.time_ratio))], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN vectorisation_lost v USING (loop)
WHERE v.reason IN ('VectorizationNotBeneficial')
GROUP BY d.loop, d.verdict
