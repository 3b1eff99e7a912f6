-- says: the loop is no longer vectorised: a sum of floating-point numbers must keep the order of the source
-- refuted-by: the loop vectorises without leave to reorder, or with it the time stays
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized') OR coalesce(vector_width_b, 1) > 1
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), reductions; Goldberg, "What Every Computer Scientist Should Know About Floating-Point Arithmetic"
-- confirm: b: -fassociative-math -fno-signed-zeros -fno-trapping-math
SELECT d.loop, 0.9 AS strength,
       list_filter([any_value(v.lost), min(v.fact),
                    'machine_loops: vectors of ' || coalesce(any_value(d.vector_bits_a), 0) || ' bits in a, '
                    || coalesce(any_value(d.vector_bits_b), 0) || ' in b',
                    timed(any_value(d.time_ratio))], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN vectorisation_lost v USING (loop)
WHERE v.reason = 'CantReorderFPOps'
GROUP BY d.loop, d.verdict
