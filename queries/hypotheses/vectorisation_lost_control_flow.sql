-- says: the loop is no longer vectorised: it may leave early, or its control flow is not understood
-- refuted-by: the loop vectorises with the exit in it, or the time stays without the exit
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized')
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), if conversion and early-exit loops
SELECT d.loop, 0.89 AS strength,
       list_filter([any_value(v.lost), min(v.fact),
                    'machine_loops: vectors of ' || coalesce(any_value(d.vector_bits_a), 0) || ' bits in a, '
                    || coalesce(any_value(d.vector_bits_b), 0) || ' in b',
                    timed(any_value(d.time_ratio))], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN vectorisation_lost v USING (loop)
WHERE v.reason IN ('CFGNotUnderstood', 'CantComputeNumberOfIterations', 'NonReductionValueUsedOutsideLoop',
                   'UnsupportedUncountableLoop', 'NoLatchBlock', 'IfConversionDelayed',
                   'NoCFGForSelect', 'UncountableEarlyExitLoopsDisabled', 'MultipleExits',
                   'PotentiallyFaultingLoadsNotSupported', 'EarlyExitLoopsWithReductionsNotSupported')
  AND d.iterations_b > 0.9 * d.iterations_a
GROUP BY d.loop, d.verdict
