-- says: the loop is no longer vectorised: it calls a function that has no vector form
-- refuted-by: the loop vectorises with the call in it, or the time stays without the call
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized') OR coalesce(vector_width_b, 1) > 1
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), vectorization of function calls
SELECT d.loop, 0.9 AS strength,
       list_filter([any_value(v.lost), min(v.fact),
                    'machine_loops: vectors of ' || coalesce(any_value(d.vector_bits_a), 0) || ' bits in a, '
                    || coalesce(any_value(d.vector_bits_b), 0) || ' in b',
                    timed(any_value(d.time_ratio))], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN vectorisation_lost v USING (loop)
WHERE v.reason IN ('CantVectorizeLibcall', 'CantVectorizeCall')
GROUP BY d.loop, d.verdict
